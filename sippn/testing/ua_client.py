"""
The requests of a scripted UA: numbered, repeated, answered when challenged.

RFC 3261 sections 8.1, 17.1 and 22.2 as a phone has them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from attrs import define, field, frozen
from twisted.internet.defer import Deferred

from sippn.sip import Headers, Request, Response, response_to
from sippn.testing.ua_account import Account
from sippn.testing.ua_credentials import answer_challenge
from sippn.testing.ua_wire import NEVER, T2, Repetition, Wire
from sippn.transport import Address

MAGIC_COOKIE = "z9hG4bK"
_LEGS = 4  # a 401, a 407, one of them stale: more is a loop
_FOLLOWS = ("Route", "Authorization", "Proxy-Authorization")  # what ACK and CANCEL repeat


@define(eq=False)
class Numbers:
    """CSeq numbers of one dialog or one registration (RFC 3261 section 12.2.1.1)."""

    last: int = 0

    def next(self) -> int:
        """One higher than the last."""
        self.last += 1
        return self.last


@frozen
class Draft:
    """
    A request before it is sent, which a challenge makes happen twice.

    :ivar fields: all but Via, Max-Forwards, CSeq and credentials.
    :ivar numbers: where its CSeq comes from, at every leg.
    :ivar to: the next hop.
    """

    method: str
    uri: str
    fields: tuple[tuple[str, str], ...] = field(repr=False)  # a Contact has a PRID
    numbers: Numbers
    to: Address
    body: bytes = b""


def _unheard(response: Response) -> None:
    """For who waits for the final response only."""


@define(eq=False)
class Exchange:
    """
    One request as its author sees it: every leg, one final response.

    :ivar heard: told each response but challenges that were met; a 2xx to an INVITE as
        often as it comes, since its author has to ACK each.
    :ivar request: as sent last.
    :ivar final: the final response; 408 where nobody answered (section 8.1.3.1).
    :ivar legs: how often it was sent, challenges counted and retransmissions not.
    """

    draft: Draft
    heard: Callable[[Response], None] = _unheard
    request: Request = field(init=False)
    final: Deferred[Response] = field(factory=Deferred, init=False)
    legs: int = field(default=0, init=False)
    credentials: dict[str, str] = field(factory=dict, init=False)


@define(eq=False)
class _Leg:
    exchange: Exchange
    request: Request
    repetition: Repetition = field(init=False)
    done: bool = field(default=False, init=False)


def follow_up(request: Request, method: str, to: str) -> Request:
    """The ACK to a non-2xx, or the CANCEL, of *request* (sections 17.1.1.3 and 9.1)."""
    headers = Headers()
    headers.add("Via", request.headers.get("Via") or "")
    headers.add("Max-Forwards", "70")
    headers.add("From", request.headers.get("From") or "")
    headers.add("To", to)
    headers.add("Call-ID", request.call_id)
    headers.add("CSeq", f"{request.cseq.number} {method}")
    for name in _FOLLOWS:
        for value in request.headers.get_all(name):
            headers.add(name, value)
    return Request(method, request.uri, headers)


@define(eq=False)
class UAC:
    """
    Sends requests and tells their authors what came of them.

    :ivar account: whose credentials it uses, as they are by then.
    :ivar challenges: 401 and 407 responses it got.
    """

    _wire: Wire
    account: Callable[[], Account]
    challenges: int = field(default=0, init=False)
    _legs: dict[tuple[str, str], _Leg] = field(factory=dict, init=False)

    def ask(self, draft: Draft, heard: Callable[[Response], None] = _unheard) -> Exchange:
        """Send *draft*, and tell *heard* what comes back."""
        exchange = Exchange(draft, heard)
        self.send(exchange)
        return exchange

    def send(self, exchange: Exchange) -> None:
        """Send the next leg of *exchange*, with the credentials it has by then."""
        draft = exchange.draft
        request = self._request(draft, draft.numbers.next(), exchange.credentials.items())
        self._send_leg(exchange, request)

    def cancel(self, exchange: Exchange) -> Exchange:
        """Send the CANCEL of an INVITE; the 487 comes to the INVITE's author."""
        request = exchange.request
        cancel = follow_up(request, "CANCEL", request.headers.get("To") or "")
        cancelling = Exchange(exchange.draft)
        self._send_leg(cancelling, cancel)
        return cancelling

    def acknowledge(self, draft: Draft, exchange: Exchange) -> None:
        """Send the ACK of a 2xx: a transaction of its own without response (section 13.2.2.4)."""
        number = exchange.request.cseq.number
        request = self._request(draft, number, exchange.credentials.items())
        self._wire.send(request, draft.to)

    def receive(self, response: Response) -> None:
        """Bring *response* to its request; a stray one is dropped (RFC 6026)."""
        leg = self._legs.get((response.via.branch or "", response.cseq.method))
        if leg is None:
            return
        if response.status < 200:
            self._provisional(leg, response)
        else:
            self._final(leg, response)

    def forget(self) -> None:
        """Drop what is only kept to ACK late repetitions."""
        self._legs = {key: leg for key, leg in self._legs.items() if not leg.done}

    def _send_leg(self, exchange: Exchange, request: Request) -> None:
        leg = _Leg(exchange, request)
        exchange.request = request
        exchange.legs += 1
        self._legs[request.via.branch or "", request.method] = leg
        most = NEVER if request.method == "INVITE" else T2
        leg.repetition = Repetition(
            self._wire, request, exchange.draft.to, lambda: self._timed_out(leg), most
        )
        leg.repetition.start()

    def _request(
        self, draft: Draft, number: int, credentials: Iterable[tuple[str, str]]
    ) -> Request:
        headers = Headers()
        branch = MAGIC_COOKIE + self._wire.random()
        headers.add("Via", f"{self._wire.sent_by};branch={branch}")
        headers.add("Max-Forwards", "70")
        for name, value in draft.fields:
            headers.add(name, value)
        headers.add("CSeq", f"{number} {draft.method}")
        for name, value in credentials:
            headers.add(name, value)
        return Request(draft.method, draft.uri, headers, draft.body)

    def _provisional(self, leg: _Leg, response: Response) -> None:
        if leg.request.method == "INVITE":
            leg.repetition.stop()
        else:
            leg.repetition.slow_down()
        leg.exchange.heard(response)

    def _final(self, leg: _Leg, response: Response) -> None:
        first, leg.done = not leg.done, True
        leg.repetition.stop()
        if leg.request.method == "INVITE" and response.status >= 300:
            ack = follow_up(leg.request, "ACK", response.headers.get("To") or "")
            self._wire.send(ack, leg.exchange.draft.to)
        elif leg.request.method == "INVITE":
            first = True  # a second phone's 2xx, or a repeated one: ACK each
        if first and not self._met(leg, response):
            self._told(leg.exchange, response)

    def _met(self, leg: _Leg, response: Response) -> bool:
        """Answer a challenge where that can be done."""
        if response.status not in (401, 407) or leg.request.method == "CANCEL":
            return False
        self.challenges += 1
        exchange = leg.exchange
        proof = answer_challenge(response, leg.request, self.account(), self._wire.random())
        if proof is None or exchange.legs >= _LEGS:
            return False
        if proof.name in exchange.credentials and not proof.stale:
            return False  # the password is wrong, and saying it again helps nobody
        exchange.credentials[proof.name] = proof.value
        self.send(exchange)
        return True

    def _timed_out(self, leg: _Leg) -> None:
        leg.done = True
        self._told(leg.exchange, response_to(leg.request, 408))

    def _told(self, exchange: Exchange, response: Response) -> None:
        exchange.heard(response)
        if not exchange.final.called:
            exchange.final.callback(response)
