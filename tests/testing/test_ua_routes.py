"""The caller's side of a scripted call, against a proxy played by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from attrs import define, field
from twisted.internet.task import Clock

from sippn.sip import Request, Response, read, response_to, write, write_challenge
from sippn.testing.endpoints import Suspension
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from sippn.testing.ua_account import Account
from sippn.transport import Address

BOB = Address("192.0.2.20", 5064)
SERVER = Address("192.0.2.1", 5060)
TARGET = "sip:alice@example.com"


def entropy() -> Callable[[int], bytes]:
    """Octets that never repeat."""
    count = iter(range(1, 1000))
    return lambda octets: next(count).to_bytes(octets, "big")


def methods(messages: Iterable[Request | Response]) -> list[str]:
    """The messages in short: requests by method, responses by status."""
    return [m.method if isinstance(m, Request) else str(m.status) for m in messages]


@define(eq=False)
class Proxy:
    """A server played by hand: keeps what the UA sends, and to whom."""

    address: Address = BOB
    receive: Callable[[bytes, Address], None] = field(init=False)
    heard: list[tuple[Request, Address]] = field(factory=list)
    transport: str = "UDP"

    def send(self, octets: bytes, to: Address) -> None:
        """What the UA calls."""
        message = read(octets)
        assert isinstance(message, Request)
        self.heard.append((message, to))

    def suspend(self, how: Suspension) -> None:
        """It has no connections."""

    def resume(self) -> None:
        """The same."""

    def close(self) -> None:
        """Nobody calls it here."""

    def answer(self, status: int, tag: str, extra: Iterable[tuple[str, str]] = ()) -> None:
        """Answer the INVITE heard last."""
        invite = next(m for m, _ in reversed(self.heard) if m.method == "INVITE")
        self.receive(write(response_to(invite, status, extra=extra, to_tag=tag)), SERVER)


@pytest.fixture
def proxy() -> Proxy:
    return Proxy()


@pytest.fixture
def caller(proxy: Proxy) -> ScriptedUA:
    account = Account("bob", "example.com", "secret")
    return ScriptedUA(account, proxy, SERVER, Clock(), entropy())


ROUTES = (
    ("Record-Route", "<sip:192.0.2.3:5070;lr>, <sip:192.0.2.2;lr>"),
    ("Record-Route", "<sip:192.0.2.1:5060;lr>"),
    ("Contact", "<sip:alice@192.0.2.10:5062;x=1>"),
)


def test_route_set_is_the_record_routes_reversed(caller: ScriptedUA, proxy: Proxy) -> None:
    """RFC 3261 sections 12.1.2 and 13.2.2.4: ACK and BYE by the route set to the Contact."""
    call = caller.call(TARGET)
    proxy.answer(200, "a", ROUTES)
    call.hang_up()
    (invite, _), (ack, ack_to), (bye, bye_to) = proxy.heard
    assert ack.headers.get_all("Route") == bye.headers.get_all("Route")
    assert bye.headers.get_all("Route") == [
        "<sip:192.0.2.1:5060;lr>",
        "<sip:192.0.2.2;lr>",
        "<sip:192.0.2.3:5070;lr>",
    ]
    assert ack.uri == bye.uri == "sip:alice@192.0.2.10:5062;x=1"
    assert ack_to == bye_to == SERVER
    assert ack.cseq.number == invite.cseq.number == bye.cseq.number - 1
    assert ack.via.branch != invite.via.branch
    assert (bye.to.tag, bye.from_.tag) == ("a", invite.from_.tag)


def test_without_record_route_it_goes_to_the_contact(caller: ScriptedUA, proxy: Proxy) -> None:
    """RFC 3261 section 12.2.1.1; a host name is left to the server."""
    caller.call(TARGET)
    proxy.answer(200, "a", [("Contact", "<sip:alice@192.0.2.10:5062>")])
    caller.call(TARGET)
    proxy.answer(200, "a", [("Contact", "<sip:alice@phone.example.com>")])
    acks = [to for message, to in proxy.heard if message.method == "ACK"]
    assert acks == [Address("192.0.2.10", 5062), SERVER]


def test_second_phone_that_answers_is_seen(caller: ScriptedUA, proxy: Proxy) -> None:
    """Two 2xx to one INVITE: both are ACKed, both are on the record."""
    call = caller.call(TARGET)
    proxy.answer(200, "a", ROUTES)
    proxy.answer(200, "b", ROUTES)
    assert list(call.answers) == ["a", "b"]
    acks = [m.to.tag for m, _ in proxy.heard if m.method == "ACK"]
    assert acks == ["a", "b"]


def test_challenged_invite_is_acked_and_sent_again(caller: ScriptedUA, proxy: Proxy) -> None:
    """RFC 3261 section 22: the 407 is ACKed, and the ACK of the 2xx has the credentials."""
    call = caller.call(TARGET)
    challenge = [("Proxy-Authenticate", write_challenge("r", "n", "SHA-256"))]
    proxy.answer(407, "p", challenge)
    proxy.answer(200, "a", ROUTES)
    assert methods(m for m, _ in proxy.heard) == ["INVITE", "ACK", "INVITE", "ACK"]
    (first, _), (refused, _), (second, _), (ack, _) = proxy.heard
    assert refused.via.branch == first.via.branch
    assert (second.call_id, second.cseq.number) == (first.call_id, 2)
    proof = second.headers.get("Proxy-Authorization")
    assert proof == ack.headers.get("Proxy-Authorization")
    assert proof is not None
    assert ack.cseq.number == 2
    assert call.invite.via.branch == second.via.branch


def test_late_refusals_are_acked_again(caller: ScriptedUA, proxy: Proxy) -> None:
    """A lost ACK is repeated, and the call fails once."""
    call = caller.call(TARGET)
    proxy.answer(486, "a")
    proxy.answer(486, "a")
    assert methods(m for m, _ in proxy.heard) == ["INVITE", "ACK", "ACK"]
    assert succeeded(call.failed).status == 486


def test_challenged_cancel_is_not_answered(caller: ScriptedUA, proxy: Proxy) -> None:
    """RFC 3261 section 22.1: a CANCEL cannot be sent again; a 407 to it is its end."""
    call = caller.call(TARGET)
    proxy.answer(180, "a")
    cancelled = call.cancel()
    cancel = proxy.heard[-1][0]
    challenge = [("Proxy-Authenticate", write_challenge("r", "n", "MD5"))]
    proxy.receive(write(response_to(cancel, 407, extra=challenge)), SERVER)
    assert succeeded(cancelled).status == 407
    assert methods(m for m, _ in proxy.heard) == ["INVITE", "CANCEL"]
