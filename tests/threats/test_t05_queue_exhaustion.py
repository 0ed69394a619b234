"""
T5: calls that wait for a sleeping phone until nothing else fits into the server.
"""

from __future__ import annotations

import gc
import tracemalloc

import pytest
from attrs import evolve

from sippn.service import ServerSettings
from sippn.sip import Response
from sippn.testing.calls import Call
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.wake.settings import ParkingLimits
from tests.flows.test_any_order import left
from tests.threats.scene import ALICE, DOMAIN, NO_BODY, Sender, phone, sleeper

MOST_OCTETS = 12_288  # of a parked INVITE
PARKED = 300
CALLER, CALLEE, ALL = 3, 4, 7


@pytest.fixture
def settings(settings: ServerSettings, request: pytest.FixtureRequest) -> ServerSettings:
    """Small numbers; for what is measured, none."""
    limits = ParkingLimits(ALL, CALLEE, CALLER, 0)
    if "unlimited" in request.fixturenames:
        limits = ParkingLimits(0, 0, 0, 0)
    return evolve(settings, parking=limits)


@pytest.fixture
def unlimited() -> None:
    """Nothing is refused."""


def answers(calls: list[Call]) -> list[int]:
    """How each failed so far; 0: it did not."""
    return [succeeded(call.failed).status if call.failed.called else 0 for call in calls]


def retry_after(call: Call) -> str | None:
    """What its refusal says."""
    return succeeded(call.failed).headers.get("Retry-After")


def test_callee_has_so_many(house: House) -> None:
    """T5, W5, Q-07: one call too many for a callee is 480 with Retry-After; the others wait on."""
    sleeper(house, "alice", "token-a")
    calls = [house.phone(f"x{n}", domain="elsewhere.example").call(ALICE) for n in range(6)]
    house.run()
    assert answers(calls) == [0] * CALLEE + [480] * 2
    assert retry_after(calls[CALLEE]) == "5"
    assert len(house.pns.jobs) == 1


def test_caller_has_so_many(house: House) -> None:
    """T5, W5, Q-07: so many calls of a user wait at a time, or of an address without one."""
    for number in range(5):
        sleeper(house, f"u{number}", f"token-{number}")
    places = [phone(house, "bob"), phone(house, "bob")]
    calls = [places[n % 2].call(f"sip:u{n}@{DOMAIN}") for n in range(5)]
    house.run()
    assert sorted(answers(calls)) == [0] * CALLER + [480] * 2
    stranger = house.phone("x", domain="elsewhere.example")
    calls = [stranger.call(f"sip:u{n}@{DOMAIN}") for n in range(5)]
    house.run()
    assert answers(calls) == [0] * CALLER + [480] * 2
    assert retry_after(calls[-1]) == "5"


def test_all_are_so_many(house: House) -> None:
    """T5, W5, Q-07: beyond so many in all it is 503 with Retry-After; the awake are called on."""
    for number in range(ALL + 1):
        sleeper(house, f"u{number}", f"token-{number}")
    calls = [
        house.phone(f"x{n}", domain="elsewhere.example").call(f"sip:u{n}@{DOMAIN}")
        for n in range(ALL + 1)
    ]
    house.run()
    assert answers(calls) == [0] * ALL + [503]
    assert retry_after(calls[-1])
    house.get(phone(house, "bob").register())
    call = phone(house, "alice").call(f"sip:bob@{DOMAIN}")
    house.run()
    assert succeeded(call.answered).status == 200


@pytest.mark.parametrize("how", ["cancelled", "timed out", "answered"])
def test_whatever_ends_the_wait_frees_its_place(house: House, how: str) -> None:
    """T5: CANCEL at once; nothing of it is left when its transaction is."""
    alice = sleeper(house, "alice", "token-a")
    for _ in range(3):
        callers = [house.phone(f"x{n}", domain="elsewhere.example") for n in range(CALLEE)]
        calls = [caller.call(ALICE) for caller in callers]
        house.run()
        assert answers(calls) == [0] * CALLEE
        if how == "cancelled":
            for call in calls:
                call.cancel()
            house.run()
            assert answers(calls) == [487] * CALLEE
            assert len(house.server._proxy._means.parking) == 0
            assert len(house.server._proxy._means.queue) == 0
        elif how == "timed out":
            house.run(20)
            assert answers(calls) == [480] * CALLEE
        else:
            house.get(alice.wake())
            house.run()
            assert all(call.answered.called for call in calls)
            for call in calls:
                house.get(call.hang_up())
            alice.sleep()
    house.run(20)  # the push that takes the last call back gets no answer, either
    house.run(200)
    assert left(house) == {}


def with_body(request: bytes, body: bytes) -> bytes:
    """*request* with a body."""
    length = f"Content-Length: {len(body)}\r\n\r\n".encode()
    return request.replace(NO_BODY.encode(), length) + body


def park(house: House, number: int, body: bytes) -> float:
    """So many INVITEs that wait for alice; what each takes of the server, in octets."""
    senders = [Sender.at(house) for _ in range(4)]
    for sender in senders:
        sender.endpoint.receive = lambda *_: None
    sent = [
        with_body(senders[n % 4].write("INVITE", ALICE, ("Contact", "<sip:x@192.0.2.9>")), body)
        for n in range(number + 20)
    ]

    def say(octets: list[bytes]) -> int:
        for n, one in enumerate(octets):
            senders[n % 4].endpoint.send(one, house.address)
        house.run()
        house.network.carried.clear()
        house.news.clear()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    say(sent[:20])  # what is made once
    tracemalloc.start()
    try:
        before = say([])
        after = say(sent[20:])
    finally:
        tracemalloc.stop()
    assert len(house.server._proxy._means.parking) == number + 20
    return (after - before) / number


@pytest.mark.usefixtures("unlimited")
@pytest.mark.parametrize("transport", ["udp"])
def test_parked_invite_takes_so_much(house: House) -> None:
    """T5: at most 12,288 octets of an INVITE of 1,000; the bench says what it is in a process."""
    sleeper(house, "alice", "token-a")
    assert park(house, PARKED, b"x" * 600) <= MOST_OCTETS


@pytest.mark.usefixtures("unlimited")
@pytest.mark.parametrize("transport", ["udp"])
def test_body_is_kept_once(house: House) -> None:
    """T5: however many phones it waits for: ten times the body is that much more, not twice."""
    for number in range(5):
        house.asleep("alice", f"token-{number}", password="secret", instance=f"<urn:uuid:{number}>")
    little, much = park(house, 100, b"x" * 500), park_more(house, b"x" * 5500)
    assert much - little < 1.5 * 5000


def park_more(house: House, body: bytes) -> float:
    """As :func:`park`, when the others are gone."""
    house.run(60)
    assert len(house.server._proxy._means.parking) == 0
    return park(house, 100, body)


@pytest.mark.usefixtures("unlimited")
@pytest.mark.parametrize("transport", ["udp"])
def test_timers_are_on_one_wheel(house: House) -> None:
    """T5: a hundred more that wait are no more timers of the reactor."""
    sleeper(house, "alice", "token-a")
    sender = Sender.at(house)
    contact = ("Contact", "<sip:x@192.0.2.9>")
    found = []
    for number in (10, 100):
        for _ in range(number):
            sender.ask("INVITE", ALICE, contact)
        found.append(len(house.clock.getDelayedCalls()))
    assert found[1] <= found[0] + 2
    house.run(20)
    finals = [m.status for m in house.sent_to(sender.endpoint.address) if isinstance(m, Response)]
    assert finals.count(480) == 110
