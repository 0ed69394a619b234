"""Calls of scripted UAs: with each other, and with a server played by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from attrs import define, field
from twisted.internet.task import Clock

from sippn.sip import Request, Response, write
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
from sippn.testing.endpoints import Suspension
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from sippn.testing.ua_account import SDP, Account
from sippn.transport import Address

ALICE, BOB = Address("192.0.2.10", 5062), Address("192.0.2.20", 5064)
TARGET = "sip:alice@example.com"


@define(eq=False)
class Socket:
    """A socket of a network in memory that delivers at once."""

    address: Address
    net: dict[Address, Socket]
    receive: Callable[[bytes, Address], None] = field(init=False)
    transport: str = "UDP"

    def send(self, octets: bytes, to: Address) -> None:
        """Hand it over."""
        if to in self.net:
            self.net[to].receive(octets, self.address)

    def suspend(self, how: Suspension) -> None:
        """It has no connections."""

    def resume(self) -> None:
        """The same."""

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


def methods(messages: Iterable[Request | Response]) -> list[str]:
    """The messages in short: requests by method, responses by status."""
    return [m.method if isinstance(m, Request) else str(m.status) for m in messages]


def test_call_is_rung_answered_and_hung_up(
    alice: ScriptedUA, bob: ScriptedUA, clock: Clock
) -> None:
    """RFC 3261 section 4: INVITE, 180, 200, ACK, BYE, 200."""
    alice.policy = ring_then_answer(2)
    call = bob.call(TARGET)
    assert succeeded(call.ringing).status == 180
    assert not call.answered.called
    clock.advance(2)
    assert succeeded(call.answered).body == SDP
    assert succeeded(alice.incoming[0].acked).method == "ACK"
    assert succeeded(call.hang_up()).status == 200
    assert call.ended.called
    assert alice.incoming[0].ended.called
    assert methods(alice.received) == ["INVITE", "ACK", "BYE"]
    assert methods(bob.received) == ["180", "200", "200"]
    assert clock.getDelayedCalls() == []


def test_callee_may_hang_up(alice: ScriptedUA, bob: ScriptedUA) -> None:
    """The BYE of the callee finds the caller's dialog."""
    alice.policy = answer_at_once
    call = bob.call(TARGET)
    assert succeeded(alice.incoming[0].hang_up()).status == 200
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
    refusal = succeeded(call.failed)
    assert (refusal.status, refusal.reason) == (603, "No")
    ack = succeeded(alice.incoming[0].acked)
    assert ack.via.branch == call.invite.via.branch
    assert ack.to.tag == refusal.to.tag
    clock.advance(40)
    assert methods(bob.received) == ["603"]


def test_cancel_ends_in_200_and_487(alice: ScriptedUA, bob: ScriptedUA, clock: Clock) -> None:
    """RFC 3261 section 9: the CANCEL gets 200, the INVITE 487, nobody answers later."""
    alice.policy = ring_then_answer(2)
    call = bob.call(TARGET)
    assert succeeded(call.cancel()).status == 200
    assert succeeded(call.failed).status == 487
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
    assert succeeded(cancelled).status == 200
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
    assert succeeded(call.cancel()).status == 481


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
    assert succeeded(call.failed).status == 408
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
    """Mid-dialog: INFO 200, from either side, and it is no new call."""
    alice.policy = answer_at_once
    call = bob.call(TARGET)
    assert succeeded(call.request("INFO")).status == 200
    assert succeeded(alice.incoming[0].request("INFO")).status == 200
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
    assert succeeded(running.hang_up()).status == 200
    clock.advance(64)
    for ua in (alice, bob):
        ua.forget()
    assert (bob.calls, alice.incoming, alice.requests) == ([], [], [])


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


def test_call_is_negotiated_anew_from_either_side(
    alice: ScriptedUA, bob: ScriptedUA, clock: Clock
) -> None:
    """RFC 3261 section 14: the 2xx of a re-INVITE is ACKed in the dialog, and it is no new call."""
    alice.policy = answer_at_once
    call = bob.call(TARGET)
    callee = alice.incoming[0]
    assert succeeded(call.reinvite(b"v=1")).body == SDP
    assert succeeded(callee.reinvite()).status == 200
    assert [request.body for request in callee.reinvites] == [b"v=1"]
    assert [ack.cseq.number for ack in callee.acks] == [1, 2]
    assert [request.to.tag for request in call.reinvites] == [call.invite.from_.tag]
    assert [ack.cseq.number for ack in call.acks] == [1]
    assert call.acks[0].via.branch != call.reinvites[0].via.branch
    assert methods(alice.received) == ["INVITE", "ACK", "INVITE", "ACK", "200"]
    assert (len(alice.incoming), len(bob.incoming), alice.requests) == (1, 0, [])
    assert clock.getDelayedCalls() == []


def test_answer_to_a_reinvite_is_repeated_until_its_ack(
    alice: ScriptedUA, bob: ScriptedUA, net: dict[Address, Socket], clock: Clock
) -> None:
    """RFC 3261 section 14.2: like that of any INVITE; and a repeated one gets it again."""
    alice.policy = answer_at_once
    call = bob.call(TARGET)
    callee = alice.incoming[0]
    hears, bob.endpoint.receive = bob.endpoint.receive, lambda _octets, _source: None
    call.reinvite()
    clock.pump([0.5, 1.0])
    said = [m for m in alice.sent if isinstance(m, Response) and m.cseq.number == 2]
    assert len(said) == 5  # three of its own, two to repetitions of the request
    assert len(callee.reinvites) == 1
    bob.endpoint.receive = hears
    clock.advance(2)
    assert [ack.cseq.number for ack in callee.acks][1:] == [2]
    assert clock.getDelayedCalls() == []


def test_refused_reinvite_leaves_the_call(alice: ScriptedUA, bob: ScriptedUA) -> None:
    """RFC 3261 section 14.1: its ACK is hop by hop, and the call is not over."""
    alice.policy = answer_at_once
    call = bob.call(TARGET)
    alice._uas.calls.clear()
    assert succeeded(call.reinvite()).status == 481
    assert methods(bob.sent) == ["INVITE", "ACK", "INVITE", "ACK"]
    assert bob.sent[2].via.branch == bob.sent[3].via.branch
    assert call.in_progress


def test_reinvite_needs_an_answer(alice: ScriptedUA, bob: ScriptedUA) -> None:
    """There is nothing to negotiate yet."""
    alice.policy = ring
    with pytest.raises(RuntimeError):
        bob.call(TARGET).reinvite()
