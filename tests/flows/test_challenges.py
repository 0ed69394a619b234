"""
What those leave behind whom nobody knows: nothing (RELIABILITY A7).
"""

from __future__ import annotations

import gc

import pytest
from attrs import evolve

from sippn.auth.settings import AuthSettings
from sippn.service import ServerSettings
from sippn.sip import Request, Response
from sippn.testing.house import House
from tests.flows.test_any_order import left
from tests.flows.test_auth import user

MANY = 2_000


@pytest.fixture
def settings(settings: ServerSettings) -> ServerSettings:
    """Everybody is challenged."""
    auth = AuthSettings(mode="digest", realm="example.com", users=(user("alice"),))
    return evolve(settings, auth=auth)


def request(method: str, number: int = 0, cseq: int = 1, more: str = "") -> bytes:
    """Of somebody without a password."""
    return (
        f"{method} sip:{'' if method == 'REGISTER' else 'alice@'}example.com SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bK{number};rport\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:alice@example.com>;tag=1\r\n"
        f"To: <sip:alice@example.com>{more}\r\nCall-ID: c{number}\r\nCSeq: {cseq} {method}\r\n"
        "Content-Length: 0\r\n\r\n"
    ).encode()


def statuses(house: House) -> dict[int, int]:
    """How many answers of each kind have left."""
    found: dict[int, int] = {}
    for message in house.sent_to(house.address.__class__("192.0.2.11", 5060)):
        if isinstance(message, Response):
            found[message.status] = found.get(message.status, 0) + 1
    return found


def objects(house: House) -> int:
    """How many there are, once the test itself has forgotten what was sent."""
    house.network.carried.clear()
    house.news.clear()
    gc.collect()
    return len(gc.get_objects())


@pytest.mark.parametrize("transport", ["udp"])
@pytest.mark.parametrize(
    ("method", "status"), [("REGISTER", 401), ("INVITE", 407), ("MESSAGE", 407)]
)
def test_challenge_is_not_remembered(house: House, method: str, status: int) -> None:
    """A7, RFC 3261 section 26.3.2.4: a million of them, half a minute each, were gigabytes."""
    stranger = house.endpoint()
    stranger.receive = lambda *_: None
    stranger.send(request(method), house.address)
    house.run()
    before = objects(house)
    for number in range(1, MANY):
        stranger.send(request(method, number), house.address)
        if number % 100 == 0:
            house.run()
    house.run()
    assert statuses(house) == {status: MANY - 1}
    assert left(house).keys() <= {"timers"}
    assert objects(house) - before < MANY / 20


@pytest.mark.parametrize("method", ["REGISTER", "INVITE"])
def test_repetition_has_the_same_to_tag(house: House, method: str) -> None:
    """RFC 3261 section 8.2.7: as if it were known again."""
    stranger = house.endpoint()
    for _ in range(2):
        stranger.send(request(method), house.address)
        house.run()
    answers = [m for m in house.sent_to(stranger.address) if isinstance(m, Response)]
    assert len(answers) == 2
    assert len({answer.to.tag for answer in answers}) == 1


def test_ack_of_a_challenge_goes_nowhere(house: House) -> None:
    """RFC 3261 section 17.1.1.3: it has no transaction any more, and is for nobody else."""
    house.asleep("alice", "token", password="secret")
    stranger = house.endpoint()
    stranger.send(request("INVITE"), house.address)
    house.run()
    (answer,) = [m for m in house.sent_to(stranger.address) if isinstance(m, Response)]
    carried = len(house.network.carried)
    stranger.send(request("ACK", more=f";tag={answer.to.tag}"), house.address)
    house.run(40)
    assert len(house.network.carried) == carried + 1
    assert house.pns.jobs == []
    assert not [m for m in house.sent_to(stranger.address) if isinstance(m, Request)]


@pytest.mark.parametrize("transport", ["udp"])
@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        (b"<sip:alice@example.com>;tag=1", b"<sip:alice@elsewhere.test>;tag=1", 403),
        (b"INVITE sip:alice@example.com ", b"INVITE tel:1 ", 416),
        (b"Max-Forwards: 70", b"Max-Forwards: 0", 483),
        (b"Max-Forwards: 70", b"Max-Forwards: 70\r\nProxy-Require: x", 420),
        (b"Max-Forwards: 70", b"Max-Forwards: 70\r\nRoute: <x>", 400),
    ],
)
def test_who_is_not_known_is_told_once(house: House, old: bytes, new: bytes, status: int) -> None:
    """A2: an address over UDP is a claim, and who is there may not want eleven refusals of it."""
    stranger = house.endpoint()
    stranger.send(request("INVITE").replace(old, new), house.address)
    house.run(40)
    assert statuses(house) == {status: 1}
