"""
T4: a push has left, and somebody else registers first.
"""

from __future__ import annotations

import pytest

from sippn.sip import Request, parse_challenge, read
from sippn.testing.calls import Call
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from tests.auth.test_digest import Phone
from tests.threats.scene import ALICE, SECRET, Sender, phone, requests_sent, sleeper

STALE = "stale=true"
URI = "sip:example.com"


def scene(house: House) -> tuple[ScriptedUA, Call, list[bytes]]:
    """Alice asleep with a call that waits for her, and all REGISTERs she has sent."""
    alice = sleeper(house, "alice", "token-a")
    call = phone(house, "bob").call(ALICE)
    house.run(1)
    return alice, call, registers(house)


def registers(house: House) -> list[bytes]:
    """Those that the server took, with their credentials."""
    to = house.address
    every = [sent.octets for sent in house.network.carried if sent.to == to]
    return [octets for octets in every if octets.startswith(b"REGISTER") and b"nonce=" in octets]


def refused(house: House, sender: Sender, octets: bytes) -> str:
    """What the server says to *octets*, which it must not take."""
    assert sender.send(octets) in ([401], [403])
    answer = sender.answers()[-1]
    return ", ".join(answer.headers.get_all("WWW-Authenticate"))


def beside(house: House, alice: ScriptedUA) -> Sender:
    """Whoever sends from alice's own address."""
    if house.transport == "udp":
        return Sender(house, alice.endpoint)
    return Sender.at(house, alice.address.host)


def still_waits(house: House, alice: ScriptedUA, call: Call) -> None:
    """Nobody got it; and when alice comes, she does."""
    assert not [one for one in requests_sent(house) if one.method == "INVITE"]
    assert not call.answered.called
    house.get(alice.wake())
    house.run()
    assert succeeded(call.answered).status == 200
    assert len(alice.incoming) == 1


def test_replay_releases_nobody(house: House) -> None:
    """T4, Q-02: a REGISTER that was overheard and is sent again releases nothing."""
    alice, call, sent = scene(house)
    for sender in (beside(house, alice), Sender.at(house)):
        for octets in sent:
            sender.send(octets)
            anew = octets.replace(b"z9hG4bK", b"z9hG4bKx")  # else it is a retransmission
            assert STALE in refused(house, sender, anew)
    still_waits(house, alice, call)


def test_replay_with_another_contact_releases_nobody(house: House) -> None:
    """T4: digest does not cover the Contact; the nonce count is what stands before it."""
    alice, call, sent = scene(house)
    thief = Sender.at(house)
    here = str(thief.endpoint.address).encode()
    there = str(alice.address).encode()
    for octets in sent:
        stolen = octets.replace(there, here).replace(b"z9hG4bK", b"z9hG4bKx")
        assert STALE in refused(house, thief, stolen)
    still_waits(house, alice, call)


@pytest.mark.parametrize("count", [b"00000002", b"00000000", b"ffffffff"])
def test_count_cannot_be_raised(house: House, count: bytes) -> None:
    """T4: it is in the response: who does not know the password cannot go on counting."""
    alice, call, sent = scene(house)
    thief = beside(house, alice)
    for octets in sent:
        counted = octets.replace(b"nc=00000001", b"nc=" + count).replace(b"z9hG4bK", b"z9hG4bKx")
        assert counted != octets.replace(b"z9hG4bK", b"z9hG4bKx")
        assert STALE not in refused(house, thief, counted)
    still_waits(house, alice, call)


def test_held_back_it_is_no_use_elsewhere(house: House) -> None:
    """T4, T16: a REGISTER that never arrived, sent by whoever kept it, from another network."""
    _, call, _ = scene(house)
    kept = Sender.at(house)
    thief = Sender.at(house, "198.51.100.66")
    about = {"From": f"<{ALICE}>;tag=k", "To": f"<{ALICE}>"}
    kept.send(kept.write("REGISTER", URI, **about))
    asked = parse_challenge(kept.answers()[-1].headers.get_all("WWW-Authenticate")[0])
    proof = ("Authorization", Phone("alice", SECRET).credentials(asked))
    contact = ("Contact", "<sip:alice@198.51.100.66>")
    assert STALE in refused(house, thief, thief.write("REGISTER", URI, proof, contact, **about))
    assert not call.answered.called
    assert kept.send(kept.write("REGISTER", URI, proof, **about)) == [200]


def test_old_cseq_changes_nothing(house: House) -> None:
    """T4: of a password that is right: it was overtaken, and the binding is another one now."""
    alice, call, _ = scene(house)
    thief = Sender.at(house)
    (last,) = [read(octets) for octets in registers(house)][-1:]
    assert isinstance(last, Request)
    contact = last.headers.get("Contact") or ""
    named = {"Call_ID": last.call_id, "CSeq": f"{last.cseq.number} REGISTER"}
    assert thief.register("alice", ("Contact", contact), ("Expires", "0"), **named) == [500]
    still_waits(house, alice, call)


@pytest.mark.parametrize("transport", ["udp"])
def test_source_address_proves_nothing(house: House) -> None:
    """T4: a datagram that says it is from alice's phone is challenged like any other."""
    alice, call, _ = scene(house)
    forger = Sender(house, alice.endpoint)
    contact = ("Contact", "<sip:alice@198.51.100.66>")
    register = forger.write("REGISTER", URI, contact, From=f"<{ALICE}>;tag=f", To=f"<{ALICE}>")
    assert STALE not in refused(house, forger, register)
    still_waits(house, alice, call)


def test_invite_goes_to_the_contact_and_the_flow_alone(house: House) -> None:
    """T4: what a Via says of its sender decides about answers, never about calls."""
    alice, call, _ = scene(house)
    house.get(alice.wake())
    house.run()
    assert succeeded(call.answered).status == 200
    sent = {one.to for one in house.network.carried if one.octets.startswith(b"INVITE")} - {
        house.address
    }
    assert sent == {alice.address}


def test_via_of_a_thief_gets_no_call(house: House) -> None:
    """T4: alice's own REGISTER by way of somebody who writes himself into its Via."""
    alice, call, _ = scene(house)
    thief = house.endpoint(host="192.0.2.66")
    sender = beside(house, alice)
    via = f"SIP/2.0/{alice.endpoint.transport} {thief.address};branch=z9hG4bKthief"
    about = {"From": f"<{ALICE}>;tag=f", "To": f"<{ALICE}>", "Via": via}
    sender.send(sender.write("REGISTER", URI, **about), 1)
    house.get(alice.wake())
    house.run()
    assert succeeded(call.answered).status == 200
    assert not [one for one in house.sent_to(thief.address) if isinstance(one, Request)]
