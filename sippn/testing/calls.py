"""A call that a scripted UA made."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from attrs import define, field
from twisted.internet.defer import Deferred

from sippn.sip import Request, Response
from sippn.testing.calls_dialog import Dialog, Renegotiation
from sippn.testing.ua_account import SDP
from sippn.testing.ua_client import UAC, Draft, Exchange
from sippn.testing.ua_wire import Repetition
from sippn.transport import Address


@define(eq=False)
class Call:
    """
    An INVITE and what came of it.

    Each of its Deferreds fires at most once and with a value, never with a failure, so
    that a test may leave alone those that it does not ask about.  Every 2xx is ACKed as
    often as it comes, by the route set that Record-Route gave.

    :ivar ringing: fires with the first response between 101 and 199.
    :ivar answered: fires with the first 2xx, its ACK sent.
    :ivar failed: fires with the final response that was none, its ACK sent; 408 where
        nobody answered at all.
    :ivar ended: fires when a BYE of either side was answered.
    :ivar provisionals: every 1xx, 100 included.
    :ivar answers: To tag to 2xx: more than one if a proxy let two phones answer.
    """

    _uac: UAC
    _contact: Callable[[], str]
    _server: Address
    ringing: Deferred[Response] = field(factory=Deferred, init=False)
    answered: Deferred[Response] = field(factory=Deferred, init=False)
    failed: Deferred[Response] = field(factory=Deferred, init=False)
    ended: Deferred[None] = field(factory=Deferred, init=False)
    provisionals: list[Response] = field(factory=list, init=False)
    answers: dict[str, Response] = field(factory=dict, init=False)
    _exchange: Exchange = field(init=False)
    _dialogs: dict[str, Dialog] = field(factory=dict, init=False)
    _renegotiation: Renegotiation = field(factory=Renegotiation, init=False)
    _cancelling: Deferred[Response] | None = field(default=None, init=False)
    _cancel_sent: bool = field(default=False, init=False)

    @property
    def invite(self) -> Request:
        """The INVITE as sent last: after a challenge it is another one."""
        return self._exchange.request

    @property
    def call_id(self) -> str:
        """What server and callee know it by."""
        return self.invite.call_id

    @property
    def dialog(self) -> Dialog:
        """
        The dialog of the first answer.

        :raises RuntimeError: nobody has answered.
        """
        if not self._dialogs:
            raise RuntimeError("nobody has answered: there is no dialog")
        return next(iter(self._dialogs.values()))

    @property
    def reinvites(self) -> list[Request]:
        """The callee's, in order, without retransmissions."""
        return self._renegotiation.reinvites

    @property
    def acks(self) -> list[Request]:
        """The ACKs to this side's answers to them."""
        return self._renegotiation.acks

    @property
    def in_progress(self) -> bool:
        """Whether anything can still happen to it."""
        return not (self.failed.called or self.ended.called)

    def start(self, draft: Draft) -> None:
        """Send the INVITE; :meth:`ScriptedUA.call <sippn.testing.ua.ScriptedUA.call>` does."""
        self._exchange = Exchange(draft, self._heard)
        self._uac.send(self._exchange)

    def hang_up(self) -> Deferred[Response]:
        """
        Send a BYE in the dialog of the first answer.

        :returns: fires with its final response.
        :raises RuntimeError: nobody has answered.
        """
        return self.request("BYE").addCallback(self._hung_up)

    def request(
        self, method: str, body: bytes = b"", extra: Iterable[tuple[str, str]] = ()
    ) -> Deferred[Response]:
        """Send any request but INVITE in the dialog of the first answer."""
        return self._uac.ask(self.dialog.draft(method, body, extra=extra)).final

    def reinvite(self, body: bytes = SDP) -> Deferred[Response]:
        """
        Send a re-INVITE in the dialog of the first answer; its 2xx is ACKed there.

        :returns: fires with its final response.
        """
        return self._renegotiation.offer(self._uac, self.dialog, body)

    def cancel_reinvite(self) -> Deferred[Response]:
        """
        Take the last re-INVITE back, which had a 1xx (section 9.1) and no final response.

        :returns: fires with the final response to the CANCEL.
        """
        return self._renegotiation.take_back(self._uac)

    def cancel(self) -> Deferred[Response]:
        """
        Take the INVITE back: at once if there was a 1xx, else at the first (section 9.1).

        A 2xx that crosses it is ACKed and hung up.

        :returns: fires with the final response to the CANCEL; never, if a final response
            to the INVITE was faster.
        """
        if self._cancelling is None:
            self._cancelling = Deferred()
            if self.provisionals:
                self._send_cancel()
        return self._cancelling

    def concerns(self, request: Request) -> bool:
        """Whether *request* is in one of its dialogs."""
        return any(dialog.concerns(request) for dialog in self._dialogs.values())

    def reinvite_received(self, reinvite: Request, answer: Repetition) -> None:
        """Take a re-INVITE, and say *answer* until its ACK comes."""
        dialog = next(each for each in self._dialogs.values() if each.concerns(reinvite))
        self._renegotiation.answer(dialog, reinvite, answer)

    def ack_received(self, ack: Request) -> None:
        """Note the ACK to the answer to a re-INVITE."""
        self._renegotiation.ack_received(ack)

    def bye_received(self) -> None:
        """The call is over; the UA tells it of the other side's BYE."""
        if not self.ended.called:
            self.ended.callback(None)

    def _heard(self, response: Response) -> None:
        if response.status < 200:
            self._progress(response)
        elif response.status < 300:
            self._answer(response)
        elif not self.failed.called:
            self.failed.callback(response)

    def _progress(self, response: Response) -> None:
        self.provisionals.append(response)
        if response.status > 100 and not self.ringing.called:
            self.ringing.callback(response)
        if self._cancelling is not None:
            self._send_cancel()

    def _answer(self, response: Response) -> None:
        tag = response.to.tag or ""
        new = tag not in self.answers
        if new:
            self.answers[tag] = response
            numbers = self._exchange.draft.numbers
            self._dialogs[tag] = Dialog.of_caller(response, self._contact, numbers, self._server)
        self._uac.acknowledge(self._dialogs[tag].draft("ACK"), self._exchange)
        if not self.answered.called:
            self.answered.callback(response)
        if new and self._cancelling is not None:
            self._uac.ask(self._dialogs[tag].draft("BYE")).final.addCallback(self._hung_up)

    def _send_cancel(self) -> None:
        if not self._cancel_sent and self._cancelling is not None:
            self._cancel_sent = True
            self._uac.cancel(self._exchange).final.addCallback(self._cancelling.callback)

    def _hung_up(self, response: Response) -> Response:
        self.bye_received()
        return response
