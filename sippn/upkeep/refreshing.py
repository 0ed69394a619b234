"""
Pushes that make UAs refresh their bindings, and who shares them.

One push per token: a UA that is pushed refreshes every binding it has, whichever AOR that
is under (RFC 8599 section 4.1.3, REQUIREMENTS N-28).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import ClassVar, TypeAlias

from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from sippn.binding import (
    AOR,
    Address,
    Binding,
    PushJob,
    PushKind,
    PushOutcome,
    PushTarget,
    Verdict,
    address_for,
)
from sippn.events import Bus, RefreshRequested
from sippn.interfaces import IPushProvider
from sippn.transaction import FixedTimer
from sippn.upkeep.backlog import LineOf
from sippn.upkeep.failures import Failures

Disown: TypeAlias = Callable[[PushTarget, PushKind, float], Deferred[None]]
Share: TypeAlias = tuple[AOR, str]  # and the id of the binding

MOST = 8000  # unanswered: more find no room to wait for their turn
LEAST = 50  # of a line, whatever the others have
WORTH = 60.0  # seconds for which a push is waited for, and shared
_BROKEN = PushOutcome(Verdict.FAILED, detail="the provider broke")


@define(eq=False, repr=False)
class _Push:
    """
    One push, until its UA is back or has had its time.

    :ivar address: where it goes, for all who share it.
    :ivar line: what it counts in while it is unanswered.
    :ivar deadline: monotonic clock, seconds: until then others may share it.
    :ivar asked_at: wall clock, seconds; a REGISTER after it proves the PRID alive.
    """

    address: Address
    target: PushTarget
    line: str
    deadline: float
    asked_at: float
    shares: set[Share]
    request: Deferred[None] | None = None


@define(eq=False, repr=False)
class RefreshPushes:
    """
    Asks for refresh pushes, and takes back those that are not needed any more.

    :ivar _line_of: in whose line a push is (:class:`~sippn.upkeep.lines.Lines`).
    :ivar _most: how many of a line may be without an answer: what is due beyond them waits.
    :ivar _unanswered: how many are, by line; *_all_unanswered* are in all.
    :ivar _disown: told whose token the PNS says is dead, and since when (wall clock).
    :ivar _shared: the push to each address that others may still share.
    :ivar _pushed: the push of each binding that waits for its UA.
    """

    _push: IPushProvider
    _clock: IReactorTime
    _wall: Callable[[], float]
    _entropy: Callable[[int], bytes]
    _bus: Bus
    _disown: Disown
    _line_of: LineOf
    _most: int
    _shared: dict[Address, _Push] = field(factory=dict, init=False)
    _pushed: dict[Share, _Push] = field(factory=dict, init=False)
    _unanswered: Counter[str] = field(factory=Counter, init=False)
    _all_unanswered: int = field(default=0, init=False)
    _spent: FixedTimer = field(init=False)
    _failures: Failures = field(init=False)
    _log: ClassVar[Logger] = Logger()

    def __attrs_post_init__(self) -> None:
        self._spent = FixedTimer(self._clock, WORTH)
        self._failures = Failures(self._clock)

    def __len__(self) -> int:
        return len(self._pushed)

    def room(self, line: str) -> int:
        """
        How many more of that line may be asked for now.

        None has more than it leaves to the others: those that are down do not take it all.
        """
        left = min(self._most, MOST - self._all_unanswered)
        return max(left, LEAST) - self._unanswered[line]

    def request(self, aor: AOR, binding: Binding) -> None:
        """
        Push the UA of *binding* of *aor*, unless it is being pushed.

        It is asked for until the next one is due.  The PNS may keep it for as long as the
        binding lasts: a phone that is away then still comes in time, and of several it is
        given the last (S-30).
        """
        target = binding.push_target
        address = None if target is None else address_for(target, PushKind.REFRESH)
        if target is None or address is None:
            raise ValueError("nobody can push the UA of that binding to refresh it")
        now, share = self._clock.seconds(), (aor, binding.id)
        if self._bus.heard:
            self._bus.publish(RefreshRequested(now, aor, binding.id, binding.refresh_attempt))
        self._let_go(share)
        push = self._shared.get(address)
        if push is not None and now < push.deadline:
            push.shares.add(share)
            self._pushed[share] = push
            return
        wall = self._wall()
        until = binding.expires_at if binding.refresh_at is None else binding.refresh_at
        deadline = now + min(WORTH, until - wall)
        line = self._line_of(target)
        push = _Push(address, target, line, deadline, wall, {share})
        self._shared[address] = self._pushed[share] = push
        self._spent.start(self._end, push)
        self._unanswered[line] += 1
        self._all_unanswered += 1
        push.request = Deferred.fromCoroutine(self._ask(push, aor, binding))
        push.request.addCallback(self._asked, push)

    def landed(self, aor: AOR, binding_id: str) -> None:
        """
        A binding was refreshed, or is gone.

        Its push is dropped unless others wait for it or it has left; nobody joins it any
        more, for a UA that came back and left out a binding is pushed again for that.
        """
        push = self._let_go((aor, binding_id))
        if push is None:
            return
        self._close(push)
        if not push.shares and push.request is not None:
            push.request.cancel()

    def _let_go(self, share: Share) -> _Push | None:
        push = self._pushed.pop(share, None)
        if push is not None:
            push.shares.discard(share)
        return push

    def _close(self, push: _Push) -> None:
        if self._shared.get(push.address) is push:
            del self._shared[push.address]

    def _end(self, push: _Push) -> None:
        self._close(push)
        for share in tuple(push.shares):
            self._let_go(share)

    async def _ask(self, push: _Push, aor: AOR, binding: Binding) -> None:
        left = binding.expires_at - push.asked_at
        job = PushJob(
            id=self._entropy(8).hex(),
            kind=PushKind.REFRESH,
            target=push.target,
            aor=aor,
            deadline=push.deadline,
            collapse_key=f"reg-{binding.id}",
            held_until=self._clock.seconds() + left,
            urgent=binding.refresh_at is None,
        )
        try:
            outcome = await self._push.request_push(job)
        except CancelledError:
            return
        except Exception:  # noqa: BLE001 - a plugin may raise anything
            self._log.failure("push {id} broke", id=job.id, failure=Failure())
            outcome = _BROKEN
        finally:
            self._answered(push.line)
        if outcome.verdict is not Verdict.ACCEPTED:
            self._failed(push, job, outcome)

    def _asked(self, _: None, push: _Push) -> None:
        push.request = None  # there are thousands that wait for their UA, and are not cancelled

    def _answered(self, line: str) -> None:
        self._all_unanswered -= 1
        self._unanswered[line] -= 1
        if not self._unanswered[line]:
            del self._unanswered[line]  # UAs make names up, where a provider serves any

    def _failed(self, push: _Push, job: PushJob, outcome: PushOutcome) -> None:
        self._end(push)
        self._failures.tell(job, outcome)
        if outcome.verdict is Verdict.DEAD:
            before = push.asked_at if outcome.gone_since is None else outcome.gone_since
            disowned = self._disown(push.target, job.kind, before)
            disowned.addErrback(self._not_disowned, job.id)

    def _not_disowned(self, failure: Failure, job_id: str) -> None:
        self._log.failure("the dead PRID of push {id} stays in store", failure, id=job_id)
