"""
A4: connections that say next to nothing, by the thousand.

What it costs the others in milliseconds, ``python -m bench slow`` says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import pytest
from attrs import define, evolve, field
from twisted.internet.protocol import ClientFactory, Protocol, connectionDone
from twisted.python.failure import Failure

from sippn.service import ServerSettings
from sippn.testing.house import House
from sippn.testing.ua import ScriptedUA
from sippn.transport import Streams, TCPListener
from sippn.transport.settings import ListenSettings, StreamLimits
from sippn.transport.streams import MOST_CUT
from tests.threats.scene import SECRET, Sender

SLOW = 2_000
SECONDS = 60
CUT = 0.95
HEAD = (
    b"REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.9:5060;branch=z9hG4bKslow\r\n"
    b"Max-Forwards: 70\r\nFrom: <sip:x@example.com>;tag=1\r\nTo: <sip:x@example.com>\r\n"
)

pytestmark = pytest.mark.parametrize("transport", ["tcp"])


@pytest.fixture
def settings(settings: ServerSettings) -> ServerSettings:
    """UDP beside TCP."""
    return evolve(settings, listen=(*settings.listen, ListenSettings("udp", "192.0.2.1", 5060)))


@define(eq=False)
class Slow(Protocol):
    """
    One of them.

    :ivar drips: what it says in each second.
    """

    drips: Iterator[bytes]
    lost_at: float | None = field(default=None, init=False)
    now: Callable[[], float] = field(kw_only=True)

    def drip(self) -> None:
        """Say what is due."""
        said = next(self.drips)
        if said and self.lost_at is None and self.transport is not None:
            self.transport.write(said)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: ARG002 - Twisted's
        """The server has cut it."""
        self.lost_at = self.now()


class _Dialling(ClientFactory):
    noisy = False

    def __init__(self, slow: Slow) -> None:
        self._slow = slow

    def buildProtocol(self, addr: object) -> Slow:  # noqa: ARG002 - Twisted's
        """The one there is."""
        return self._slow


def an_octet() -> Iterator[bytes]:
    """Of a message, each second."""
    yield from (HEAD[at : at + 1] for at in range(len(HEAD)))


def nothing() -> Iterator[bytes]:
    """Not a word."""
    while True:
        yield b""


def half_a_head() -> Iterator[bytes]:
    """At once, and then no more."""
    yield HEAD
    yield from nothing()


def half_a_body() -> Iterator[bytes]:
    """An octet each second of what it has announced."""
    yield HEAD + b"Call-ID: 1\r\nCSeq: 1 REGISTER\r\nContent-Length: 1000\r\n\r\n"
    while True:
        yield b"x"


def line_ends() -> Iterator[bytes]:
    """A ping each second, which is answered, and is nothing."""
    while True:
        yield b"\r\n\r\n"


KINDS = (an_octet, nothing, half_a_head, half_a_body, line_ends)


def dial(house: House, number: int, kinds: tuple[Callable[[], Iterator[bytes]], ...]) -> list[Slow]:
    """So many, of each kind as many."""
    found = []
    for one in range(number):
        slow = Slow(kinds[one % len(kinds)](), now=house.clock.seconds)
        house.network.reactor.connectTCP(
            house.listening["tcp"].host,
            house.listening["tcp"].port,
            _Dialling(slow),
            bindAddress=(f"198.51.{one // 250}.{one % 250}", 4000),
        )
        found.append(slow)
    house.run()
    return found


def streams_of(house: House) -> Streams:
    """Those of the server."""
    (listener,) = [one for one in house.server.stack._listeners if isinstance(one, TCPListener)]
    return listener.streams


def connections(house: House) -> int:
    """How many the server has."""
    return len(streams_of(house))


def registered(house: House, phone: ScriptedUA) -> bool:
    """Whether *phone* is answered, at once."""
    return house.get(phone.register()).status == 200


@pytest.mark.parametrize("kind", KINDS)
def test_slow_connection_is_cut(house: House, kind: Callable[[], Iterator[bytes]]) -> None:
    """A4: whatever it says, in so many seconds that it was not worth much."""
    slow = dial(house, 5, (kind,))
    for _ in range(SECONDS):
        for one in slow:
            one.drip()
        house.run(1)
    assert [one.lost_at is not None and one.lost_at <= SECONDS / 2 for one in slow] == [True] * 5
    assert connections(house) == 0


def test_two_thousand_keep_nobody_out(house: House) -> None:
    """A4: UDP, a standing and a fresh connection are answered all along; 95 % are cut."""
    by_udp = house.phone("alice", password=SECRET, transport="udp")
    standing = house.phone("bob", password=SECRET)
    assert registered(house, standing)
    before = connections(house)
    slow = dial(house, SLOW, KINDS)
    assert connections(house) == before + SLOW
    for second in range(SECONDS):
        for one in slow:
            one.drip()
        house.run(1)
        if second % 5 == 0:
            fresh = house.phone("mallory", password=SECRET)
            assert [registered(house, one) for one in (by_udp, standing, fresh)] == [True] * 3
            fresh.endpoint.close()
    assert sum(one.lost_at is not None for one in slow) >= CUT * SLOW
    house.run(1)
    assert connections(house) - before <= 16


def test_those_too_many_are_turned_away(settings: ServerSettings) -> None:
    """A4: limits.connections; who is in stays in, and there is room again when they are cut."""
    house = House.built(evolve(settings, streams=StreamLimits(connections=10)))
    standing = house.phone("bob", password=SECRET)
    assert registered(house, standing)
    slow = dial(house, 50, (nothing,))
    assert connections(house) == 10
    assert sum(one.lost_at is None for one in slow) == 9
    assert registered(house, standing)
    for _ in range(SECONDS // 2):
        house.run(1)
    assert connections(house) == 1
    assert registered(house, house.phone("alice", password=SECRET))
    house.server.stopService()


def test_who_is_of_use_is_not_cut(house: House) -> None:
    """A4: a phone whose binding came by it, silent for an hour but for its pings."""
    phone = house.phone("bob", password=SECRET)
    assert registered(house, phone)
    for _ in range(118):
        phone.endpoint.ping(house.listening["tcp"])  # type: ignore[attr-defined]
        house.run(30)
    assert phone.endpoint.connected  # type: ignore[attr-defined]


def test_slow_ones_that_come_back_are_no_more(house: House) -> None:
    """A4: each that is cut dials again: there are never more than dial."""
    slow = dial(house, 100, KINDS)
    most = 0
    for _ in range(2 * SECONDS):
        for one in slow:
            one.drip()
        house.run(1)
        gone = [one for one in slow if one.lost_at is not None]
        slow = [one for one in slow if one.lost_at is None] + dial_again(house, len(gone))
        most = max(most, connections(house))
    assert most <= 100
    assert registered(house, house.phone("bob", password=SECRET))


_again = count(300)


def dial_again(house: House, number: int) -> list[Slow]:
    """So many more, from elsewhere."""
    found = []
    for _ in range(number):
        slow = Slow(nothing(), now=house.clock.seconds)
        house.network.reactor.connectTCP(
            house.listening["tcp"].host,
            house.listening["tcp"].port,
            _Dialling(slow),
            bindAddress=("198.51.100.9", 5000 + next(_again)),
        )
        found.append(slow)
    house.run()
    return found


def test_slow_request_is_no_request(house: House) -> None:
    """A4: what was cut in the middle is not served, and nobody is told of it."""
    sender = Sender.at(house)
    whole = sender.write("OPTIONS", "sip:example.com")
    sender.endpoint.send(whole[:-10], house.address)
    house.run(SECONDS)
    assert sender.answers() == []


def test_those_that_end_together_are_cut_by_and_by(house: House) -> None:
    """A4: closing them all in one turn of the reactor, nobody would be served meanwhile."""
    slow = dial(house, 300, (nothing,))
    streams = streams_of(house)
    every = tuple(streams._all.values())
    house.clock.rightNow += 20
    assert streams._next_look is not None
    streams._next_look.cancel()
    for most in (MOST_CUT, 2 * MOST_CUT):
        streams._sweep(rest := iter(every[most - MOST_CUT :]))
        assert sum(not one.is_usable for one in every) == most
        assert streams._next_look is not None
        assert streams._next_look.getTime() == house.clock.seconds()
        streams._next_look.cancel()
    streams._sweep(rest)
    house.run()
    assert all(one.lost_at is not None for one in slow)
