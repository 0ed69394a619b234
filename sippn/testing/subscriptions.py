"""
A subscription as both its ends see it: RFC 6665.

A NOTIFY is answered, and recorded, like any other request that comes to a UA.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from attrs import define, field
from twisted.internet.defer import Deferred

from sippn.sip import Request, Response
from sippn.testing.calls_dialog import Dialog
from sippn.testing.ua_client import UAC, Draft, Exchange
from sippn.testing.ua_wire import Repetition
from sippn.transport import Address


class NoCall:
    """What only happens inside calls."""

    def reinvite_received(self, reinvite: Request, answer: Repetition) -> None:
        """Leave it unanswered."""

    def ack_received(self, ack: Request) -> None:
        """Drop it."""

    def bye_received(self) -> None:
        """Go on."""


@define(eq=False)
class Subscription(NoCall):
    """
    One that a scripted UA made.

    :ivar answered: fires with the final response to the SUBSCRIBE, a refusal included.
    """

    _uac: UAC
    _draft: Draft
    _contact: Callable[[], str]
    _server: Address
    answered: Deferred[Response] = field(factory=Deferred, init=False)
    _exchange: Exchange = field(init=False)
    _dialog: Dialog | None = field(default=None, init=False)

    def start(self) -> None:
        """Send it; :meth:`ScriptedUA.subscribe <sippn.testing.ua.ScriptedUA.subscribe>` does."""
        self._exchange = Exchange(self._draft, self._heard)
        self._uac.send(self._exchange)

    @property
    def call_id(self) -> str:
        """What both sides know it by."""
        return self._exchange.request.call_id

    @property
    def dialog(self) -> Dialog:
        """
        Its dialog.

        :raises RuntimeError: nobody has accepted it.
        """
        if self._dialog is None:
            raise RuntimeError("nobody has accepted: there is no dialog")
        return self._dialog

    def refresh(self, expires: int = 3600) -> Deferred[Response]:
        """Subscribe again; for 0 seconds: end it.  Fires with the final response."""
        event = self._exchange.request.headers.get("Event") or ""
        extra = [("Event", event), ("Expires", str(expires))]
        return self._uac.ask(self.dialog.draft("SUBSCRIBE", extra=extra)).final

    def concerns(self, request: Request) -> bool:
        """Whether *request* is in its dialog, which a NOTIFY makes where it is the faster."""
        if self._dialog is not None:
            return self._dialog.concerns(request)
        sent = self._exchange.request
        return request.call_id == sent.call_id and request.to.tag == sent.from_.tag

    def _heard(self, response: Response) -> None:
        if response.status < 200:
            return
        if response.status < 300:
            numbers = self._draft.numbers
            self._dialog = Dialog.of_caller(response, self._contact, numbers, self._server)
        self.answered.callback(response)


@define(eq=False)
class ReceivedSubscription(NoCall):
    """One that a scripted UA accepted: *request* is the SUBSCRIBE."""

    _uac: UAC
    request: Request
    dialog: Dialog

    def notify(
        self, body: bytes = b"", state: str = "active", extra: Iterable[tuple[str, str]] = ()
    ) -> Deferred[Response]:
        """Send a NOTIFY; fires with its final response."""
        event = self.request.headers.get("Event") or ""
        fields = [("Event", event), ("Subscription-State", state), *extra]
        draft = self.dialog.draft("NOTIFY", body, "text/plain", fields)
        return self._uac.ask(draft).final

    def concerns(self, request: Request) -> bool:
        """Whether *request* is in its dialog."""
        return self.dialog.concerns(request)
