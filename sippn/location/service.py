"""Who is where: the one door to the binding store."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import Factory, define, field
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from sippn import binding as b
from sippn.errors import StoreUnavailable
from sippn.interfaces import IBindingStore, Maybe, settled
from sippn.location.commit import GroupCommit, later
from sippn.location.news import Listener, News
from sippn.location.update import UNREAD, Decide, Unread, Update

_RETRIES = 5  # after lost races; each means that another node wrote this AOR just now
_LEASE = 30.0  # seconds for which what is due belongs to who asked


@define(eq=False, repr=False)
class LocationService:
    """
    The only writer of bindings.

    Updates of one AOR happen one after the other; those of different AORs share commits.
    Nothing is cached: another node may have written since.

    Where the store answers at once, so does all of this: a refresh is one Deferred, for its
    author, and no coroutine.

    :ivar _store: keeps the records.
    :ivar _clock: gives the turn in which subscribers are told.
    :ivar _wall: wall clock, seconds, by which bindings expire.
    :ivar _waiting: of each AOR that is being updated, the update that came last.
    """

    _store: IBindingStore
    _clock: IReactorTime
    _wall: Callable[[], float]
    _waiting: dict[b.AOR, Update] = field(factory=dict, init=False)
    _news: News = field(
        init=False, default=Factory(lambda self: News(self._clock), takes_self=True)
    )
    _group: GroupCommit = field(
        init=False,
        default=Factory(
            lambda self: GroupCommit(
                self._store, self._clock, self._written, self._refused, self._news.announce
            ),
            takes_self=True,
        ),
    )

    def subscribe(self, listener: Listener) -> None:
        """
        Tell *listener* of each decision that is committed, in order, one turn after its
        author was called back: the 200 has left before a parked INVITE does.
        """
        self._news.subscribe(listener)

    def load(self, aor: b.AOR) -> Maybe[b.Record | None]:
        """The record of *aor* as it is stored; it may hold bindings that have expired."""
        return self._store.load(aor)

    async def bindings(self, aor: b.AOR) -> tuple[b.Binding, ...]:
        """
        The bindings of *aor* that have not expired, the most preferred first.

        :raises StoreUnavailable: the store can't be read.
        """
        return b.live(await settled(self._store.load(aor)), self._wall())

    async def sharing(self, target: b.PushTarget) -> Sequence[b.AOR]:
        """
        The AORs that registered any token of *target*.

        :raises StoreUnavailable: the store can't be read.
        """
        found = dict[b.AOR, None]()  # in order, each once
        for key in sorted(b.prid_keys(target)):
            found.update(dict.fromkeys(await settled(self._store.find(key))))
        return tuple(found)

    def update(
        self, aor: b.AOR, decide: Decide, seen: b.Record | Unread | None = UNREAD
    ) -> Deferred[b.Decision]:
        """
        Let *decide* change the record of *aor*, and store what it decides.

        It is pure: where another node was faster it is asked again, about what that node
        wrote.  It sees the record as it is stored, expired bindings too.

        Cancelling withdraws what has not begun; what has begun ends unseen.

        :param seen: what the caller has just read of *aor*: that saves a read.  The commit
            proves that it is still what is stored.  Where it is not, or *decide* refuses it
            or has nothing to store, the record is read and *decide* asked again.
        :returns: the decision, once it is committed; at once if it stores nothing.
        :raises StoreUnavailable: nothing was written; and whatever *decide* raises.
        """
        update = Update(aor, decide, seen)
        last = self._waiting.get(aor)
        self._waiting[aor] = update
        if last is None:
            self._serve(update)
        else:
            last.behind = update
            update.seen = UNREAD  # who stands before it will write another
        return update.done

    def disown_prid(self, target: b.PushTarget, kind: b.PushKind, before: float) -> Deferred[None]:
        """
        Push no more to the token of *target* that a push of *kind* goes to, under whichever
        AOR: its PNS has disowned it.

        :param before: wall clock: a REGISTER after it has proved the PRID alive again.
        :raises StoreUnavailable: an AOR could not be written; others may be.
        """
        return Deferred.fromCoroutine(self._disown_prid(target, kind, before))

    async def due(self, limit: int, lease: float = _LEASE) -> Sequence[b.Record]:
        """
        At most *limit* records that somebody must look at now, the longest overdue first.

        Their AORs are the caller's for *lease* seconds, in which it updates them; what it did
        not get done is due again then, here or on another node.

        :raises StoreUnavailable: the store can't be asked.
        """
        return await self._store.due(self._wall(), limit, lease)

    async def _disown_prid(self, target: b.PushTarget, kind: b.PushKind, before: float) -> None:
        def decide(record: b.Record | None) -> b.Decision:
            return b.disown_prid(record, target, kind, before, self._wall())

        aors = await self.sharing(target)
        await _all([self.update(aor, decide) for aor in aors])

    def _serve(self, update: Update | None) -> None:
        """Do *update* and those behind it, until one has to wait for the store."""
        while update is not None and self._ends_at_once(update):
            update = self._next(update)

    def _next(self, ended: Update) -> Update | None:
        if ended.behind is None:
            del self._waiting[ended.aor]
        return ended.behind

    def _ends_at_once(self, update: Update) -> bool:
        """Begin *update*; False: it goes on with what the store answers."""
        if update.done.called:  # cancelled while it waited
            return True
        seen, update.seen = update.seen, UNREAD
        if seen is not UNREAD and self._commits_on(update, seen):
            return False
        try:
            stored = self._store.load(update.aor)
        except Exception:  # noqa: BLE001 - it is its author's, and the next one's turn
            update.done.errback(Failure())
            return True
        if stored is None or isinstance(stored, b.Record):
            return self._decides(update, stored)
        later(stored).addCallbacks(
            self._read, self._unread, callbackArgs=(update,), errbackArgs=(update,)
        )
        return False

    def _read(self, stored: b.Record | None, update: Update) -> None:
        if self._decides(update, stored):
            self._serve(self._next(update))

    def _unread(self, failure: Failure, update: Update) -> None:
        update.done.errback(failure)
        self._serve(self._next(update))

    def _commits_on(self, update: Update, seen: b.Record | None) -> bool:
        """Decide about what the author has *seen*; False: that must be read anew."""
        try:
            decision = _decision(update, seen)
        except Exception:  # noqa: BLE001 - it may say otherwise of what is stored by now
            return False
        return self._commits(update, decision, seen)

    def _decides(self, update: Update, stored: b.Record | None) -> bool:
        """Decide about what is *stored*; True: that was all."""
        try:
            decision = _decision(update, stored)
        except Exception:  # noqa: BLE001 - it is its author's, and the next one's turn
            update.done.errback(Failure())
            return True
        if self._commits(update, decision, stored):
            return False
        update.done.callback(decision)
        return True

    def _commits(self, update: Update, decision: b.Decision, stored: b.Record | None) -> bool:
        if decision.record is None:
            return False
        update.decision = decision
        update.change = b.Change(decision.record, stored.version if stored is not None else 0)
        self._group.commit(update)
        return True

    def _written(self, update: Update, won: bool) -> None:
        if won:
            update.done.callback(update.decision)
        elif update.races < _RETRIES:
            update.races += 1
            self._serve(update)
            return
        else:
            faster = StoreUnavailable("Other Nodes Were Faster", [("Retry-After", "1")])
            update.done.errback(faster)
        self._serve(self._next(update))

    def _refused(self, update: Update, failure: Failure) -> None:
        update.done.errback(failure)
        self._serve(self._next(update))


def _decision(update: Update, record: b.Record | None) -> b.Decision:
    decision = update.decide(record)
    if decision.record is not None and decision.record.aor != update.aor:
        raise ValueError("a decision about another AOR")
    return decision


async def _all(updates: Sequence[Deferred[b.Decision]]) -> None:
    for _, result in await DeferredList(updates, consumeErrors=True):
        if isinstance(result, Failure):
            result.raiseException()
