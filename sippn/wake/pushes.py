"""
Pushes that are outstanding, and who shares them (REQUIREMENTS S-04).

One push per PRID and kind, not per binding or request: the UA refreshes every
binding it has when it is pushed (RFC 8599 section 4.1.3).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from attrs import define, field, frozen
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from sippn.auth import Budget
from sippn.binding import AOR, PushJob, PushKind, PushOutcome, PushTarget, Verdict
from sippn.errors import Unreachable
from sippn.interfaces import IPushProvider
from sippn.transaction import FixedTimer
from sippn.wake.parking import Caller

Share = Callable[[PushOutcome], None]
Disown = Callable[[PushTarget, float], Deferred[None]]

LATE = 0.5  # seconds after which a push that nobody needs any more is withdrawn
BUDGET_RETRY = 300  # seconds: a stranger's budget is counted by the hour


@frozen
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

    :ivar key: whom it wakes, and what for.
    :ivar asked_at: wall clock, seconds; a REGISTER after it proves the PRID alive.
    :ivar deadline: monotonic clock, seconds: until then it is worth sharing.
    :ivar shares: who waits, and what each is told of a push that failed.
    :ivar landed: its UA is back.
    """

    key: tuple[PushTarget, PushKind]
    asked_at: float
    deadline: float
    landed: bool = False
    request: Deferred[None] | None = None
    shares: dict[object, Share] = field(factory=dict)


@define(eq=False)
class Pushes:
    """
    Asks for pushes, once for all who want the same.

    :ivar _by_stranger: counts the pushes of each stranger; *_to_device* those that all
        strangers together cause to one device.
    :ivar _disown: told of a PRID the PNS says is dead, and since when (wall clock).
    """

    _push: IPushProvider
    _clock: IReactorTime
    _wall: Callable[[], float]
    _entropy: Callable[[int], bytes]
    _by_stranger: Budget
    _to_device: Budget
    _disown: Disown
    _outstanding: dict[tuple[PushTarget, PushKind], Outstanding] = field(factory=dict, init=False)
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
        :param share: told the outcome of a push that will wake nobody.
        :returns: the push, to :meth:`leave`.
        :raises Unreachable: a stranger's budget is spent.
        """
        key = (want.target, want.kind)
        push = self._outstanding.get(key)
        if push is not None and self._clock.seconds() < push.deadline:
            push.shares[who] = share
            return push
        self._charge(want)
        push = self._outstanding[key] = Outstanding(key, self._wall(), want.deadline)
        push.shares[who] = share
        push.request = Deferred.fromCoroutine(self._request(want, push))
        return push

    def leave(self, push: Outstanding, who: object) -> None:
        """*who* waits no more; a push that has not left is dropped with its last sharer."""
        push.shares.pop(who, None)
        if not (push.shares or push.landed):
            self._drop(push)
            self._withdraw(push)

    def landed(self, push: Outstanding) -> None:
        """
        The UA is back: a later request pushes anew.

        The answer of the PNS is on its way as a rule, so the push is not withdrawn at
        once: that would cost more than to let it end.
        """
        if not push.landed:
            push.landed = True
            self._drop(push)
            self._late.start(self._withdraw, push)

    def _drop(self, push: Outstanding) -> None:
        if self._outstanding.get(push.key) is push:
            del self._outstanding[push.key]

    def _withdraw(self, push: Outstanding) -> None:
        if push.request is not None and not push.shares:
            push.request.cancel()

    def _charge(self, want: Want) -> None:
        if not want.caller.stranger:
            return
        device = f"{want.aor} {want.binding_id}"
        if not (self._by_stranger.take(want.caller.key) and self._to_device.take(device)):
            raise Unreachable("", [("Retry-After", str(BUDGET_RETRY))])

    async def _request(self, want: Want, push: Outstanding) -> None:
        job = PushJob(
            id=self._entropy(8).hex(),
            kind=want.kind,
            target=want.target,
            aor=want.aor,
            deadline=want.deadline,
            collapse_key=f"{want.kind.value}-{want.binding_id}",
            method=want.method,
            call_id=want.call_id,
        )
        try:
            outcome = await self._push.request_push(job)
        except CancelledError:
            return
        except Exception:  # noqa: BLE001 - a plugin may raise anything
            self._log.failure("push {id} broke", id=job.id, failure=Failure())
            outcome = PushOutcome(Verdict.FAILED, detail="the provider broke")
        if outcome.verdict is Verdict.DEAD:
            before = push.asked_at if outcome.gone_since is None else outcome.gone_since
            self._disown(want.target, before).addErrback(self._not_disowned, job.id)
        if outcome.verdict is not Verdict.ACCEPTED:
            self._tell(push, outcome)

    def _not_disowned(self, failure: Failure, job_id: str) -> None:
        self._log.failure("the dead PRID of push {id} stays in store", failure, id=job_id)

    def _tell(self, push: Outstanding, outcome: PushOutcome) -> None:
        self._drop(push)
        shares, push.shares = push.shares, {}
        for share in shares.values():
            share(outcome)
