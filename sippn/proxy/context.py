"""
What becomes of one request: its branches, and the one answer (RFC 3261 section 16.7).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from attrs import define, field, frozen
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from sippn.binding import Binding, PushKind
from sippn.errors import SIPError, TransportError
from sippn.events import Bus, RequestAnswered, WakeRefused
from sippn.proxy.best import Final, best_final, gather_challenges
from sippn.proxy.branch import Branch
from sippn.proxy.forwarder import Forwarder, Target
from sippn.proxy.reach import Reach, reach_of
from sippn.proxy.settings import ProxySettings
from sippn.sip import REASONS, Request, Response, response_to
from sippn.transaction import FixedTimer, ServerTransaction
from sippn.transport import Flow
from sippn.wake import Caller, Parking, Wait, WakeQueue

TIMER_C = 181  # seconds: more than three minutes (RFC 3261 section 16.6, step 11)
PROVISIONAL_EVERY = 60  # seconds: well inside the Timer C of whoever waits upstream (S-06)
LOST = (430, 503)  # a woken branch that died of these is woken once more (S-08)


@frozen
class Means:
    """
    What response contexts work with, the same for all of them.

    :ivar wall: wall clock, seconds.
    :ivar timer_c: of :data:`TIMER_C`, for all branches.
    """

    forwarder: Forwarder
    queue: WakeQueue
    parking: Parking
    settings: ProxySettings
    clock: IReactorTime
    wall: Callable[[], float]
    entropy: Callable[[int], bytes]
    bus: Bus
    timer_c: FixedTimer


@frozen
class Terms:
    """
    On whose account a request is forwarded, and how long its sleepers get.

    :ivar until: monotonic clock, seconds.
    :ivar provisional: what the caller of a parked INVITE is told; None: nothing.
    """

    caller: Caller
    until: float
    provisional: int | None


@define(eq=False)
class ResponseContext:
    """
    Owns the branches of one request and takes every decision about them.

    Every request gets exactly one final answer: :meth:`_settle` gives it when the last
    branch has ended, or :meth:`branch_answered` before that with a 2xx.
    """

    _means: Means
    _transaction: ServerTransaction
    _caller_flow: Flow
    _request: Request
    _terms: Terms
    _branches: list[Branch] = field(factory=list, init=False)
    _started: bool = field(default=False, init=False)
    _cancelled: bool = field(default=False, init=False)
    _answered: bool = field(default=False, init=False)
    _leave: Callable[[], None] | None = field(default=None, init=False)
    _reminder: IDelayedCall | None = field(default=None, init=False)
    _tag: str = field(default="", init=False)
    _log: ClassVar[Logger] = Logger()

    def start(self, request: Request, targets: Sequence[Target], terms: Terms) -> None:
        """
        Send *request*, as it was preprocessed, to every one of *targets*.

        Does nothing when the caller has hung up meanwhile.
        """
        if self._answered:
            return
        self._request, self._terms = request, terms
        self._branches = [Branch(self, target) for target in targets]
        for branch in self._branches:
            self._set_out(branch)
        self._started = True
        self._settle()
        self._let_go()

    def cancel(self) -> None:
        """The caller sent CANCEL: end what waits and what is out (RFC 3261 section 16.10)."""
        if self._answered or self._cancelled:
            return
        self._cancelled = True
        self._stop_all()
        if not self._started:
            self._refuse(Final(487))
        self._settle()

    def fail(self, error: SIPError) -> None:
        """The request cannot be forwarded; what is under way already must not ring."""
        self._refuse(Final(error.status, headers=error.headers), str(error))
        self._stop_all()

    def branch_woken(self, branch: Branch, binding: Binding) -> None:
        """Send to the flow the UA just registered on, not to what it had before (P-068)."""
        self._leave_if_awake()
        if self._is_out_to(binding, branch):
            branch.end(Final(480))  # two bindings turned out to be one phone
        else:
            self._forward(branch, binding)

    def _is_out_to(self, binding: Binding, but: Branch) -> bool:
        return any(
            other is not but
            and other.client is not None
            and other.target.binding is not None
            and other.target.binding.id == binding.id
            for other in self._branches
        )

    def branch_answered(self, branch: Branch, response: Response) -> None:
        """Forward it, keep it, or end the others by it (RFC 3261 16.7, steps 4 to 6, 10)."""
        if response.status < 200:
            if branch.timer_c is not None:
                branch.ring_on(self._means.timer_c)
            if not (self._answered or self._cancelled):
                self._transaction.respond(response)
        elif response.status < 300:
            self._accept(branch, response)
        elif branch.final is None:
            if response.status in LOST and self._rewake(branch):
                return
            if response.status >= 600:
                self._stop_all(but=branch)
            branch.end(Final(response.status, response))

    def branch_lost(self, branch: Branch, error: SIPError | TransportError) -> None:
        """Wake its UA again while there is time; a caller is not told of our sockets."""
        if not self._rewake(branch):
            branch.end(Final(error.status if isinstance(error, SIPError) else 480))

    def branch_ended(self) -> None:
        """Give the answer when this was the last one."""
        self._leave_if_awake()
        if self._started:
            self._settle()
        self._let_go()

    def _let_go(self) -> None:
        if self._answered and all(branch.final for branch in self._branches):
            self._branches = []  # they know us: no cycle is left for the collector

    def _set_out(self, branch: Branch) -> None:
        binding = branch.target.binding
        reach = Reach.LIVE
        if binding is not None:
            now = self._means.wall()
            reach = reach_of(binding, self._request.method, self._means.settings, now)
        if reach is Reach.LIVE:
            self._forward(branch)
        elif reach is Reach.SLEEPING:
            self._park(branch)
        else:
            branch.end(Final(480))

    def _forward(self, branch: Branch, binding: Binding | None = None) -> None:
        """Whatever breaks here ends this branch, not the others, and leaves nobody waiting."""
        forwarder = self._means.forwarder
        try:
            if binding is not None:
                branch.target = forwarder.target_of(branch.target.aor, binding)
            branch.client = forwarder.forward(
                self._request, self._caller_flow, branch.target, branch
            )
        except TransportError as error:
            self.branch_lost(branch, error)
        except Exception:  # noqa: BLE001 - a bug, or a binding that no registrar let in
            self._log.failure("a request to {aor} could not be sent", aor=branch.target.aor)
            branch.end(Final(500))
        else:
            if self._request.method == "INVITE":
                branch.ring_on(self._means.timer_c)

    def _park(self, branch: Branch) -> None:
        binding = branch.target.binding
        assert binding is not None, "only a binding sleeps"  # noqa: S101 - for the type checker
        means = self._means
        try:
            self._enter(branch.target.aor)
        except SIPError as refused:
            self._say_refused(branch, refused)
            branch.end(Final(refused.status, headers=refused.headers))
            return
        wait = Wait(
            aor=branch.target.aor,
            binding=binding,
            kind=PushKind.MESSAGE if self._request.method == "MESSAGE" else PushKind.CALL,
            method=self._request.method,
            call_id=self._request.call_id,
            caller=self._terms.caller,
            seconds=max(0.0, round(self._terms.until - means.clock.seconds(), 3)),
        )
        branch.wait_for(means.queue.wake(wait))

    def _rewake(self, branch: Branch) -> bool:
        """Whether *branch* died under a UA that sleeps, and is given one more wake (S-08)."""
        binding = branch.target.binding
        if branch.rewoken or branch.stopped or self._answered:
            return False
        if binding is None or binding.push_target is None:
            return False
        if self._means.clock.seconds() >= self._terms.until:
            return False
        branch.rewoken, branch.client = True, None
        branch.ring_no_more()
        self._park(branch)
        return True

    def _accept(self, branch: Branch, response: Response) -> None:
        """Every 2xx to an INVITE goes on to the caller, whoever else was faster."""
        first = not self._answered
        self._transaction.respond(response)
        self._answered = True
        if first:
            self._say_answered(response.status, response.reason)
        self._stop_all(but=branch)
        branch.end(Final(response.status, response))

    def _stop_all(self, but: Branch | None = None) -> None:
        for branch in self._branches:
            if branch is not but:
                branch.stop()

    def _settle(self) -> None:
        if self._answered or not all(branch.final for branch in self._branches):
            return
        finals = [branch.final for branch in self._branches if branch.final]
        best = best_final(finals) if finals else Final(480)
        if self._cancelled and best.status < 600:
            self._refuse(Final(487))
        elif best.response is None:
            self._refuse(best)
        else:
            self._relay(gather_challenges(best.response, finals))

    def _relay(self, response: Response) -> None:
        # a 503 would tell the caller to stop using this proxy for everybody (16.7, step 6)
        if response.status == 503:
            response = Response(500, REASONS[500], response.headers, response.body)
        self._answered = True
        self._transaction.respond(response)
        self._say_answered(response.status, response.reason)

    def _refuse(self, final: Final, reason: str = "") -> None:
        if self._answered:
            return
        self._answered = True
        self._transaction.respond(self._own(final.status, reason, final.headers))
        self._say_answered(final.status, reason)

    def _own(
        self, status: int, reason: str = "", headers: Sequence[tuple[str, str]] = ()
    ) -> Response:
        """A response of ours; all those to one request have one To tag (RFC 3261 8.2.6.2)."""
        self._tag = self._tag or self._means.entropy(6).hex()
        return response_to(self._transaction.request, status, reason, headers, to_tag=self._tag)

    def _enter(self, callee: str) -> None:
        if self._leave is None:
            self._leave = self._means.parking.enter(callee, self._terms.caller)
            self._tell_caller()

    def _leave_if_awake(self) -> None:
        if self._leave is None or any(branch.waiting for branch in self._branches):
            return
        self._leave()
        self._leave = None
        if self._reminder is not None:
            self._reminder.cancel()
            self._reminder = None

    def _tell_caller(self) -> None:
        status = self._terms.provisional
        if status is None or self._request.method != "INVITE":
            return
        self._remind(self._own(status))

    def _remind(self, provisional: Response) -> None:
        self._transaction.respond(provisional)
        self._reminder = self._means.clock.callLater(PROVISIONAL_EVERY, self._remind, provisional)

    def _say_refused(self, branch: Branch, refused: SIPError) -> None:
        if self._means.bus.heard:
            why = f"too many requests wait already ({refused.status})"
            self._means.bus.publish(
                WakeRefused(
                    self._means.clock.seconds(), self._request.call_id, branch.target.aor, why
                )
            )

    def _say_answered(self, status: int, reason: str) -> None:
        if self._means.bus.heard:
            self._means.bus.publish(
                RequestAnswered(
                    self._means.clock.seconds(),
                    self._request.call_id,
                    self._request.method,
                    status,
                    reason,
                )
            )
