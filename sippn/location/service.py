"""Who is where: the one door to the binding store."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeAlias

from attrs import Factory, define, field, frozen
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from sippn import binding as b
from sippn.errors import StoreUnavailable
from sippn.interfaces import IBindingStore, Maybe, settled
from sippn.location.commit import GroupCommit
from sippn.location.news import Listener, News

Decide: TypeAlias = Callable[[b.Record | None], b.Decision]

_RETRIES = 5  # after lost races; each means that another node wrote this AOR just now
_LEASE = 30.0  # seconds for which what is due belongs to who asked


@frozen(eq=False, repr=False)
class _Update:
    decide: Decide
    done: Deferred[b.Decision]


@define(eq=False, repr=False)
class LocationService:
    """
    The only writer of bindings.

    Updates of one AOR happen one after the other; those of different AORs share commits.
    Nothing is cached: another node may have written since.

    :ivar _store: keeps the records.
    :ivar _clock: gives the turn in which subscribers are told.
    :ivar _wall: wall clock, seconds, by which bindings expire.
    """

    _store: IBindingStore
    _clock: IReactorTime
    _wall: Callable[[], float]
    _waiting: dict[b.AOR, deque[_Update]] = field(factory=dict, init=False)
    _news: News = field(
        init=False, default=Factory(lambda self: News(self._clock), takes_self=True)
    )
    _group: GroupCommit = field(
        init=False,
        default=Factory(
            lambda self: GroupCommit(self._store, self._news.announce), takes_self=True
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
        The AORs that registered the PRID of *target*.

        :raises StoreUnavailable: the store can't be read.
        """
        return await settled(self._store.find(b.prid_key(target)))

    def update(self, aor: b.AOR, decide: Decide) -> Deferred[b.Decision]:
        """
        Let *decide* change the record of *aor*, and store what it decides.

        It is pure: where another node was faster it is asked again, about what that node
        wrote.  It sees the record as it is stored, expired bindings too.

        Cancelling withdraws what has not begun; what has begun ends unseen.

        :returns: the decision, once it is committed; at once if it stores nothing.
        :raises StoreUnavailable: nothing was written; and whatever *decide* raises.
        """
        update = _Update(decide, Deferred())
        waiting = self._waiting.get(aor)
        if waiting is None:
            self._waiting[aor] = deque((update,))
            Deferred.fromCoroutine(self._serve(aor))
        else:
            waiting.append(update)
        return update.done

    def disown_prid(self, target: b.PushTarget, before: float) -> Deferred[None]:
        """
        Push no more to *target*, whose PNS has disowned its PRID, under whichever AOR.

        :param before: wall clock: a REGISTER after it has proved the PRID alive again.
        :raises StoreUnavailable: an AOR could not be written; others may be.
        """
        return Deferred.fromCoroutine(self._disown_prid(target, before))

    async def due(self, limit: int) -> Sequence[b.AOR]:
        """
        At most *limit* AORs that somebody must look at now, the longest overdue first.

        They are the caller's for half a minute, in which it updates them; what it did not
        get done is due again then, here or on another node.

        :raises StoreUnavailable: the store can't be asked.
        """
        return [record.aor for record in await self._store.due(self._wall(), limit, _LEASE)]

    async def _disown_prid(self, target: b.PushTarget, before: float) -> None:
        def decide(record: b.Record | None) -> b.Decision:
            return b.disown_prid(record, target, before, self._wall())

        aors = await self.sharing(target)
        await _all([self.update(aor, decide) for aor in aors])

    async def _serve(self, aor: b.AOR) -> None:
        waiting = self._waiting[aor]
        while waiting:
            update = waiting.popleft()
            if update.done.called:  # cancelled while it waited
                continue
            try:
                decision = await self._apply(aor, update.decide)
            except Exception:  # noqa: BLE001 - it is its author's, and the next one's turn
                update.done.errback(Failure())
            else:
                update.done.callback(decision)
        del self._waiting[aor]

    async def _apply(self, aor: b.AOR, decide: Decide) -> b.Decision:
        for _ in range(1 + _RETRIES):
            stored = await settled(self._store.load(aor))
            decision = decide(stored)
            record = decision.record
            if record is None:
                return decision
            if record.aor != aor:
                raise ValueError("a decision about another AOR")
            expected = stored.version if stored is not None else 0
            if await self._group.commit(record, decision, expected):
                return decision
        raise StoreUnavailable("Other Nodes Were Faster", [("Retry-After", "1")])


async def _all(updates: Sequence[Deferred[b.Decision]]) -> None:
    for _, result in await DeferredList(updates, consumeErrors=True):
        if isinstance(result, Failure):
            result.raiseException()
