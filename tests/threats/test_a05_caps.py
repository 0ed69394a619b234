"""
A5: how much of anything there may be, in one table; one more is refused, and the server goes on.

What a datagram and a stream do at their own ends is in ``tests/flows/test_caps.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from attrs import evolve
from twisted.internet.protocol import ClientFactory, Protocol

from sippn.auth.settings import AuthSettings
from sippn.service import ServerSettings
from sippn.sip import read
from sippn.testing.house import House
from sippn.testing.streams_ends import StreamEnd
from sippn.transport import StreamConnection, TCPListener
from tests.flows.test_caps import KIB, contacts, header_section, prid, register
from tests.threats.scene import Sender

DATAGRAM = 65_507  # with the headers of IP and UDP 65,535
MESSAGE, HEAD, LINES, VIAS, URI, PRID = 128 * KIB, 64 * KIB, 200, 70, 4 * KIB, 4 * KIB
CONTACTS, BINDINGS = 50, 10
BUFFERED = 256 * KIB

Make = Callable[[int], bytes]


@pytest.fixture
def settings(settings: ServerSettings) -> ServerSettings:
    """Nobody is asked for a password."""
    return evolve(settings, auth=AuthSettings())


def one_contact(octets: int) -> bytes:
    """A REGISTER whose only Contact is as long as that."""
    start = "<sip:alice@192.0.2.11;x="
    return register([f"Contact: {start}{'x' * (octets - len(start) - 1)}>"])


def message(octets: int) -> bytes:
    """One that is as long as that."""
    empty = len(register(body=octets)) - octets
    return register(body=octets - empty)


def lines(number: int) -> bytes:
    """One with so many lines of header fields."""
    return register(["X: y"] * (number - 7))


def folded(number: int) -> bytes:
    """The same, as one field that is continued."""
    return register(["X: y" + "\r\n y" * (number - 8)])


def uri(octets: int) -> bytes:
    """One with a Request-URI as long as that."""
    start = "sip:example.com;x="
    return register(uri=start + "y" * (octets - len(start)))


def one_by_one(number: int) -> bytes:
    """So many Contacts, a line each."""
    return register([f"Contact: <sip:alice@192.0.2.11:{5060 + n}>" for n in range(number)])


CAPS: Sequence[tuple[str, Make, int, set[int]]] = [
    ("header lines", lines, LINES, {400}),
    ("lines of one field", folded, LINES, {400}),
    ("Vias", lambda number: register(vias=number), VIAS, {400}),
    ("Request-URI", uri, URI, {400}),
    ("Contact", one_contact, URI, {400, 513}),
    ("PRID", lambda octets: register(prid(octets)), PRID, {400, 513}),
    ("bindings of an AOR", lambda number: register(contacts(number)), BINDINGS, {403}),
    ("Contacts", lambda number: register(contacts(number)), CONTACTS, {400}),
    ("Contacts, a line each", one_by_one, CONTACTS, {400}),
]
IN_A_STREAM: Sequence[tuple[str, Make, int]] = [
    ("message", message, MESSAGE),
    ("header section", header_section, HEAD),
]


@pytest.mark.parametrize(("make", "most", "refusals"), [one[1:] for one in CAPS],
    ids=[one[0] for one in CAPS])  # fmt: skip
def test_one_more_is_refused(
    settings: ServerSettings, make: Make, most: int, refusals: set[int]
) -> None:
    """A5: 400, 403 or 513; the limit itself is not refused for being too much."""
    house = House.built(settings)
    (at_limit,) = Sender.at(house).send(make(most))
    if most == CONTACTS:  # more than bindings may be
        assert at_limit == 403
    elif most != PRID or make(1) != register(prid(1)):  # whose Contact would be too long
        assert at_limit == 200
    house.server.stopService()
    house = House.built(settings)
    (beyond,) = Sender.at(house).send(make(most + 1))
    assert beyond in refusals
    assert house.get(house.phone("bob").register()).status == 200
    house.server.stopService()


@pytest.mark.parametrize("transport", ["tcp"])
@pytest.mark.parametrize(("make", "most"), [one[1:] for one in IN_A_STREAM],
    ids=[one[0] for one in IN_A_STREAM])  # fmt: skip
def test_one_octet_more_ends_a_stream(house: House, make: Make, most: int) -> None:
    """A5: 513, and the connection with it: nobody looks for the message behind it."""
    fits, too_long = house.phone("bob"), Sender.at(house)
    assert house.get(fits.register()).status == 200
    smuggled = too_long.write("OPTIONS", "sip:example.com")
    assert too_long.send(make(most + 1) + smuggled) == [513]
    house.run(5)
    assert [answer.status for answer in too_long.answers()] == [513]
    assert fits.endpoint.connected  # type: ignore[attr-defined]
    assert not too_long.endpoint.connected  # type: ignore[attr-defined]


@pytest.mark.parametrize("transport", ["tcp"])
@pytest.mark.parametrize(("make", "most"), [one[1:] for one in IN_A_STREAM],
    ids=[one[0] for one in IN_A_STREAM])  # fmt: skip
def test_limit_of_a_stream_is_taken(house: House, make: Make, most: int) -> None:
    """A5: and the connection stays."""
    sender = Sender.at(house)
    assert sender.send(make(most), 5) == [200]
    assert sender.endpoint.connected  # type: ignore[attr-defined]


@pytest.mark.parametrize("transport", ["udp"])
def test_largest_datagram_is_read(house: House) -> None:
    """A5: 65,535 octets with its headers, whole; beyond it there is none."""
    assert Sender.at(house).send(message(DATAGRAM)) == [200]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_hundred_kilobytes_cost_no_more_than_an_answer(house: House) -> None:
    """A5, A2: what is refused for its size is not answered with that size."""
    sender = Sender.at(house)
    octets = register([f"X: {'x' * 200}"] * 250)
    sender.send(octets)
    sent = [one.octets for one in house.network.carried if one.source.host == house.address.host]
    assert 0 < sum(len(one) for one in sent) < 1.5 * len(octets)
    assert all(len(one) < 2000 for one in sent)


class Flood(Protocol):
    """Says all that it has, and reads nothing."""


class _Dialling(ClientFactory):
    noisy = False

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol

    def buildProtocol(self, addr: object) -> Protocol:  # noqa: ARG002 - Twisted's
        """The one there is."""
        return self._protocol


def connection_of(house: House, host: str = "198.51.100.9") -> StreamConnection:
    """The one that the server has with *host*."""
    (listener,) = house.server.stack._listeners
    assert isinstance(listener, TCPListener)
    every = listener.streams._all.values()
    (connection,) = [one for one in every if one.remote.host == host]
    return connection


def kept(connection: StreamConnection) -> int:
    """Octets of it that the server holds: what came, what waits its turn, what cannot leave."""
    wire = connection._wire
    unsent = 0
    if isinstance(wire, StreamEnd):
        unsent = len(wire.dataBuffer) - wire.offset + wire._tempDataLen
    held = len(connection._held or b"")
    return len(connection._framer._buffer) + held + unsent


ENDLESS = {
    "a header": [b"OPTIONS sip:example.com SIP/2.0\r\nX: "] + [b"x" * 16_384] * 64,
    "header fields": [b"OPTIONS sip:example.com SIP/2.0\r\n"] + [b"X: y\r\n" * 2048] * 80,
    "line ends": [b"\r\n" * 8192] * 64,
    "a body": [register(body=1_000_000)[:16_384]] + [b"x" * 16_384] * 64,
    "a length that is too much": [b"Content-Length: 99999999999999999999\r\n"] * 200,
    "nothing that is SIP": [b"\x16\x03\x01\x00" * 4096] * 64,
}


@pytest.mark.parametrize("transport", ["tcp"])
@pytest.mark.parametrize("what", ENDLESS)
@pytest.mark.parametrize("reads", [True, False])
def test_connection_holds_no_more(house: House, what: str, reads: bool) -> None:
    """A5: never more than 256 KiB of a connection, whatever it says, read or not."""
    flood = Flood()
    house.network.reactor.connectTCP(
        house.address.host, house.address.port, _Dialling(flood), bindAddress=("198.51.100.9", 9)
    )
    house.run()
    connection, most = connection_of(house), 0
    for piece in ENDLESS[what]:
        if flood.transport is not None:
            flood.transport.write(piece)
        house.run()
        if not reads and isinstance(flood.transport, StreamEnd):
            flood.transport.stopReading()
        most = max(most, kept(connection))
    assert most <= BUFFERED


@pytest.mark.parametrize("transport", ["tcp"])
def test_answers_that_nobody_reads_are_bounded(house: House) -> None:
    """A5: who asks and asks and does not listen is not asked on, or is cut."""
    flood, sender = Flood(), Sender.at(house)
    house.network.reactor.connectTCP(
        house.address.host, house.address.port, _Dialling(flood), bindAddress=("198.51.100.9", 9)
    )
    house.run()
    connection, most = connection_of(house), 0
    house.network.freeze(type(house.address)("198.51.100.9", 9))
    near = connection._wire
    assert isinstance(near, StreamEnd)
    for number in range(3000):
        near.take(sender.write("OPTIONS", "sip:example.com", ("Subject", "x" * 300)))
        if number % 20 == 0:
            house.run()
            most = max(most, kept(connection))
    assert 0 < most <= BUFFERED
    answered = [one for one in house.network.carried if one.source.host == house.address.host]
    assert len(answered) < 3000


@pytest.mark.parametrize("transport", ["tcp"])
def test_requests_that_nobody_reads_are_bounded(house: House) -> None:
    """A5: a phone that reads nothing is sent 256 KiB, then it is cut; its callers are told."""
    alice, bob = house.phone("alice"), house.phone("bob")
    house.get(alice.register())
    connection, most = connection_of(house, alice.address.host), 0
    house.network.freeze(alice.address)
    texts = []
    for _ in range(60):
        texts.append(bob.message("sip:alice@example.com", "x" * 30_000))
        house.run()
        most = max(most, kept(connection))
    assert BUFFERED / 2 < most <= BUFFERED
    assert not connection.is_usable
    assert texts[-1].called
    house.run(40)
    assert all(text.called for text in texts)


def test_read_is_whole(house: House) -> None:
    """A5: what is taken at its limit is what was sent."""
    sender = Sender.at(house)
    sender.send(register(vias=VIAS))
    (answer,) = [
        read(one.octets) for one in house.network.carried if one.source.host == house.address.host
    ]
    assert len(answer.headers.values("Via")) == VIAS
