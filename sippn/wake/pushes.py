"""
Pushes that are outstanding, and who shares them (REQUIREMENTS S-04).

One push per PRID and kind, not per binding or request: the UA refreshes every
binding it has when it is pushed (RFC 8599 section 4.1.3).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred, DeferredList, fail
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from sippn.auth import Budget
from sippn.binding import (
    AOR,
    PushJob,
    PushKind,
    PushOutcome,
    PushTarget,
    Verdict,
    address_for,
)
from sippn.errors import Unreachable
from sippn.interfaces import IPushProvider
from sippn.push import Departures, is_over
from sippn.transaction import FixedTimer
from sippn.value import value_class
from sippn.wake.parking import Caller

Key = tuple[object, ...]
Share = Callable[[Any, PushOutcome], None]
Disown = Callable[[PushTarget, PushKind, float], Deferred[None]]

RECALL = 10.0  # seconds in which a push that takes another back has to leave
LATE = 0.5  # seconds after which a push that nobody needs any more is withdrawn
BUDGET_RETRY = 300  # seconds: a stranger's budget is counted by the hour


@value_class
class Want:
    """
    Why a push is wanted, and on whose account.

    :ivar deadline: monotonic clock, seconds.
    """

    kind: PushKind
    target: PushTarget = field(repr=False)
    aor: AOR
    binding_id: str
    method: str
    call_id: str
    caller: Caller
    deadline: float


@define(eq=False)
class Outstanding:
    """
    One push whose UA has not come back yet.

    :ivar want: what it was asked for; others may share it.
    :ivar key: whom it wakes, and what for.
    :ivar job: what the providers were given.
    :ivar asked_at: wall clock, seconds; a REGISTER after it proves the PRID alive.
    :ivar shares: who waits, and what each is told of a push that failed.
    :ivar landed: its UA is back.
    """

    want: Want
    key: Key = field(repr=False)  # it has the PRID
    job: PushJob
    asked_at: float
    landed: bool = False
    request: Deferred[None] | None = None
    shares: dict[object, Share] = field(factory=dict)

    @property
    def deadline(self) -> float:
        """Until then it is worth sharing: monotonic clock, seconds."""
        return self.want.deadline


@define(eq=False)
class Pushes:
    """
    Asks for pushes, once for all who want the same.

    :ivar _departures: knows which of them have left.
    :ivar _by_stranger: counts the pushes of each stranger; *_to_device* those that all
        strangers together cause to one device.
    :ivar _disown: told of a PRID the PNS says is dead, and since when (wall clock).
    """

    _push: IPushProvider
    _departures: Departures
    _clock: IReactorTime
    _wall: Callable[[], float]
    _entropy: Callable[[int], bytes]
    _by_stranger: Budget
    _to_device: Budget
    _disown: Disown
    _outstanding: dict[Key, Outstanding] = field(factory=dict, init=False)
    _recalls: set[Deferred[PushOutcome]] = field(factory=set, init=False)
    _late: FixedTimer = field(init=False)
    _log: ClassVar[Logger] = Logger()

    def __len__(self) -> int:
        return len(self._outstanding)

    def __attrs_post_init__(self) -> None:
        self._late = FixedTimer(self._clock, LATE)

    def join(self, want: Want, who: object, share: Share) -> Outstanding:
        """
        Have *want* pushed, unless the same push is out already.

        Only while who asked for it would wait: else callers in a chain lived on one push.

        :param who: identifies the sharer to :meth:`leave`.
        :param share: told *who* and the outcome of a push that will wake nobody.
        :returns: the push, to :meth:`leave`.
        :raises Unreachable: a stranger's budget is spent.
        """
        key = _key(want)
        push = self._outstanding.get(key)
        if push is not None and self._clock.seconds() < push.deadline:
            push.shares[who] = share
            return push
        self._charge(want)
        job = self._job(want, want.kind, want.deadline)
        push = self._outstanding[key] = Outstanding(want, key, job, self._wall())
        push.shares[who] = share
        self._departures.watch(job.id)
        push.request = self._request(job).addCallbacks(
            self._answered, self._failed, (push,), {}, (push,)
        )
        return push

    def leave(self, push: Outstanding, who: object) -> bool:
        """
        *who* waits no more.

        With its last sharer a push that has not left is dropped; a call that the PNS may know
        of is taken back by another push, where that is possible (S-12).

        :returns: whether a UA was told of a call, and cannot be told that it is over.
        """
        push.shares.pop(who, None)
        if push.shares or push.landed:
            return False
        left = self._departures.have_left(push.job.id)
        self._drop(push)
        self._withdraw(push)
        return left and push.want.kind is PushKind.CALL and not self._recall(push.want)

    def landed(self, push: Outstanding) -> None:
        """
        The UA is back: a later request pushes anew.

        The answer of the PNS is on its way as a rule, so the push is not withdrawn at
        once: that would cost more than to let it end.
        """
        if not push.landed:
            push.landed = True
            self._drop(push)
            if push.request is not None and not is_over(push.request):
                self._late.start(self._withdraw, push)

    def recalled(self) -> Deferred[None]:
        """Fires when each push that takes another back was answered, or could not be."""
        return DeferredList(list(self._recalls)).addCallback(lambda _: None)

    def _drop(self, push: Outstanding) -> None:
        self._departures.forget(push.job.id)
        if self._outstanding.get(push.key) is push:
            del self._outstanding[push.key]

    def _withdraw(self, push: Outstanding) -> None:
        if push.request is not None and not push.shares:
            push.request.cancel()

    def _recall(self, want: Want) -> bool:
        can = self._push.can_push(want.target, PushKind.CANCEL) and self._affords(want)
        if can:
            job = self._job(want, PushKind.CANCEL, self._clock.seconds() + RECALL)
            recall = self._request(job).addCallbacks(
                self._heed, self._broken, (job, self._wall()), {}, (job.id,)
            )
            self._recalls.add(recall)
            recall.addBoth(lambda _: self._recalls.discard(recall))
        return can

    def _charge(self, want: Want) -> None:
        if not self._affords(want):
            raise Unreachable("", [("Retry-After", str(BUDGET_RETRY))])

    def _affords(self, want: Want) -> bool:
        """Whether its caller may have one more; a stranger has one less then."""
        if not want.caller.stranger:
            return True
        device = f"{want.aor} {want.binding_id}"
        return self._by_stranger.take(want.caller.key) and self._to_device.take(device)

    def _job(self, want: Want, kind: PushKind, deadline: float) -> PushJob:
        """A push that takes a call back replaces the one that announced it, if that is late."""
        return PushJob(
            id=self._entropy(8).hex(),
            kind=kind,
            target=want.target,
            aor=want.aor,
            deadline=deadline,
            collapse_key=f"{want.kind.value}-{want.binding_id}",
            method=want.method,
            call_id=want.call_id,
        )

    def _request(self, job: PushJob) -> Deferred[PushOutcome]:
        try:
            return self._push.request_push(job)
        except Exception:  # noqa: BLE001 - a plugin may raise anything
            return fail()

    def _answered(self, outcome: PushOutcome, push: Outstanding) -> None:
        if outcome.verdict is not Verdict.ACCEPTED:
            self._heed(outcome, push.job, push.asked_at)
            self._tell(push, outcome)

    def _failed(self, failure: Failure, push: Outstanding) -> None:
        outcome = self._broken(failure, push.job.id)
        if isinstance(outcome, PushOutcome):
            self._tell(push, outcome)

    def _heed(self, outcome: PushOutcome, job: PushJob, asked_at: float) -> PushOutcome:
        if outcome.verdict is Verdict.DEAD:
            before = asked_at if outcome.gone_since is None else outcome.gone_since
            disowned = self._disown(job.target, job.kind, before)
            disowned.addErrback(self._not_disowned, job.id)
        return outcome

    def _broken(self, failure: Failure, job_id: str) -> PushOutcome | Failure:
        """What to take for its outcome; the *failure* itself if it was only given up."""
        if failure.check(CancelledError):
            return failure
        self._log.failure("push {id} broke", failure, id=job_id)
        return PushOutcome(Verdict.FAILED, detail="the provider broke")

    def _not_disowned(self, failure: Failure, job_id: str) -> None:
        self._log.failure("the dead PRID of push {id} stays in store", failure, id=job_id)

    def _tell(self, push: Outstanding, outcome: PushOutcome) -> None:
        self._drop(push)
        shares, push.shares = push.shares, {}
        for who, share in shares.items():
            share(who, outcome)


def _key(want: Want) -> Key:
    """
    Whom it wakes, and what for; texts: their hashes are known.

    By the token that a push of its kind goes to: several bindings may have it (N-28, N-29).
    """
    address = address_for(want.target, want.kind) or (want.target.provider, want.target.prid)
    return (want.kind.value, *address)
