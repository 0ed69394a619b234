"""
The requests that come to a scripted UA: told from their repetitions, and answered.

RFC 3261 sections 8.2 and 17.2 as a phone has them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, TypeAlias

from attrs import define, field

from sippn.sip import Request, Response, response_to
from sippn.testing.calls_dialog import Dialog
from sippn.testing.calls_received import Policy, ReceivedCall, ring_then_answer
from sippn.testing.subscriptions import ReceivedSubscription
from sippn.testing.ua_account import SDP
from sippn.testing.ua_client import UAC
from sippn.testing.ua_wire import Repetition, Wire
from sippn.transport import Address

Key: TypeAlias = tuple[str, str, int | None, str]
TARGETS = {"SUBSCRIBE", "UPDATE", "NOTIFY", "REFER"}  # RFC 3311, RFC 6665: Contact in the 2xx
REPLIES = {"OPTIONS": 200, "MESSAGE": 200, "NOTIFY": 200, "INFO": 200}


class Dialogs(Protocol):
    """A call or a subscription of either direction, for requests inside it."""

    def concerns(self, request: Request) -> bool:
        """Whether *request* is in one of its dialogs."""

    def reinvite_received(self, reinvite: Request, answer: Repetition) -> None:
        """Take a re-INVITE, and say *answer* until its ACK comes."""

    def ack_received(self, ack: Request) -> None:
        """The other side heard a final answer."""

    def bye_received(self) -> None:
        """The other side hung up."""


def _key(request: Request, method: str) -> Key:
    via = request.via
    return via.branch or "", via.host, via.port, method


def _nothing() -> None:
    pass


@define(eq=False)
class UAS:
    """
    Answers what comes.

    :ivar policy: what is done about a new INVITE.
    :ivar replies: method to status, for what is neither INVITE, ACK, BYE nor CANCEL.
    :ivar calls: one for each INVITE that came, however often it came.
    :ivar subscriptions: one for each SUBSCRIBE that *replies* accepts, outside a dialog.
    :ivar requests: all other requests but ACK, retransmissions left out.
    """

    _wire: Wire
    _uac: UAC
    _server: Address
    _contact: Callable[[], str]
    _made: Callable[[], list[Dialogs]]
    policy: Policy = field(factory=lambda: ring_then_answer(0), init=False)
    replies: dict[str, int] = field(factory=REPLIES.copy, init=False)
    calls: list[ReceivedCall] = field(factory=list, init=False)
    subscriptions: list[ReceivedSubscription] = field(factory=list, init=False)
    requests: list[Request] = field(factory=list, init=False)
    _invites: dict[Key, ReceivedCall] = field(factory=dict, init=False)
    _answered: dict[Key, Response] = field(factory=dict, init=False)

    def receive(self, request: Request, source: Address) -> None:
        """Take one request, whichever it is."""
        key = _key(request, request.method)
        if request.method == "ACK":
            self._ack(request)
        elif key in self._invites:
            self._invites[key].retransmitted()
        elif key in self._answered:
            self._wire.send(self._answered[key], source)
        elif request.method == "INVITE" and request.to.tag is None:
            self._invite(key, request, source)
        elif request.method == "INVITE" and (call := self._call_of(request)) is not None:
            self._reinvite(key, call, request, source)
        else:
            self.requests.append(request)
            response, then = self._reply(request)
            self._answered[key] = response
            self._wire.send(response, source)
            then()

    def forget(self) -> None:
        """Drop what is over, its repetitions will be answered as if they were new."""
        self._answered.clear()
        self.requests.clear()
        self.calls = [call for call in self.calls if not call.ended.called and call.status < 300]
        kept = set(map(id, self.calls))
        self._invites = {key: call for key, call in self._invites.items() if id(call) in kept}

    def _ack(self, ack: Request) -> None:
        call = self._call_of(ack)
        if call is not None:
            call.ack_received(ack)

    def _invite(self, key: Key, invite: Request, source: Address) -> None:
        tag = self._wire.random()
        dialog = Dialog.of_callee(invite, tag, self._contact, self._server)
        call = ReceivedCall(invite, source, tag, dialog, self._wire, self._uac)
        self._invites[key] = call
        self.calls.append(call)
        self.policy(call)

    def _reinvite(self, key: Key, call: Dialogs, request: Request, source: Address) -> None:
        extra = [("Contact", self._contact()), ("Content-Type", "application/sdp")]
        self._answered[key] = response_to(request, 200, extra=extra, body=SDP)
        answer = Repetition(self._wire, self._answered[key], source, _nothing, always=True)
        call.reinvite_received(request, answer)

    def _reply(self, request: Request) -> tuple[Response, Callable[[], None]]:
        """The answer, and what follows once it is out."""
        if request.method == "CANCEL":
            return self._cancel(request)
        if request.to.tag is not None:
            return self._in_dialog(request)
        status = self.replies.get(request.method, 405)
        if request.method == "SUBSCRIBE" and status < 300:
            return self._subscribe(request, status), _nothing
        return response_to(request, status, to_tag=self._wire.random()), _nothing

    def _subscribe(self, request: Request, status: int) -> Response:
        tag = self._wire.random()
        dialog = Dialog.of_callee(request, tag, self._contact, self._server)
        self.subscriptions.append(ReceivedSubscription(self._uac, request, dialog))
        extra = [
            *(("Record-Route", value) for value in request.headers.get_all("Record-Route")),
            *self._refreshed(request),
        ]
        return response_to(request, status, extra=extra, to_tag=tag)

    def _refreshed(self, request: Request) -> list[tuple[str, str]]:
        """What a 2xx to *request* says besides, where that makes or refreshes a target."""
        if request.method not in TARGETS:
            return []
        expires = request.headers.get("Expires")
        return [("Contact", self._contact()), *([("Expires", expires)] if expires else [])]

    def _cancel(self, cancel: Request) -> tuple[Response, Callable[[], None]]:
        call = self._invites.get(_key(cancel, "INVITE"))
        if call is None:
            return response_to(cancel, 481, to_tag=self._wire.random()), _nothing
        return response_to(cancel, 200, to_tag=call.tag), call.cancel_received

    def _in_dialog(self, request: Request) -> tuple[Response, Callable[[], None]]:
        call = self._call_of(request)
        if call is None:
            return response_to(request, 481), _nothing
        if request.method == "BYE":
            return response_to(request, 200), call.bye_received
        status = self.replies.get(request.method, 200)
        extra = self._refreshed(request) if status < 300 else []
        return response_to(request, status, extra=extra), _nothing

    def _call_of(self, request: Request) -> Dialogs | None:
        return next((call for call in self._both_ways() if call.concerns(request)), None)

    def _both_ways(self) -> Iterator[Dialogs]:
        yield from self.calls
        yield from self.subscriptions
        yield from self._made()
