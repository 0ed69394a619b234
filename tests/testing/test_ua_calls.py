"""Calls of scripted UAs: with each other, and with a server played by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import pytest
from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from sippn.sip import Request, Response, read, response_to, write, write_challenge
from sippn.testing.calls import Call
from sippn.testing.calls_received import (
    Policy,
    answer_at_once,
    by_hand,
    ignore,
    reject,
    ring,
    ring_then_answer,
)
from sippn.testing.ua import ScriptedUA
from sippn.testing.ua_account import SDP, Account
from sippn.transport import Address

ALICE, BOB = Address("192.0.2.10", 5062), Address("192.0.2.20", 5064)
SERVER = Address("192.0.2.1", 5060)
TARGET = "sip:alice@example.com"
T = TypeVar("T")


@define(eq=False)
class Socket:
    """A socket of a network in memory that delivers at once."""

    address: Address
    net: dict[Address, Socket]
    receive: Callable[[bytes, Address], None] = field(init=False)

    def send(self, octets: bytes, to: Address) -> None:
        """Hand it over."""
        if to in self.net:
            self.net[to].receive(octets, self.address)

    def close(self) -> None:
        """Nobody calls it here."""


def entropy(seed: int) -> Callable[[int], bytes]:
    """Octets that never repeat."""
    count = iter(range(seed, seed + 1000))
    return lambda octets: next(count).to_bytes(octets, "big")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def net() -> dict[Address, Socket]:
    return {}


@pytest.fixture
def alice(net: dict[Address, Socket], clock: Clock) -> ScriptedUA:
    """The callee; her server is bob."""
    net[ALICE] = Socket(ALICE, net)
    return ScriptedUA(Account("alice", "example.com"), net[ALICE], BOB, clock, entropy(1))


@pytest.fixture
def bob(net: dict[Address, Socket], clock: Clock) -> ScriptedUA:
    """The caller; his server is alice."""
    net[BOB] = Socket(BOB, net)
    return ScriptedUA(Account("bob", "example.com"), net[BOB], ALICE, clock, entropy(5000))


def value(fired: Deferred[T]) -> T:
    """What *fired* has."""
    values: list[T] = []
    fired.addCallback(values.append)
    return values[0]


def methods(messages: Iterable[Request | Response]) -> list[str]:
    """The messages in short: requests by method, responses by status."""
    return [m.method if isinstance(m, Request) else str(m.status) for m in messages]


def test_call_is_rung_answered_and_hung_up(
    alice: ScriptedUA, bob: ScriptedUA, clock: Clock
) -> None:
    """RFC 3261 section 4: INVITE, 180, 200, ACK, BYE, 200."""
    alice.policy = ring_then_answer(2)
    call = bob.call(TARGET)
    assert value(call.ringing).status == 180
    assert not call.answered.called
    clock.advance(2)
    assert value(call.answered).body == SDP
    assert value(alice.incoming[0].acked).method == "ACK"
    assert value(call.hang_up()).status == 200
    assert call.ended.called
    assert alice.incoming[0].ended.called
    assert methods(alice.received) == ["INVITE", "ACK", "BYE"]
    assert methods(bob.received) == ["180", "200", "200"]
    assert clock.getDelayedCalls() == []


def test_callee_may_hang_up(alice: ScriptedUA, bob: ScriptedUA) -> None:
    """The BYE of the callee finds the caller's dialog."""
    alice.policy = answer_at_once
    call = bob.call(TARGET)
    assert value(alice.incoming[0].hang_up()).status == 200
    assert call.ended.called
    assert not call.in_progress


@pytest.mark.parametrize(
    ("policy", "heard"),
    [
        (answer_at_once, ["200"]),
        (reject(486), ["486"]),
        (ring, ["180"]),
        (ignore, []),
        (by_hand, ["100"]),
    ],
)
def test_policy_decides(
    alice: ScriptedUA, bob: ScriptedUA, policy: Policy, heard: list[str]
) -> None:
    """What a phone does about an INVITE is one callable."""
    alice.policy = policy
    bob.call(TARGET)
    assert methods(bob.received) == heard
    assert len(alice.incoming) == 1


def test_refusal_is_acked(alice: ScriptedUA, bob: ScriptedUA, clock: Clock) -> None:
    """RFC 3261 section 17.1.1.3: same branch, and the refusal is not repeated."""
    alice.policy = reject(603, "No")
    call = bob.call(TARGET)
    refusal = value(call.failed)
    assert (refusal.status, refusal.reason) == (603, "No")
    ack = value(alice.incoming[0].acked)
    assert ack.via.branch == call.invite.via.branch
    assert ack.to.tag == refusal.to.tag
    clock.advance(40)
    assert methods(bob.received) == ["603"]


def test_cancel_ends_in_200_and_487(alice: ScriptedUA, bob: ScriptedUA, clock: Clock) -> None:
    """RFC 3261 section 9: the CANCEL gets 200, the INVITE 487, nobody answers later."""
    alice.policy = ring_then_answer(2)
    call = bob.call(TARGET)
    assert value(call.cancel()).status == 200
    assert value(call.failed).status == 487
    assert alice.incoming[0].cancelled
    assert methods(bob.received) == ["180", "200", "487"]
    assert clock.getDelayedCalls() == []


def test_cancel_waits_for_a_provisional(alice: ScriptedUA, bob: ScriptedUA) -> None:
    """RFC 3261 section 9.1: none leaves before a 1xx came."""
    alice.policy = ignore
    call = bob.call(TARGET)
    cancelled = call.cancel()
    assert methods(bob.sent) == ["INVITE"]
    alice.incoming[0].ring()
    assert value(cancelled).status == 200
    assert call.cancel() is cancelled


def test_cancel_that_crosses_the_answer(alice: ScriptedUA, bob: ScriptedUA) -> None:
    """RFC 3261 section 9.1: a 2xx that was faster is ACKed, and hung up."""
    alice.policy = ignore
    call = bob.call(TARGET)
    call.cancel()
    alice.incoming[0].answer()
    assert methods(bob.sent) == ["INVITE", "ACK", "BYE"]
    assert call.ended.called


def test_cancel_of_nothing_is_481(alice: ScriptedUA, bob: ScriptedUA) -> None:
    """RFC 3261 section 9.2."""
    alice.policy = by_hand
    call = bob.call(TARGET)
    alice._uas._invites.clear()
    assert value(call.cancel()).status == 481


def test_retransmitted_invite_is_one_call(alice: ScriptedUA, bob: ScriptedUA, clock: Clock) -> None:
    """Told apart by branch: one INVITE delivered, however often it was repeated."""
    alice.policy = ignore
    bob.call(TARGET)
    clock.pump([0.5, 1.0])
    assert [call.retransmissions for call in alice.incoming] == [2]
    alice.incoming[0].ring()
    clock.advance(10)
    assert alice.incoming[0].retransmissions == 2


def test_unanswered_invite_is_408(bob: ScriptedUA, clock: Clock) -> None:
    """RFC 3261 section 8.1.3.1: timer B, and silence counts as 408."""
    call = bob.call(TARGET)
    clock.pump([0.5] * 64)
    assert value(call.failed).status == 408
    assert len(bob.sent) == 7
    assert clock.getDelayedCalls() == []


def test_answer_is_repeated_until_its_ack(
    alice: ScriptedUA, bob: ScriptedUA, net: dict[Address, Socket], clock: Clock
) -> None:
    """RFC 3261 section 13.3.1.4; and each repetition of it is ACKed."""
    alice.policy = ring
    call = bob.call(TARGET)
    callee = alice.incoming[0]
    del net[BOB]
    callee.answer()
    clock.pump([0.5, 1.0])
    assert methods(alice.sent) == ["180", "200", "200", "200"]
    net[BOB] = Socket(BOB, net)
    net[BOB].receive = bob._receive
    clock.advance(2)
    assert callee.acked.called
    clock.advance(40)
    assert len(alice.sent) == 5
    net[BOB].receive(write(alice.sent[-1]), ALICE)
    assert methods(bob.sent) == ["INVITE", "ACK", "ACK"]
    assert len(call.answers) == 1


def test_repeated_bye_is_answered_again(alice: ScriptedUA, bob: ScriptedUA) -> None:
    """A lost 200 is said again; the BYE counts once, and one for no dialog gets 481."""
    alice.policy = answer_at_once
    bob.call(TARGET).hang_up()
    bye = alice.received[-1]
    alice.endpoint.receive(write(bye), BOB)
    assert methods(bob.received)[-2:] == ["200", "200"]
    assert len(alice.requests) == 1
    alice.forget()
    alice.endpoint.receive(write(bye), BOB)
    assert methods(bob.received)[-1] == "481"


def test_request_in_dialog_is_answered(alice: ScriptedUA, bob: ScriptedUA) -> None:
    """Mid-dialog: INFO 200, a re-INVITE 200 with SDP, and neither is a new call."""
    alice.policy = answer_at_once
    call = bob.call(TARGET)
    assert value(call.request("INFO")).status == 200
    assert value(call.request("INVITE", SDP)).body == SDP
    assert value(alice.incoming[0].request("INFO")).status == 200
    assert len(alice.incoming) == 1


def test_hang_up_needs_an_answer(alice: ScriptedUA, bob: ScriptedUA) -> None:
    """A test that hangs up too early has a bug, and is told."""
    alice.policy = ring
    with pytest.raises(RuntimeError):
        bob.call(TARGET).hang_up()


def test_sleeping_callee_hears_no_invite(alice: ScriptedUA, bob: ScriptedUA) -> None:
    """What a push is for."""
    alice.sleep()
    bob.call(TARGET)
    assert (alice.incoming, alice.missed) == ([], 1)


def test_past_is_forgotten_and_the_present_kept(
    alice: ScriptedUA, bob: ScriptedUA, clock: Clock
) -> None:
    """A demo that runs for days holds what is in progress, and no more."""
    alice.policy = answer_at_once
    over, running = bob.call(TARGET), bob.call(TARGET)
    over.hang_up()
    for ua in (alice, bob):
        ua.forget()
    assert bob.calls == [running]
    assert len(alice.incoming) == 1
    assert value(running.hang_up()).status == 200
    clock.advance(64)
    for ua in (alice, bob):
        ua.forget()
    assert (bob.calls, alice.incoming, alice.requests) == ([], [], [])


@define(eq=False)
class Proxy:
    """A server played by hand: keeps what the UA sends, and to whom."""

    address: Address = BOB
    receive: Callable[[bytes, Address], None] = field(init=False)
    heard: list[tuple[Request, Address]] = field(factory=list)

    def send(self, octets: bytes, to: Address) -> None:
        """What the UA calls."""
        message = read(octets)
        assert isinstance(message, Request)
        self.heard.append((message, to))

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
def caller(proxy: Proxy, clock: Clock) -> ScriptedUA:
    account = Account("bob", "example.com", "secret")
    return ScriptedUA(account, proxy, SERVER, clock, entropy(1))


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
    assert value(call.failed).status == 486


def test_callee_repeats_record_route(alice: ScriptedUA, bob: ScriptedUA) -> None:
    """RFC 3261 section 12.1.1: in 180 and 200, and its own requests follow it in order."""
    alice.policy = ignore
    call: Call = bob.call(TARGET)
    headers = call.invite.headers.copy()
    headers.set("Via", "SIP/2.0/UDP 192.0.2.20:5064;branch=z9hG4bKrr")
    headers.add("Record-Route", "<sip:192.0.2.20:5064;lr>, <sip:192.0.2.99;lr>")
    alice.endpoint.receive(write(Request("INVITE", TARGET, headers)), BOB)
    callee = alice.incoming[1]
    callee.ring()
    callee.answer()
    for answer in bob.received[-2:]:
        assert answer.headers.values("Record-Route") == headers.values("Record-Route")
    callee.hang_up()
    bye = bob.received[-1]
    assert bye.headers.values("Route") == headers.values("Record-Route")


def test_challenged_cancel_is_not_answered(caller: ScriptedUA, proxy: Proxy) -> None:
    """RFC 3261 section 22.1: a CANCEL cannot be sent again; a 407 to it is its end."""
    call = caller.call(TARGET)
    proxy.answer(180, "a")
    cancelled = call.cancel()
    cancel = proxy.heard[-1][0]
    challenge = [("Proxy-Authenticate", write_challenge("r", "n", "MD5"))]
    proxy.receive(write(response_to(cancel, 407, extra=challenge)), SERVER)
    assert value(cancelled).status == 407
    assert methods(m for m, _ in proxy.heard) == ["INVITE", "CANCEL"]
