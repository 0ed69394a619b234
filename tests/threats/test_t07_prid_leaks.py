"""
T7: a PRID is a credential: whoever has it can drain a battery.
"""

from __future__ import annotations

import pytest
from attrs import evolve
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from zope.interface import provider

from sippn.binding import Verdict
from sippn.sip import Response, write
from sippn.testing.calls import Call
from sippn.testing.calls_received import by_hand
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from tests.threats.scene import ALICE, SECRET, Sender, all_sent, heard, phone, sleeper

PRID = "credential-of-alice"
PUSH = f";pn-provider=acme;pn-param=app;pn-prid={PRID}"


def scene(house: House) -> tuple[ScriptedUA, ScriptedUA, Call]:
    """Alice, who was called by bob and has come back; she does what the test says."""
    alice = house.asleep("alice", PRID, password=SECRET, instance="<urn:uuid:1>")
    alice.policy = by_hand
    bob = phone(house, "bob")
    call = bob.call(ALICE)
    house.run()
    house.get(alice.wake())
    house.run()
    return alice, bob, call


def answer(house: House, alice: ScriptedUA, status: int, contact: str) -> None:
    """What an app answers that puts its whole Contact into everything."""
    invite = alice.incoming[0].invite
    headers = invite.headers.copy()
    headers.set("Contact", contact)
    headers.set("To", f"{invite.headers.get('To')};tag=a")
    alice.endpoint.send(write(Response(status, "Reason", headers)), house.address)
    house.run()


def test_request_uri_to_the_device_has_none(house: House) -> None:
    """T7: it knows it, and whoever listens on the way need not."""
    alice, _, _ = scene(house)
    assert PRID not in alice.incoming[0].invite.uri
    assert b"pn-" not in b"".join(write(one.invite) for one in alice.incoming)


def test_contact_of_an_answer_has_none(house: House) -> None:
    """T7: neither of a 180 nor of a 200, in the URI or behind it."""
    alice, bob, call = scene(house)
    contact = f"<sip:alice@{alice.address}{PUSH}>{PUSH}"
    answer(house, alice, 180, contact)
    answer(house, alice, 200, contact)
    assert succeeded(call.answered).status == 200
    assert PRID.encode() not in heard(bob)
    assert b"pn-p" not in heard(bob)


@pytest.mark.parametrize("status", [300, 301, 302, 380, 485])
def test_redirection_has_none(house: House, status: int) -> None:
    """T7: a phone that sends its calls on names itself, too."""
    alice, bob, call = scene(house)
    answer(house, alice, status, f"<sip:alice@198.51.100.9{PUSH}>, <tel:+1555{PUSH}>")
    assert succeeded(call.failed).status == status
    assert PRID.encode() not in heard(bob)


def test_contact_of_a_request_has_none(house: House) -> None:
    """T7: a caller's own PRID does not go to whoever he calls."""
    target = phone(house, "mallory")
    house.get(target.register())
    sender = phone(house, "alice", PRID)
    house.get(sender.register())
    raw = Sender(house, sender.endpoint)
    raw.ask("MESSAGE", "sip:mallory@example.com", ("Contact", f"<sip:x@{sender.address}{PUSH}>"))
    house.run()
    assert len(target.requests) == 1
    assert PRID.encode() not in heard(target)


def test_list_of_bindings_has_none_of_others(house: House) -> None:
    """T7: in the 200 of a REGISTER for another device of the same user, and of a query."""
    house.asleep("alice", PRID, password=SECRET, instance="<urn:uuid:1>")
    other = house.phone("alice", "token-2", password=SECRET, instance="<urn:uuid:2>")
    assert house.get(other.register()).status == 200
    asked = house.get(other.query())
    assert len(asked.contacts) == 2
    assert PRID.encode() not in heard(other)


def test_nobody_but_its_phone_is_told(house: House) -> None:
    """T7: after a call, a text, a failed wake and a refusal, it is in nothing that left."""
    alice, bob, call = scene(house)
    alice.incoming[0].answer()
    house.run()
    house.get(call.hang_up())
    alice.sleep()
    bob.call(ALICE)
    bob.message(ALICE, "hello")
    Sender.at(house).ask("INVITE", ALICE)
    house.run(30)
    assert PRID.encode() not in all_sent(house, without=[alice])


def test_log_has_none(house: House) -> None:
    """T7: whatever the log is told of, refusals and failures of pushes too; at any level."""
    events: list[LogEvent] = []

    @provider(ILogObserver)
    def observe(event: LogEvent) -> None:
        events.append(event)

    globalLogPublisher.addObserver(observe)
    try:
        sleeper(house, "alice", PRID)
        house.get(phone(house, "mallory", PRID).register())
        for verdict in (Verdict.BUSY, Verdict.FAILED, Verdict.DEAD):
            phone(house, "bob").call(ALICE)
            house.run()
            if house.pns.unanswered:
                house.pns.answer(verdict)
            house.run(30)
        for bad in (f"{PRID}%0", f'"{PRID}', PRID + "\x01", PRID * 500):
            contact = ("Contact", f"<sip:alice@192.0.2.9;pn-provider=acme;pn-prid={bad}>")
            Sender.at(house).register("alice", contact)
    finally:
        globalLogPublisher.removeObserver(observe)
    assert events
    for event in events:
        assert PRID not in formatEvent(event)
        assert not [key for key, value in event.items() if PRID in f"{value!r} {value!s}"]


def test_nothing_that_is_told_inside_shows_one(house: House) -> None:
    """T7: events and jobs, as whoever prints them sees them."""
    scene(house)
    (job,) = house.pns.jobs
    assert job.target.prid == PRID
    assert PRID not in f"{job!r} {job}"
    assert PRID not in f"{house.news!r} {evolve(job, call_id='x')!r}"


def test_error_has_none(house: House) -> None:
    """T7: a reason phrase says what is wrong, never with which."""
    sender = Sender.at(house)
    for contact in (
        f"<sip:alice@192.0.2.9;pn-provider=none;pn-prid={PRID}>",
        f"<sip:alice@192.0.2.9;pn-provider=acme;pn-prid={PRID};pn-prid={PRID}>",
        f"<sip:alice@192.0.2.9;pn-provider=acme;pn-prid={PRID}%00>",
    ):
        assert sender.register("alice", ("Contact", contact))[0] >= 400
    assert PRID.encode() not in all_sent(house)
