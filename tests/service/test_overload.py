"""
What a server tells its intake of those it waits for (RELIABILITY A6).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sippn.service import ServerSettings
from sippn.storage.factories import MemoryStoreFactory
from sippn.testing.house import House
from sippn.transport.settings import ListenSettings


@pytest.fixture
def house() -> Iterator[House]:
    settings = ServerSettings(
        listen=(ListenSettings("udp", "192.0.2.1", 5060),),
        domains=("example.com",),
        storage=MemoryStoreFactory().parse({}),
        providers=(),
    )
    house = House.built(settings)
    yield house
    house.server.stopService()


def register(user: str) -> bytes:
    """As much of one as anybody looks at."""
    return f"REGISTER sip:example.com SIP/2.0\r\nTo: <sip:{user}@example.com>\r\n\r\n".encode()


def test_register_that_a_call_waits_for_is_vital(house: House) -> None:
    """A6: from when the call is parked until it is let go, and of no other AOR."""
    is_vital = house.server.figures.intake._triage.is_vital
    alice, bob = house.asleep("alice", "token-a"), house.phone("bob")
    assert not is_vital(register("alice"))
    bob.call("sip:alice@example.com")
    house.run()
    assert is_vital(register("alice"))
    assert not is_vital(register("bob"))
    assert not is_vital(register("Alice"))
    alice.wake()
    house.run()
    assert not is_vital(register("alice"))


def test_refusal_comes_from_the_server(house: House) -> None:
    """A6: 503 with Retry-After, to whoever it was."""
    triage = house.server.figures.intake._triage
    phone = house.phone("carol")
    octets = (
        b"REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.99:5060;branch=z9hG4bK1\r\n"
        b"From: <sip:carol@example.com>;tag=1\r\nTo: <sip:carol@example.com>\r\nCall-ID: c\r\n"
        b"CSeq: 1 REGISTER\r\nMax-Forwards: 70\r\n\r\n"
    )
    flow = house.server.stack.flow(f"udp:{house.address}:{phone.address}")
    assert flow is not None
    triage.refuse(octets, flow)
    house.run()
    (answer,) = house.sent_to(phone.address)
    assert answer.headers.get("Retry-After")


def test_figures_say_what_there_is_to_say(house: House) -> None:
    """S-15, A6: lines for the log, and for a page later."""
    assert list(house.server.figures.seen()) == []
    house.server.figures.intake.losses.dropped += 3
    house.server.figures.pauses.add(0.002)
    house.asleep("alice", "token-a")
    assert list(house.server.figures.seen()) == [
        "garbage: 1 pauses, the longest 2.0 ms, in all 0.00 s",
        "overload: 0 refused, 3 dropped, of these 0 vital",
    ]
