"""Client transactions: a request goes out, its responses come back (RFC 3261 section 17.1)."""

from __future__ import annotations

from typing import Protocol, TypeAlias

from attrs import define, field

from sippn.errors import RequestTimeout, TransportError
from sippn.sip import Request, Response, write
from sippn.transaction.machine import Action, Input
from sippn.transaction.matching import client_key
from sippn.transaction.requests import ack_to, cancel_of
from sippn.transaction.tables import INVITE_CLIENT, NON_INVITE_CLIENT
from sippn.transaction.transaction import Act, Transaction, starts

NoResponse: TypeAlias = RequestTimeout | TransportError


class ClientObserver(Protocol):
    """
    The TU that sent the request.

    A final response or :meth:`no_response` is the last it hears, and it hears one of them
    once; except that after a 2xx to an INVITE further 2xx may come (RFC 6026).
    Nothing of it is called before :meth:`TransactionLayer.send` has returned.
    """

    def response_received(self, response: Response) -> None:
        """Take a response; the topmost Via is still ours."""

    def no_response(self, error: NoResponse) -> None:
        """Take it that the request is lost: no answer in time, or it could not be sent."""

    def flow_lost(self) -> None:
        """
        Learn that the connection is gone on which the request was sent.

        This is no end: the peer may have read the request, and until the timers are over
        a response may come on another connection.  After a final response it is not told.
        """


class _Nobody:
    """Hears nothing: who cancels does not care for the answer, who was told is done."""

    def response_received(self, response: Response) -> None:
        """Let it go."""

    def no_response(self, error: NoResponse) -> None:
        """Let it go."""

    def flow_lost(self) -> None:
        """Let it go."""


_NOBODY = _Nobody()
_start_cancel_timer = starts(Input.TIMER_CANCEL)


@define(eq=False)
class ClientTransaction(Transaction):
    """
    One request to one next hop, sent until something comes back.

    :ivar request: as it was sent, our Via on top.
    :ivar flow: where it was sent.
    """

    request: Request
    _observer: ClientObserver

    @classmethod
    def _acts(cls) -> dict[Action, Act]:
        return {
            **super()._acts(),
            Action.SEND_REQUEST: cls._send_request,
            Action.RESEND_REQUEST: cls._resend_request,
            Action.REPORT: cls._report,
            Action.REPORT_FINAL: cls._report_final,
            Action.REPORT_LOSS: cls._report_loss,
            Action.INFORM_TU: cls._inform,
        }

    def cancel(self, reason: str = "") -> None:
        """
        Take the request back, if it is an INVITE without a final response.

        The CANCEL leaves when a provisional response has come, and not before; until then
        the INVITE is not repeated.  The final response is reported as ever, mostly a 487,
        at times a 2xx that raced; if none follows in 64*T1, :class:`RequestTimeout` is.
        Other requests are left alone (RFC 3261 section 9.1).

        :param reason: value of a Reason field (RFC 3326); empty: none.
        """

    def hush(self) -> None:
        """
        Repeat the request no more, without taking it back.

        For who has found another way to the same UA, and would ring it on both.
        Everything else goes on and ends in its time.
        """
        self.feed(Input.HUSH)

    def receive(self, response: Response) -> None:
        """Take a response that belongs here; the layer's own."""
        self.feed(Input.PROVISIONAL if response.status < 200 else Input.FINAL, response)

    def flow_lost(self) -> None:
        """
        Learn that the connection is gone; the flow's own.

        The TU is told in a later turn: if it raised it would keep the news from the
        flow's other users, and the flow may be lost by what is just being sent.
        """
        self._clockwork.clock.callLater(0, self.feed, Input.FLOW_LOST)

    def begin(self, message: object = None) -> None:
        """
        Send the request.

        :raises ValueError: it cannot be written; then nothing has begun.
        """
        self._octets = write(self.request)
        super().begin(message)

    def _send_request(self, _: object) -> None:
        try:
            self._outlet.transmit(self.flow, self._octets, self.request)
        except TransportError as error:
            # a TU that is told while it is still sending has nowhere to put that
            self._clockwork.clock.callLater(0, self.feed, Input.TRANSPORT_ERROR, error)

    def _resend_request(self, _: object) -> None:
        self._transmit(self.request)

    def _transmit(self, request: Request | None) -> None:
        try:
            self._outlet.transmit(self.flow, self._octets, request)
        except TransportError as error:
            self.feed(Input.TRANSPORT_ERROR, error)

    def _report(self, response: Response) -> None:
        self._observer.response_received(response)

    def _report_final(self, response: Response) -> None:
        observer, self._observer = self._observer, _NOBODY
        observer.response_received(response)

    def _report_loss(self, _: object) -> None:
        self._observer.flow_lost()

    def _inform(self, error: TransportError | None) -> None:
        observer, self._observer = self._observer, _NOBODY
        observer.no_response(RequestTimeout("Nobody answered") if error is None else error)


@define(eq=False)
class NonInviteClient(ClientTransaction):
    """Any other request (RFC 3261 section 17.1.2)."""

    @classmethod
    def _acts(cls) -> dict[Action, Act]:
        return {
            **super()._acts(),
            Action.START_E: cls._start_e,
            Action.DOUBLE_E: cls._double_e,
            Action.SLOW_E: cls._slow_e,
            Action.START_F: starts(Input.TIMER_F),
            Action.START_K: starts(Input.TIMER_K),
        }

    def _start_e(self, _: object) -> None:
        self._repeat(Input.TIMER_E, self._clockwork.timers.e)

    def _double_e(self, _: object) -> None:
        self._repeat(Input.TIMER_E, min(2 * self._interval, self._clockwork.timers.t2))

    def _slow_e(self, _: object) -> None:
        self._repeat(Input.TIMER_E, self._clockwork.timers.t2)


@define(eq=False)
class InviteClient(ClientTransaction):
    """
    An INVITE (RFC 3261 section 17.1.1, RFC 6026).

    :ivar _cancel: is held, or was sent; None: nobody has cancelled.
    """

    _cancel: Request | None = field(default=None, init=False)

    @classmethod
    def _acts(cls) -> dict[Action, Act]:
        return {
            **super()._acts(),
            Action.START_A: cls._start_a,
            Action.DOUBLE_A: cls._double_a,
            Action.START_B: starts(Input.TIMER_B),
            Action.START_D: starts(Input.TIMER_D),
            Action.START_M: starts(Input.TIMER_M),
            Action.SEND_ACK: cls._send_ack,
            Action.RESEND_ACK: cls._resend_ack,
            Action.HOLD_CANCEL: cls._hold_cancel,
            Action.SEND_HELD_CANCEL: cls._send_held_cancel,
            Action.SEND_CANCEL: cls._send_cancel,
            Action.LEAVE_TU: cls._leave,
        }

    def cancel(self, reason: str = "") -> None:
        """Take the INVITE back; see :meth:`ClientTransaction.cancel`."""
        if self._cancel is None:
            self.feed(Input.CANCEL, cancel_of(self.request, reason))

    def receive(self, response: Response) -> None:
        """Take a response that belongs here; the layer's own."""
        if 200 <= response.status < 300:
            self.feed(Input.SUCCESS, response)
        else:
            self.feed(Input.PROVISIONAL if response.status < 200 else Input.FAILURE, response)

    def _start_a(self, _: object) -> None:
        self._repeat(Input.TIMER_A, self._clockwork.timers.a)

    def _double_a(self, _: object) -> None:
        self._repeat(Input.TIMER_A, 2 * self._interval)

    def _send_ack(self, response: Response) -> None:
        ack = ack_to(self.request, response)
        self._octets = write(ack)
        self._transmit(ack)

    def _resend_ack(self, _: object) -> None:
        self._transmit(None)

    def _hold_cancel(self, cancel: Request) -> None:
        self._cancel = cancel

    def _send_held_cancel(self, _: object) -> None:
        if self._cancel is not None:
            self._send_cancel(self._cancel)

    def _send_cancel(self, cancel: Request) -> None:
        self._cancel = cancel
        _start_cancel_timer(self, None)
        NonInviteClient(
            self._clockwork,
            self._outlet,
            self._table,
            client_key(cancel),
            self.flow,
            cancel,
            _NOBODY,
        ).begin()

    def _leave(self, _: object) -> None:
        self._observer = _NOBODY


NonInviteClient.follow(NON_INVITE_CLIENT)
InviteClient.follow(INVITE_CLIENT)
