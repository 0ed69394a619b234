"""
A call that a scripted UA received, and what a phone does about one.

A policy is any callable that takes a :class:`ReceivedCall`; those here are the usual
ones.  A test that wants to decide by itself takes :func:`by_hand`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall

from sippn.sip import Request, Response, response_to
from sippn.testing.calls_dialog import Dialog, Renegotiation
from sippn.testing.ua_account import SDP
from sippn.testing.ua_client import UAC
from sippn.testing.ua_wire import Repetition, Wire
from sippn.transport import Address


@define(eq=False)
class ReceivedCall:
    """
    An INVITE that came, and the answers it gets.

    Its Deferreds fire at most once and with a value, like those of
    :class:`~sippn.testing.calls.Call`.

    :ivar invite: the INVITE; *source* is where it came from and its answers go.
    :ivar tag: the To tag of every answer.
    :ivar retransmissions: how often the very same INVITE came again.
    :ivar status: of the last answer; 0: none yet.
    :ivar cancelled: a CANCEL took it back.
    :ivar acked: fires with the ACK to the final answer.
    :ivar ended: fires when a BYE of either side was answered.
    """

    invite: Request
    source: Address
    tag: str
    dialog: Dialog
    _wire: Wire
    _uac: UAC
    retransmissions: int = field(default=0, init=False)
    status: int = field(default=0, init=False)
    cancelled: bool = field(default=False, init=False)
    acked: Deferred[Request] = field(factory=Deferred, init=False)
    ended: Deferred[None] = field(factory=Deferred, init=False)
    _renegotiation: Renegotiation = field(factory=Renegotiation, init=False)
    _last: Response | None = field(default=None, init=False)
    _repetition: Repetition | None = field(default=None, init=False)
    _waiting: list[IDelayedCall] = field(factory=list, init=False)

    @property
    def reinvites(self) -> list[Request]:
        """The caller's, in order, without retransmissions."""
        return self._renegotiation.reinvites

    @property
    def acks(self) -> list[Request]:
        """Every ACK of the caller, those to re-INVITEs included."""
        return self._renegotiation.acks

    def trying(self) -> None:
        """Send 100."""
        self._provisional(100)

    def ring(self, status: int = 180) -> None:
        """Send a provisional response; nothing once a final one is out."""
        self._provisional(status)

    def answer(self, body: bytes = SDP) -> None:
        """Send 200 until its ACK comes; nothing once a final response is out."""
        extra = [*self._record_route(), ("Contact", self.dialog.contact())]
        if body:
            extra.append(("Content-Type", "application/sdp"))
        response = response_to(self.invite, 200, extra=extra, body=body, to_tag=self.tag)
        self._final(response)

    def reject(self, status: int, reason: str = "") -> None:
        """Send any other final response until its ACK comes."""
        self._final(response_to(self.invite, status, reason, to_tag=self.tag))

    def hang_up(self) -> Deferred[Response]:
        """Send a BYE; fires with its final response."""
        return self.request("BYE").addCallback(self._hung_up)

    def request(
        self, method: str, body: bytes = b"", extra: Iterable[tuple[str, str]] = ()
    ) -> Deferred[Response]:
        """Send any request but INVITE in the dialog."""
        return self._uac.ask(self.dialog.draft(method, body, extra=extra)).final

    def reinvite(self, body: bytes = SDP) -> Deferred[Response]:
        """Send a re-INVITE, whose 2xx is ACKed; fires with its final response."""
        return self._renegotiation.offer(self._uac, self.dialog, body)

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do *action* on the UA's clock, unless the call has its final answer by then."""
        self._waiting.append(self._wire.clock.callLater(seconds, action))

    def concerns(self, request: Request) -> bool:
        """Whether *request* is in its dialog."""
        return self.dialog.concerns(request)

    def bye_received(self) -> None:
        """The call is over; the UA tells it of the other side's BYE."""
        if not self.ended.called:
            self.ended.callback(None)

    def reinvite_received(self, reinvite: Request, answer: Repetition) -> None:
        """Take a re-INVITE, and say *answer* until its ACK comes."""
        self._renegotiation.answer(self.dialog, reinvite, answer)

    def ack_received(self, ack: Request) -> None:
        """The final answer, of this INVITE or a later one, arrived: say it no more."""
        self._renegotiation.ack_received(ack)
        if self._repetition is not None:
            self._repetition.stop()
        if not self.acked.called:
            self.acked.callback(ack)

    def cancel_received(self) -> None:
        """Send 487, unless the final answer was faster (section 9.2)."""
        if self.status < 200:
            self.cancelled = True
            self.reject(487)

    def retransmitted(self) -> None:
        """The same INVITE again: the last answer again."""
        self.retransmissions += 1
        if self._last is not None:
            self._wire.send(self._last, self.source)

    def _provisional(self, status: int) -> None:
        if self.status >= 200:
            return
        tag = self.tag if status > 100 else ""
        extra = [*self._record_route(), ("Contact", self.dialog.contact())] if tag else []
        self.status = status
        self._last = response_to(self.invite, status, extra=extra, to_tag=tag)
        self._wire.send(self._last, self.source)

    def _final(self, response: Response) -> None:
        if self.status >= 200:
            return
        for timer in self._waiting:
            if timer.active():
                timer.cancel()
        self.status, self._last = response.status, response
        self._repetition = Repetition(
            self._wire, response, self.source, lambda: None, always=response.status < 300
        )
        self._repetition.start()

    def _record_route(self) -> list[tuple[str, str]]:
        return [("Record-Route", value) for value in self.invite.headers.get_all("Record-Route")]

    def _hung_up(self, response: Response) -> Response:
        self.bye_received()
        return response


Policy: TypeAlias = Callable[[ReceivedCall], None]


def answer_at_once(call: ReceivedCall) -> None:
    """200 without a 180, as linphone's auto answer does."""
    call.answer()


def ring_then_answer(seconds: float) -> Policy:
    """180 now, 200 after *seconds* unless the caller gave up."""

    def policy(call: ReceivedCall) -> None:
        call.ring()
        call.later(seconds, call.answer)

    return policy


def ring(call: ReceivedCall) -> None:
    """180, and nobody picks up."""
    call.ring()


def reject(status: int, reason: str = "") -> Policy:
    """A final response that refuses, e.g. 486 or 603."""

    def policy(call: ReceivedCall) -> None:
        call.reject(status, reason)

    return policy


def ignore(call: ReceivedCall) -> None:
    """No answer at all: the phone is gone and its binding is not."""


def by_hand(call: ReceivedCall) -> None:
    """100; the test does the rest with :class:`ReceivedCall`'s methods."""
    call.trying()
