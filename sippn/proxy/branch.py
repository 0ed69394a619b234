"""
How one UA is reached: at once, hedged, or after a wake (REQUIREMENTS S-03 to S-08).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Protocol

from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from sippn.binding import Binding
from sippn.errors import SIPError, TransportError
from sippn.proxy.best import Final
from sippn.proxy.forwarder import Target
from sippn.proxy.leg import Leg
from sippn.proxy.reach import Reach
from sippn.sip import Response
from sippn.transaction import ClientObserver, ClientTransaction, FixedTimer, Handle
from sippn.transport import Flow

ANSWERED = 'SIP;cause=200;text="Call completed elsewhere"'  # RFC 3326
GIVEN_UP = 'SIP;cause=487;text="Request terminated"'
FLOW_FAILED = (430, 503)  # a UA that could not be reached; another flow may do better (S-08)
_MERGED = 482  # RFC 3261 section 8.2.2.2: it has this request by another way already


class BranchOwner(Protocol):
    """The response context, which owns all branches of a request and answers it."""

    def flow_to(self, target: Target) -> Flow | Deferred[Flow]:
        """The way to *target*, to be opened perhaps.  :raises TransportError: there is none."""

    def target_of(self, branch: Branch, binding: Binding) -> Target:
        """Where *binding*, of *branch*'s UA, is now."""

    def send(self, target: Target, flow: Flow, leg: ClientObserver) -> ClientTransaction:
        """Send the request to *target* on *flow*."""

    def may_wake(self) -> bool:
        """Whether there is time for a wake, and anybody to wait for it."""

    def wake(self, branch: Branch) -> Deferred[Binding]:
        """Push the UA and wait for it.  :raises SIPError: the request may not wait."""

    def wait_over(self) -> None:
        """A wait is over, however it ended."""

    def never_came(self, branch: Branch, reason: str) -> None:
        """The UA was pushed in vain, or too late; *reason* is that of a Reason field."""

    def is_out_to(self, binding: Binding, but: Branch) -> bool:
        """Whether another branch has reached *binding*."""

    def branch_answered(self, branch: Branch, response: Response) -> None:
        """Something above 100 came back; it can go on to the caller as it is."""

    def branch_ended(self) -> None:
        """One more has its final."""


@define(eq=False)
class Branch:
    """
    What is under way to one UA: never more than one live copy of the request (S-05).

    A UA that is believed awake gets its copy at once, and a push if it stays silent.  When
    it comes back on another flow, that copy is abandoned for one on the new flow; as UAs
    refuse a second copy with 482 while they have the first, a 482 is no answer: the first
    one is kept (S-06).

    :ivar target: where its UA is, so far as it is known.
    :ivar leg: the copy that counts; *former* one that was abandoned and may still answer.
    :ivar final: how it ended; None while it lives.
    :ivar waiting: the wake it waits for.
    :ivar forked_again: it was given its one more try on another flow (S-08).
    """

    owner: BranchOwner
    target: Target
    _timer_c: FixedTimer
    _hedge: FixedTimer
    forked_again: bool = False
    leg: Leg | None = field(default=None, init=False)
    former: Leg | None = field(default=None, init=False)
    final: Final | None = field(default=None, init=False)
    waiting: Deferred[Binding] | None = field(default=None, init=False)
    _connecting: Deferred[Flow] | None = field(default=None, init=False)
    _hedging: Handle | None = field(default=None, init=False)
    _ringing: Handle | None = field(default=None, init=False)
    _woken_again: bool = field(default=False, init=False)
    _sent_again: bool = field(default=False, init=False)
    _stopped: str | None = field(default=None, init=False)
    _rang_too_long: bool = field(default=False, init=False)
    _log: ClassVar[Logger] = Logger()

    def start(self, reach: Reach) -> None:
        """Do what *reach* calls for."""
        if reach is Reach.UNREACHABLE:
            self.end(Final(480))
        elif reach is Reach.SLEEPING:
            self._wake()
        else:
            self.send()
            if reach is Reach.HEDGED and self.leg is not None:
                self._hedging = self._hedge.start(self._stayed_silent)

    def send(self) -> None:
        """Send a copy to the target; whatever breaks here ends this branch and no other."""
        with self._contained():
            flow = self.owner.flow_to(self.target)
            if isinstance(flow, Deferred):
                self._connecting = flow
                flow.addCallbacks(self._connected, self._not_connected)
            else:
                self._send_on(flow)

    def registered(self, binding: Binding) -> None:
        """
        Its UA has registered while a copy is out (S-08).

        It gets one more copy if this REGISTER came on another flow and the first copy does
        not ring, or has lost its connection.
        """
        leg = self.leg
        if leg is None or self.waiting is not None or self._stopped is not None:
            return
        if self.forked_again or leg.reaches(binding) or (leg.rang and not leg.lost):
            return
        self.forked_again = True
        self._fork_to(binding)

    def stop(self, reason: str = "") -> None:
        """
        End it early: withdraw a wait, cancel what is out (RFC 3261 section 16.10).

        :param reason: of a Reason field in the CANCEL (RFC 3326).
        """
        self._stopped = reason
        self._hedge_no_more()
        for leg in (self.leg, self.former):
            if leg is not None:
                leg.cancel(reason)
        if self._connecting is not None:
            self._connecting.cancel()
        if self.waiting is not None:
            self.waiting.cancel()
        if self.leg is not None and self.leg.lost:
            self.end(Final(487))  # nobody hears the CANCEL

    def end(self, final: Final) -> None:
        """It is over; a second end changes nothing."""
        self._hedge_no_more()
        self._ring_no_more()
        if self.final is None:
            if self._rang_too_long and final.status == 487:
                final = Final(408)  # the caller has taken nothing back
            self.final = final
            self.owner.branch_ended()

    def leg_heard(self, leg: Leg) -> None:
        """A UA that speaks needs no push."""
        if leg is self.leg:
            self._hedge_no_more()

    def leg_rang(self, leg: Leg, response: Response) -> None:
        """It rings: no push any more (S-05), and Timer C begins anew."""
        if leg is self.former:
            if self.leg is not None or leg.cancelled:
                leg.cancel()
                return
            self.leg, self.former = leg, None  # the one on the other flow came to nothing
        if leg is self.leg:
            self._withdraw()
            if self._ringing is not None:
                self._ring_on()
            self.owner.branch_answered(self, response)

    def leg_answered(self, leg: Leg, response: Response) -> None:
        """Whichever copy it answers, the other is taken back."""
        for other in (self.leg, self.former):
            if other is not None and other is not leg:
                other.cancel(ANSWERED)
        self._withdraw()
        self.owner.branch_answered(self, response)

    def leg_refused(self, leg: Leg, response: Response | None) -> None:
        """A final answer, if it is to the copy that counts."""
        if self.final is not None:
            return
        if leg is self.former:
            self._former_ended()
        elif leg is self.leg:
            if response is not None and response.status == _MERGED and leg.second:
                self._keep_first()
            elif response is not None and response.status in FLOW_FAILED and self._wakes_again():
                self.leg = None
                self._wake()
            else:
                self._refused(response)

    def leg_lost(self, leg: Leg, error: SIPError | TransportError) -> None:
        """Wake its UA again while there is time; a caller is not told of our sockets."""
        if self.final is not None:
            return
        if leg is self.former:
            self._former_ended()
        elif leg is self.leg:
            self.leg = None
            self._lost(error)

    def leg_cut_off(self, leg: Leg) -> None:
        """
        Its connection is gone: wake the UA, which may be back on another one.

        What already rings may be answered on another connection, so it is left to ring.
        """
        if leg is not self.leg or self.final is not None or self.waiting is not None:
            return
        self._hedge_no_more()
        if self._stopped is not None:
            self.end(Final(487))
        elif self._wakes_again():
            self._wake()
        elif not leg.heard:
            leg.abandon()
            self.end(Final(480))

    @contextmanager
    def _contained(self) -> Iterator[None]:
        try:
            yield
        except TransportError as error:
            self._lost(error)
        except Exception:  # noqa: BLE001 - a bug, or a binding that no registrar let in
            self._log.failure("a request to {aor} could not be sent", aor=self.target.aor)
            self.end(Final(500))

    def _send_on(self, flow: Flow) -> None:
        leg = Leg(self, flow, second=self.former is not None or self._sent_again)
        leg.client = self.owner.send(self.target, flow, leg)
        self.leg = leg
        if leg.client.request.method == "INVITE":
            self._ring_on()

    def _connected(self, flow: Flow) -> None:
        self._connecting = None
        with self._contained():
            self._send_on(flow)

    def _not_connected(self, failure: Failure) -> None:
        self._connecting = None
        if failure.check(CancelledError):
            self.end(Final(487))
            return
        with self._contained():
            failure.raiseException()

    def _stayed_silent(self) -> None:
        self._hedging = None
        if self.final is None and self.owner.may_wake():
            self._wake()

    def _wake(self) -> None:
        try:
            waiting = self.owner.wake(self)
        except SIPError as refused:
            if self.leg is None or self.leg.lost:
                self.end(Final(refused.status, headers=refused.headers))
            return
        self.waiting = waiting
        waiting.addCallbacks(self._woken, self._not_woken)

    def _woken(self, binding: Binding) -> None:
        """Send to the flow the UA just registered on, not to what it had before (P-068)."""
        self.waiting = None
        self.owner.wait_over()
        leg = self.leg
        if self.owner.is_out_to(binding, self):
            self.end(Final(480))  # two bindings turned out to be one phone
        elif leg is None or not (leg.reaches(binding) and leg.flow.reliable):
            self._fork_to(binding)

    def _fork_to(self, binding: Binding) -> None:
        leg, self.leg = self.leg, None
        if leg is not None:
            leg.abandon()
            self.former = leg
        with self._contained():
            self.target = self.owner.target_of(self, binding)
        if self.final is None:
            self.send()

    def _not_woken(self, failure: Failure) -> None:
        self.waiting = None
        self.owner.wait_over()
        error = failure.value
        leg = self.leg
        out = leg is not None and not leg.lost
        if isinstance(error, CancelledError):
            if self._stopped is not None and not out:
                self.owner.never_came(self, self._stopped or GIVEN_UP)
            if leg is None:
                self.end(Final(487))
        elif not isinstance(error, SIPError):
            self.end(Final(500))
            failure.raiseException()
        elif leg is None or not out or not (leg.heard or self.owner.may_wake()):
            if not self.owner.may_wake():  # else it was the push that failed
                self.owner.never_came(self, GIVEN_UP)
            if leg is not None:
                leg.cancel(GIVEN_UP)
            self.end(Final(error.status, headers=error.headers))

    def _withdraw(self) -> None:
        self._hedge_no_more()
        if self.waiting is not None:
            self.waiting.cancel()

    def _refused(self, response: Response | None) -> None:
        if self.former is not None:
            self.former.cancel()
        self._withdraw()
        if response is None:
            self.end(Final(502))
        else:
            self.owner.branch_answered(self, response)

    def _keep_first(self) -> None:
        """The UA says that it has the first copy: that is the one that counts (S-06)."""
        former = self.former
        if former is not None and not former.cancelled:
            self.leg, self.former = former, None
            return
        self.leg = None
        if former is None:
            self._former_ended()

    def _former_ended(self) -> None:
        """The first copy is out of the way: a second one that was refused for it goes again."""
        self.former = None
        if self.leg is not None or self.waiting is not None or self.final is not None:
            return
        if self._sent_again or self._stopped is not None:
            self.end(Final(487 if self._stopped is not None else 480))
        else:
            self._sent_again = True
            self.send()

    def _lost(self, error: SIPError | TransportError) -> None:
        self._hedge_no_more()
        if self.waiting is not None:
            return
        if self._wakes_again():
            self._ring_no_more()
            self._wake()
        else:
            self.end(Final(error.status if isinstance(error, SIPError) else 480))

    def _wakes_again(self) -> bool:
        """Whether it failed under a UA that sleeps, and is given one more wake (S-08)."""
        binding = self.target.binding
        if binding is None or binding.push_target is None:
            return False
        if self._woken_again or self._stopped is not None or not self.owner.may_wake():
            return False
        self._woken_again = True
        return True

    def _hedge_no_more(self) -> None:
        if self._hedging is not None:
            self._hedging.cancel()
            self._hedging = None

    def _ring_on(self) -> None:
        """Start Timer C, or start it anew (RFC 3261 section 16.8)."""
        self._ring_no_more()
        self._ringing = self._timer_c.start(self._rings_too_long)

    def _ring_no_more(self) -> None:
        if self._ringing is not None:
            self._ringing.cancel()
            self._ringing = None

    def _rings_too_long(self) -> None:
        self._ringing = None
        self._rang_too_long = True
        self.stop()
