"""
What becomes of one request: its branches, and the one answer (RFC 3261 section 16.7).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from sippn.binding import AOR, Binding, Decision, PushKind
from sippn.errors import SIPError
from sippn.events import Bus, WakeRefused
from sippn.proxy.alarms import Alarms
from sippn.proxy.best import Final, best_final, gather_challenges
from sippn.proxy.branch import ANSWERED, FLOW_FAILED, GIVEN_UP, Branch
from sippn.proxy.caller_side import CallerSide
from sippn.proxy.forwarder import Forwarder, Target
from sippn.proxy.hang_up import hang_up
from sippn.proxy.late_calls import LateCalls
from sippn.proxy.reach import Moment, Reach, reach_of
from sippn.proxy.selection import Selection
from sippn.proxy.settings import ProxySettings
from sippn.sip import REASONS, Request, Response
from sippn.transaction import ClientObserver, ClientTransaction, FixedTimer
from sippn.transport import Flow
from sippn.value import value_class
from sippn.wake import Caller, Parking, Wait, WakeQueue

TIMER_C = 181  # seconds: more than three minutes (RFC 3261 section 16.6, step 11)
_MOMENT = 0.05  # seconds: no phone comes back that fast
_NOT_NOW = Final(500, headers=(("Retry-After", "5"),))  # in a dialog a 480 would end the usage
MOST_BRANCHES = 32  # whoever registers again and again is not forked to each time


@value_class
class Means:
    """
    What response contexts work with, the same for all of them.

    :ivar wall: wall clock, seconds.
    :ivar timer_c: of :data:`TIMER_C`, for all branches; *hedge* of ``settings.hedge``.
    :ivar late_calls: told of UAs that were pushed and did not come in time.
    :ivar unanswered: those that have not given their answer.
    """

    forwarder: Forwarder
    queue: WakeQueue
    parking: Parking
    selection: Selection
    late_calls: LateCalls
    settings: ProxySettings
    clock: IReactorTime
    wall: Callable[[], float]
    entropy: Callable[[int], bytes]
    bus: Bus
    timer_c: FixedTimer
    hedge: FixedTimer
    unanswered: set[ResponseContext] = field(factory=set)


@value_class
class Terms:
    """
    On whose account a request is forwarded, and how long its sleepers get.

    :ivar until: monotonic clock, seconds.
    :ivar provisional: what the caller of a parked INVITE is told; None: nothing.
    :ivar aors: whose new bindings join while others ring (S-09).
    :ivar in_dialog: its failure must not end the dialog (P-067).
    """

    caller: Caller
    until: float
    provisional: int | None
    aors: Collection[AOR] = ()
    in_dialog: bool = False


@define(eq=False)
class ResponseContext:
    """
    Owns the branches of one request and takes every decision that concerns more than one.

    Every request gets exactly one final answer: :meth:`_settle` gives it when the last
    branch has ended, or :meth:`branch_answered` before that with a 2xx.
    """

    _means: Means
    _caller: CallerSide
    _caller_flow: Flow
    _request: Request
    _terms: Terms
    _branches: list[Branch] = field(factory=list, init=False)
    _started: bool = field(default=False, init=False)
    _cancelled: bool = field(default=False, init=False)
    _declined: bool = field(default=False, init=False)
    _why_over: str = field(default=GIVEN_UP, init=False)
    _missed: list[Target] = field(factory=list, init=False)
    _parked_for: AOR | None = field(default=None, init=False)
    _watched: Collection[AOR] = field(default=(), init=False)

    def __attrs_post_init__(self) -> None:
        self._means.unanswered.add(self)

    def start(self, request: Request, targets: Sequence[Target], terms: Terms) -> None:
        """
        Send *request*, as it was preprocessed, to every one of *targets*.

        Does nothing when the caller has hung up meanwhile.
        """
        if self._caller.answered:
            return
        self._request, self._terms = request, terms
        self._branches = [self._branch(target) for target in targets]
        for branch in tuple(self._branches):
            branch.start(self._reach(branch.target))
        self._started = True
        if self._means.settings.late_join and not self._caller.answered:
            for aor in terms.aors:
                self._means.queue.watch(aor, self._joined)
            self._watched = terms.aors
        self._settle()
        self._let_go()

    def cancel(self, reason: str = "") -> None:
        """
        The caller sent CANCEL: end what waits and what is out (RFC 3261 section 16.10).

        :param reason: of the CANCEL's Reason field; it goes on (RFC 3326).
        """
        if self._caller.answered or self._cancelled:
            return
        self._cancelled = True
        self._why_over = reason or GIVEN_UP
        self._stop_all(reason)
        if not self._started:
            self._caller.refuse(Final(487))
        self._settle()
        self._let_go()

    def fail(self, error: SIPError, to_tag: str = "") -> None:
        """
        The request cannot be forwarded; what is under way already must not ring.

        :param to_tag: of the answer; empty: one of its own.
        """
        self._caller.refuse(Final(error.status, headers=error.headers), str(error), to_tag)
        self._stop_all(GIVEN_UP)
        self._let_go()

    def flow_to(self, target: Target) -> Flow | Deferred[Flow]:
        """See :meth:`BranchOwner.flow_to`."""
        return self._means.forwarder.flow_to(self._request, target)

    def target_of(self, branch: Branch, binding: Binding) -> Target:
        """See :meth:`BranchOwner.target_of`."""
        return self._means.forwarder.target_of(branch.target.aor, binding)

    def send(self, target: Target, flow: Flow, leg: ClientObserver) -> ClientTransaction:
        """See :meth:`BranchOwner.send`."""
        forwarder = self._means.forwarder
        return forwarder.forward(self._request, self._caller_flow, target, flow, leg)

    def may_wake(self) -> bool:
        """See :meth:`BranchOwner.may_wake`."""
        if self._caller.answered or self._request.method not in self._means.settings.methods:
            return False
        return self._means.clock.seconds() + _MOMENT < self._terms.until

    def wake(self, branch: Branch) -> Deferred[Binding]:
        """See :meth:`BranchOwner.wake`."""
        binding, means = branch.target.binding, self._means
        assert binding is not None, "only a binding sleeps"  # noqa: S101 - for the type checker
        try:
            self._enter(branch.target.aor)
        except SIPError as refused:
            self._say_refused(branch, refused)
            raise
        wait = Wait(
            aor=branch.target.aor,
            binding=binding,
            kind=PushKind.MESSAGE if self._request.method == "MESSAGE" else PushKind.CALL,
            method=self._request.method,
            call_id=self._request.call_id,
            caller=self._terms.caller,
            seconds=max(0.0, round(self._terms.until - means.clock.seconds(), 3)),
            missed=branch.came_too_late,
        )
        return means.queue.wake(wait)

    def came_too_late(self, branch: Branch) -> None:
        """See :meth:`BranchOwner.came_too_late`."""
        if self._caller.answered:
            self._means.late_calls.expect(self._request, branch.target, self._why_over)
        else:
            self._missed.append(branch.target)

    def is_awake(self, branch: Branch) -> None:
        """See :meth:`BranchOwner.is_awake`."""
        self._means.queue.is_awake(branch.target.aor, branch.target.binding_id)

    def wait_over(self) -> None:
        """See :meth:`BranchOwner.wait_over`."""
        callee = self._parked_for
        if callee is None or any(branch.waiting for branch in self._branches):
            return
        self._parked_for = None
        self._means.parking.leave(callee, self._terms.caller)
        self._caller.remind_no_more()

    def at_the_end(self, action: Callable[[], None]) -> IDelayedCall:
        """See :meth:`BranchOwner.at_the_end`."""
        clock = self._means.clock
        return clock.callLater(max(0.0, self._terms.until - clock.seconds()), action)

    def is_out_to(self, binding: Binding, but: Branch) -> bool:
        """See :meth:`BranchOwner.is_out_to`."""
        return any(
            other is not but and other.target.binding_id == binding.id and _has_reached(other)
            for other in self._branches
        )

    def branch_answered(self, branch: Branch, response: Response, flow: Flow) -> None:
        """Forward it, keep it, or end the others by it (RFC 3261 16.7, steps 4 to 6, 10)."""
        if response.status < 200:
            if not (self._caller.answered or self._cancelled):
                self._caller.progress(response)
        elif response.status < 300:
            self._accept(branch, response, flow)
        else:
            if response.status >= 600:
                self._declined = True
                declined = REASONS.get(response.status, "Declined")
                self._stop_all(f'SIP;cause={response.status};text="{declined}"', but=branch)
            branch.end(Final(response.status, response))

    def branch_ended(self) -> None:
        """Give the answer when this was the last one."""
        if self._started:
            self._settle()
        self._let_go()

    def _branch(self, target: Target, *, forked_again: bool = False) -> Branch:
        means = self._means
        return Branch(self, target, Alarms(means.timer_c, means.hedge), forked_again)

    def _reach(self, target: Target) -> Reach:
        if target.binding is None:
            return Reach.LIVE
        means = self._means
        flow = means.forwarder.open_flow(target)
        now = Moment(means.wall(), means.clock.seconds())
        return reach_of(target.binding, flow, self._request.method, means.settings, now)

    def _joined(self, aor: AOR, decision: Decision) -> None:
        """A REGISTER of *aor* was committed while its call goes on (S-08, S-09)."""
        for binding in decision.registered:
            if self._caller.answered or self._cancelled or self._declined:
                return
            ids = decision.ids_of(binding)
            known = [branch for branch in self._branches if branch.target.binding_id in ids]
            if known:
                self._follow(known, aor, binding)
            elif (device := self._device(aor, binding.instance)) is not None:
                device.registered_elsewhere(binding)
            else:
                self._join(aor, binding)

    def _follow(self, known: Sequence[Branch], aor: AOR, binding: Binding) -> None:
        """The UA of these branches has registered; where they are several, it is one UA now."""
        branch = max(known, key=lambda each: (each.final is None, each.rang))
        for other in known:
            if other is not branch:
                self._branches.remove(other)
                other.stop()
        if branch.final is None:
            branch.registered(binding)
        elif not branch.forked_again and _unreached(branch, binding):
            self._branches.remove(branch)
            self._join(aor, binding, forked_again=True)

    def _device(self, aor: AOR, instance: str) -> Branch | None:
        """The branch to a device, which has one copy on whichever flow (RFC 5626 section 7)."""
        for branch in self._branches:
            binding = branch.target.binding
            if instance and binding and (branch.target.aor, binding.instance) == (aor, instance):
                return branch
        return None

    def _join(self, aor: AOR, binding: Binding, *, forked_again: bool = False) -> None:
        means = self._means
        if len(self._branches) >= MOST_BRANCHES:
            return
        if not means.selection.chosen(self._request, (binding,)):
            return
        target = means.forwarder.target_of(aor, binding)
        self._missed = [one for one in self._missed if one.binding_id != binding.id]
        branch = self._branch(target, forked_again=forked_again)
        self._branches.append(branch)
        branch.start(Reach.LIVE)  # it has spoken this very moment

    def _accept(self, branch: Branch, response: Response, flow: Flow) -> None:
        """Every 2xx to an INVITE goes on to the caller, whoever else was faster."""
        if self._caller.refused:
            self._hang_up(branch, response, flow)
            return
        self._why_over = ANSWERED
        self._caller.accept(response)
        if self._request.method == "INVITE":
            self._means.forwarder.keep(self._caller_flow)
            self._means.forwarder.keep(flow)
        self._stop_all(ANSWERED, but=branch)
        branch.end(Final(response.status, response))

    def _hang_up(self, branch: Branch, response: Response, flow: Flow) -> None:
        """The caller has been told that nobody came: whoever did must not wait for words."""
        if self._request.method == "INVITE":
            ends = self._request.to.tag is None  # else the call goes on as it was
            hang_up(self._means.forwarder, self._request, response, branch.target, flow, ends=ends)

    def _stop_all(self, reason: str, but: Branch | None = None) -> None:
        for branch in tuple(self._branches):
            if branch is not but:
                branch.stop(reason)

    def _settle(self) -> None:
        if self._caller.answered or not all(branch.final for branch in self._branches):
            return
        finals = [branch.final for branch in self._branches if branch.final]
        best = best_final(finals) if finals else Final(480)
        if self._cancelled and best.status < 600:
            self._caller.refuse(Final(487))
        elif best.response is None and best.status == 480 and self._terms.in_dialog:
            self._caller.refuse(_NOT_NOW)
        elif best.response is None:
            self._caller.refuse(best)
        else:
            self._caller.relay(gather_challenges(best.response, finals))

    def _let_go(self) -> None:
        if not self._caller.answered:
            return
        self._means.unanswered.discard(self)
        watched, self._watched = self._watched, ()
        for aor in watched:
            self._means.queue.unwatch(aor, self._joined)
        missed, self._missed = self._missed, []
        for target in missed:
            self._means.late_calls.expect(self._request, target, self._why_over)
        if all(branch.final for branch in self._branches):
            self._branches = []  # they know us: no cycle is left for the collector

    def _enter(self, callee: str) -> None:
        if self._parked_for is None:
            self._means.parking.enter(callee, self._terms.caller)
            self._parked_for = callee
            if self._terms.provisional is not None and self._request.method == "INVITE":
                self._caller.remind(self._terms.provisional)

    def _say_refused(self, branch: Branch, refused: SIPError) -> None:
        if self._means.bus.heard:
            why = f"too many requests wait already ({refused.status})"
            self._means.bus.publish(
                WakeRefused(
                    self._means.clock.seconds(), self._request.call_id, branch.target.aor, why
                )
            )


def _has_reached(branch: Branch) -> bool:
    return branch.leg is not None or (branch.final is not None and bool(branch.final.response))


def _unreached(branch: Branch, binding: Binding) -> bool:
    """Whether *branch* ended without its UA having said anything, and *binding* is news of it."""
    if branch.target.binding == binding:
        return False  # the REGISTER that its request was forked by
    final = branch.final
    return final is not None and (final.response is None or final.status in FLOW_FAILED)
