"""
How one UA is reached: at once, hedged, or after a wake (REQUIREMENTS S-03 to S-08).
"""

from __future__ import annotations

from typing import ClassVar

from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from sippn.binding import Binding
from sippn.errors import MaxBreadthExceeded, SIPError, TransportError
from sippn.proxy.alarms import Alarms
from sippn.proxy.best import Final
from sippn.proxy.branch_owner import BranchOwner
from sippn.proxy.forwarder import Target
from sippn.proxy.leg import Leg
from sippn.proxy.legs import Legs
from sippn.proxy.reach import Reach
from sippn.sip import Response
from sippn.transport import Flow

ANSWERED = 'SIP;cause=200;text="Call completed elsewhere"'  # RFC 3326
GIVEN_UP = 'SIP;cause=487;text="Request terminated"'
FLOW_FAILED = (430, 503)  # a UA that could not be reached; another flow may do better (S-08)
_NO_WORD = (408, 430, 480, 481, 482, 487, 500, 503, 504)  # of a user, who may have declined


@define(eq=False)
class Branch:
    """
    What is under way to one UA: never more than one live copy of the request (S-05).

    A UA that is believed awake gets its copy at once, and a push if it stays silent.  When
    it comes back on another flow, that copy is abandoned for one on the new flow; as UAs
    refuse a second copy with 482 while they have the first, a 482 is no answer: the first
    one is kept (S-06).

    :ivar target: where its UA is, so far as it is known.
    :ivar legs: its copies; *waiting* the wake it waits for.
    :ivar final: how it ended; None while it lives.
    :ivar forked_again: it was given its one more try on another flow (S-08).
    :ivar rang_in_vain: its UA rang for as long as it may.
    """

    owner: BranchOwner[Branch]
    target: Target
    _alarms: Alarms
    forked_again: bool = False
    legs: Legs = field(factory=Legs, init=False)
    final: Final | None = field(default=None, init=False)
    waiting: Deferred[Binding] | None = field(default=None, init=False)
    rang_in_vain: bool = field(default=False, init=False)
    _connecting: Deferred[Flow] | None = field(default=None, init=False)
    _woken_again: bool = field(default=False, init=False)
    _sent_again: bool = field(default=False, init=False)
    _stopped: bool = field(default=False, init=False)
    _timed_out: bool = field(default=False, init=False)
    _log: ClassVar[Logger] = Logger()

    @property
    def rang(self) -> bool:
        """Whether its UA rings, so far as anybody heard."""
        leg = self.legs.current
        return leg is not None and leg.rang

    def start(self, reach: Reach) -> None:
        """Do what *reach* calls for."""
        if reach is Reach.UNREACHABLE:
            self.end(Final(480))
        elif reach is Reach.SLEEPING:
            self._wake()
        else:
            self._send()
            if reach is Reach.HEDGED:
                self._hedge_leg()

    def registered(self, binding: Binding) -> None:
        """
        Its UA has registered while a copy is out, or on its way (S-08).

        It gets one more copy if this REGISTER came on another flow and the first copy does
        not ring, or has lost its connection.
        """
        leg = self.legs.current
        if self.waiting is not None or self._stopped or self.forked_again:
            return
        if leg is None:
            if self._connecting is None:
                return
        elif leg.reaches(binding) or (leg.rang and not leg.lost):
            return
        self.forked_again = True
        self._fork_to(binding)
        if self.owner.wakes.may_push(binding):
            self._hedge_leg()  # it was awake a moment ago, and so it was before

    def registered_elsewhere(self, binding: Binding) -> None:
        """Its UA has come back by another flow than the one that is waited for (RFC 5626)."""
        leg = self.legs.current
        if self.waiting is not None and not self._stopped and (leg is None or not leg.heard):
            self._withdraw()
            self._fork_to(binding)

    def stop(self, reason: str = "") -> None:
        """
        End it early: withdraw a wait, cancel what is out (RFC 3261 section 16.10).

        What a UA has taken notice of ends when it says so; all else ends now.

        :param reason: of a Reason field in the CANCEL (RFC 3326).
        """
        self._stopped = True
        self._alarms.heard()
        self.legs.cancel(reason)
        if self.waiting is not None:
            self.waiting.cancel()
        leg = self.legs.current
        if leg is None or leg.lost or not leg.heard:
            self.end(Final(487))

    def time_out(self) -> None:
        """End it as if it had got a 408 (RFC 3261 section 16.8)."""
        self._timed_out, self.rang_in_vain = True, self.rang
        self.stop()

    def end(self, final: Final) -> None:
        """It is over: nothing of it may ring any more.  A second end changes nothing."""
        if self.final is not None:
            return
        if self._timed_out and final.status == 487:
            final = Final(408)  # the caller has taken nothing back
        self.final = final
        self._alarms.heard()
        self._alarms.ring_no_more()
        self._disconnect()
        self.legs.end(GIVEN_UP)
        self.owner.branch_ended()

    def leg_heard(self, leg: Leg) -> None:
        """A UA that speaks needs no push."""
        if leg is self.legs.current:
            self._alarms.heard()

    def leg_rang(self, leg: Leg, response: Response) -> None:
        """It rings: no push any more (S-05), and Timer C begins anew."""
        if leg is not self.legs.current and not self._takes_back(leg):
            leg.cancel(GIVEN_UP)
            return
        self._ring_on(leg)
        self._pass(leg, response)

    def leg_answered(self, leg: Leg, response: Response) -> None:
        """Whichever copy it answers, the others are taken back."""
        self.legs.cancel(ANSWERED, but=leg)
        self._pass(leg, response)

    def leg_refused(self, leg: Leg, response: Response | None) -> None:
        """A final answer: to the copy that counts, or of a user who declined an earlier one."""
        declined = response is not None and response.status not in _NO_WORD
        if not (declined and self.legs.has_abandoned(leg)) and self._is_over_with(leg):
            return
        if response is None:
            self._withdraw()
            self.end(Final(502))
        elif response.status == 487 and leg.cancelled:
            self.end(Final(487))  # our own doing, and nothing to tell anybody
        elif self.legs.prefers_first(leg, response):
            if not self.legs.keep_first():
                self._try_again()
        elif response.status in FLOW_FAILED:
            self.legs.current = None
            if not self._goes_on():
                self._pass(leg, response)
        else:
            self._pass(leg, response)

    def leg_lost(self, leg: Leg, error: SIPError | TransportError) -> None:
        """Wake its UA again while there is time; a caller is not told of our sockets."""
        if not self._is_over_with(leg):
            self.legs.current = None
            self._lost(error)

    def leg_cut_off(self, leg: Leg) -> None:
        """
        Its connection is gone: wake the UA, which may be back on another one.

        What already rings may be answered on another connection, so it is left to ring.
        """
        if leg is not self.legs.current or self.final is not None:
            return
        self._alarms.heard()
        if self._stopped:
            self.end(Final(487))
        elif not self._goes_on() and not leg.heard:
            self.end(Final(self._failed))

    def _send(self) -> None:
        """Send a copy to the target; whatever breaks here ends this branch and no other."""
        try:
            flow = self.owner.flow_to(self.target)
            if isinstance(flow, Deferred):
                self._connecting = flow
                flow.addCallbacks(self._connected, self._not_connected)
            else:
                self._send_on(flow)
        except Exception as error:  # noqa: BLE001 - see there
            self._not_sent(error)

    def _send_on(self, flow: Flow) -> None:
        second = self.legs.any_abandoned or self._sent_again or self.forked_again
        leg = Leg(self, flow, second)
        leg.client = self.owner.send(self, leg)
        self.legs.current = leg
        self._ring_on(leg)

    def _connected(self, flow: Flow) -> None:
        self._connecting = None
        try:
            self._send_on(flow)
        except Exception as error:  # noqa: BLE001 - see there
            self._not_sent(error)

    def _not_connected(self, failure: Failure) -> None:
        if self._connecting is not None:  # else it was given up
            self._connecting = None
            self._not_sent(failure.value)

    def _disconnect(self) -> None:
        connecting, self._connecting = self._connecting, None
        if connecting is not None:
            connecting.cancel()

    def _not_sent(self, error: BaseException | None) -> None:
        """There is no way, or it is a bug, or a binding that no registrar let in."""
        if isinstance(error, TransportError):
            self._lost(error)
        elif isinstance(error, MaxBreadthExceeded):
            self.end(Final(error.status))
        else:
            failure = Failure(error)
            self._log.failure("a request to {aor} could not be sent", failure, aor=self.target.aor)
            self.end(Final(500))

    def _hedge_leg(self) -> None:
        if self.legs.current is not None:
            self._alarms.hedge(self.owner.wakes.patience(self.target), self._stayed_silent)

    def _stayed_silent(self) -> None:
        if self.owner.wakes.may_wake():
            self._wake()

    def _wake(self) -> None:
        try:
            waiting = self.owner.wakes.wake(self.target)
        except SIPError as refused:
            self._not_to_be_woken(refused)
            return
        self.waiting = waiting
        waiting.addCallbacks(self._woken, self._not_woken)

    def _woken(self, binding: Binding) -> None:
        """Send to the flow the UA just registered on, not to what it had before (P-068)."""
        self.waiting = None
        self.owner.wakes.wait_over()
        leg = self.legs.current
        if self.owner.is_out_to(binding, self):
            self.end(Final(480))  # two bindings turned out to be one phone
        elif leg is None or not leg.gets_to(binding):
            self._fork_to(binding)

    def _fork_to(self, binding: Binding) -> None:
        self._alarms.heard()
        self._disconnect()
        self.legs.abandon()
        try:
            self.target = self.owner.target_of(self, binding)
        except Exception as error:  # noqa: BLE001 - see there
            self._not_sent(error)
        else:
            self._send()

    def _not_woken(self, failure: Failure) -> None:
        self.waiting = None
        self.owner.wakes.wait_over(in_vain=True)
        error = failure.value
        if isinstance(error, SIPError):
            self._not_to_be_woken(error)
        elif not isinstance(error, CancelledError):
            self.end(Final(500))
            failure.raiseException()

    def _not_to_be_woken(self, error: SIPError) -> None:
        """
        No push will help; a copy that is out may still be answered.

        If the UA has not even noticed it when a wake would have been over, it never will.
        """
        final = Final(error.status, headers=error.headers)
        leg = self.legs.current
        wakes = self.owner.wakes
        if leg is None or leg.lost or not (leg.heard or wakes.may_wake()):
            self.end(final)
        elif not leg.heard:
            self._alarms.listen(wakes.at_the_end(lambda: self.end(final)))

    def _pass(self, leg: Leg, response: Response) -> None:
        self._withdraw()
        self.owner.branch_answered(self, response, leg.flow)

    def _withdraw(self) -> None:
        self._alarms.heard()
        if self.waiting is not None:
            self.owner.wakes.is_awake(self.target)
            self.waiting.cancel()

    def _takes_back(self, leg: Leg) -> bool:
        """Whether an abandoned *leg* counts again, as the one on the other flow is lost."""
        return self.final is None and self.legs.take_back(leg)

    def _is_over_with(self, leg: Leg) -> bool:
        """Take note that nothing more comes of *leg*; whether that was all there is to do."""
        if self.legs.has_abandoned(leg):
            self.legs.forget(leg)
            self._try_again()
            return True
        return leg is not self.legs.current

    def _try_again(self) -> None:
        """A copy that was refused for the sake of others goes again when they are gone."""
        legs = self.legs
        if legs.current or legs.any_abandoned or self.waiting or self._connecting or self.final:
            return
        if self._sent_again or self._stopped:
            self.end(Final(487 if self._stopped else 480))
        else:
            self._sent_again = True
            self._send()

    def _lost(self, error: SIPError | TransportError) -> None:
        self._alarms.heard()
        if not self._goes_on():
            self.end(Final(error.status if isinstance(error, SIPError) else self._failed))

    @property
    def _failed(self) -> int:
        """What a transport error is: a UA that is not there, or a 503 (RFC 3261 section 16.9)."""
        return 500 if self.target.binding is None else 480  # a 503 goes no further (16.7, step 6)

    def _goes_on(self) -> bool:
        """Whether its UA is waited for: already, or once more as it was lost (S-08)."""
        if self.waiting is not None:
            return True
        if self._woken_again or self._stopped:
            return False
        if not self.owner.wakes.may_push(self.target.binding):
            return False
        self._woken_again = True
        self._alarms.ring_no_more()
        self._wake()
        return self.final is None

    def _ring_on(self, leg: Leg) -> None:
        if leg.is_invite:
            self._alarms.ring(self.time_out)
