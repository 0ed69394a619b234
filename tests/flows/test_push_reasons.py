"""
What a push says of its call: who calls, and why it was taken back (REQUIREMENTS S-12, N-27).
"""

from __future__ import annotations

import pytest

from sippn.binding import PushJob, PushKind
from sippn.testing.calls_received import ring
from sippn.testing.house import House
from sippn.testing.ua import ScriptedUA

ALICE = "sip:alice@example.com"
ANSWERED = 'SIP;cause=200;text="Call completed elsewhere"'
GIVEN_UP = 'SIP;cause=487;text="Request terminated"'


@pytest.fixture
def transport() -> str:
    """What is said is the same over all."""
    return "udp"


@pytest.fixture
def desk(house: House) -> ScriptedUA:
    """Alice's other phone, which rings."""
    desk = house.phone("alice", instance="<urn:uuid:desk>")
    house.get(desk.register())
    desk.policy = ring
    return desk


def taken_back(house: House) -> PushJob:
    """The push that took the call back; the one before was for the call itself."""
    house.run()
    call, cancel = house.pns.jobs
    assert (call.kind, cancel.kind) == (PushKind.CALL, PushKind.CANCEL)
    assert (call.reason, cancel.call_id) == ("", call.call_id)
    assert (cancel.collapse_key, cancel.caller) == (call.collapse_key, call.caller)
    return cancel


def test_caller_is_as_he_came(house: House) -> None:
    """N-27: a payload may name the caller by the From of the INVITE, to the letter."""
    house.asleep("alice", "token-a")
    bob = house.phone("bob")
    bob.call(ALICE)
    house.run()
    (invite,) = [one for one in house.network.carried if one.octets.startswith(b"INVITE ")]
    (line,) = [one for one in invite.octets.split(b"\r\n") if one.startswith(b"From:")]
    (job,) = house.pns.jobs
    assert job.caller == line.removeprefix(b"From:").strip().decode()
    assert "bob" in job.caller


def test_message_names_its_sender(house: House) -> None:
    """N-27: so has a MESSAGE; a refresh is nobody's."""
    house.asleep("alice", "token-a")
    house.phone("bob").message(ALICE, "hello")
    for _ in range(330):
        house.run(10)
    kinds = {job.kind: job.caller for job in house.pns.jobs}
    assert "bob" in kinds[PushKind.MESSAGE]
    assert kinds[PushKind.REFRESH] == ""


def test_answered_elsewhere(house: House, desk: ScriptedUA) -> None:
    """S-12, RFC 3326: the call was answered on another phone, so none was missed."""
    house.asleep("alice", "token-a")
    house.phone("bob").call(ALICE)
    house.run()
    house.push_accepted()
    desk.incoming[0].answer()
    assert taken_back(house).reason == ANSWERED


def test_declined_elsewhere(house: House, desk: ScriptedUA) -> None:
    """S-12, RFC 3326: who declines for all of the user's phones has missed nothing, either."""
    house.asleep("alice", "token-a")
    house.phone("bob").call(ALICE)
    house.run()
    house.push_accepted()
    desk.incoming[0].reject(603)
    assert taken_back(house).reason == 'SIP;cause=603;text="Decline"'


def test_caller_gave_up(house: House) -> None:
    """S-12: a call that its caller took back was missed."""
    house.asleep("alice", "token-a")
    call = house.phone("bob").call(ALICE)
    house.run()
    house.push_accepted()
    call.cancel()
    assert taken_back(house).reason == GIVEN_UP


def test_wait_was_over(house: House) -> None:
    """S-12: so was one that nobody was woken for in time."""
    house.asleep("alice", "token-a")
    house.phone("bob").call(ALICE)
    house.run()
    house.push_accepted()
    house.run(20)
    assert taken_back(house).reason == GIVEN_UP
