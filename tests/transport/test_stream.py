"""Tests for :mod:`sippn.transport.stream` and :mod:`sippn.transport.streams`, without sockets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IHandshakeListener, IPushProducer
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from zope.interface import provider
from zope.interface.verify import verifyObject

from sippn.binding import Source
from sippn.errors import TransportError
from sippn.transport import Address, StreamConnection, Streams
from sippn.transport.own_address import OwnAddress
from sippn.transport.settings import StreamLimits
from sippn.transport.streams import MOST_HANDSHAKES
from tests.transport.wires import LOST, Home, User, Wire, names

MESSAGE = b"OPTIONS sip:h SIP/2.0\r\nContent-Length: 2\r\n\r\nhi"


@pytest.fixture
def streams(clock: Clock) -> Iterator[Streams]:
    made = names()
    yield Streams(clock, lambda _: next(made), StreamLimits(connections=3))
    for call in clock.getDelayedCalls():
        call.cancel()


@pytest.fixture
def home(streams: Streams) -> Home:
    return Home(streams)


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def connection(home: Home, wire: Wire) -> StreamConnection:
    connection = home.connected(wire)
    wire.log.clear()
    return connection


def seconds(clock: Clock, number: float) -> None:
    """Let time pass as it does: a second is a second."""
    clock.pump([0.5] * int(number * 2))


def test_is_what_twisted_connects(home: Home) -> None:
    """A protocol that hears of handshakes, and produces what it reads."""
    connection = home.streams.connection(home, "")
    assert verifyObject(IHandshakeListener, connection)
    assert verifyObject(IPushProducer, connection)


def test_says_where_it_leads(connection: StreamConnection, streams: Streams) -> None:
    """S-04: its name is good for this connection and no other; the source repeats it."""
    assert connection.token == "tcp:192.0.2.10:5060:192.0.2.1:4711/0000000000000001"
    assert (connection.transport, connection.reliable, connection.secure) == ("TCP", True, False)
    assert connection.source == Source(connection.token, "192.0.2.1", 4711)
    assert connection.sent_by == "192.0.2.10:5060"
    assert connection.at_port(5070) is connection
    assert streams.flow(connection.token) is connection


def test_second_connection_of_one_address_has_another_name(home: Home) -> None:
    """A binding's flow must not be somebody else's, who has that address now."""
    first, second = home.connected(Wire()), home.connected(Wire())
    first.connectionLost(LOST)
    assert first.token != second.token
    assert home.streams.flow(first.token) is None
    assert home.streams.flow(second.token) is second


def test_link_local_peer_keeps_its_zone(home: Home) -> None:
    """Without the zone nobody could be connected to there."""
    wire = Wire(IPv6Address("TCP", "fe80::1%eth0", 4711, 0, 2))
    assert home.connected(wire).remote == Address("fe80::1%2", 4711)


@pytest.mark.parametrize(
    ("listening", "advertise", "told"),
    [
        ("0.0.0.0", None, "192.0.2.10:5060"),
        ("0.0.0.0", "sip.example", "sip.example:5060"),
        ("192.0.2.10", None, "192.0.2.10:5060"),
    ],
)
def test_tells_the_port_that_listens(
    home: Home, listening: str, advertise: str | None, told: str
) -> None:
    """RFC 3261 section 18.1.1: where we connected, the port of our end takes no calls."""
    home.own = OwnAddress.written(listening, 5060, advertise)
    wire = Wire(host=IPv4Address("TCP", "192.0.2.10", 40000))
    assert home.connected(wire).sent_by == told


def test_small_segments_leave_at_once(home: Home, wire: Wire) -> None:
    """A response that waits for an ACK waits 40 ms; dead peers are the kernel's to find."""
    home.connected(wire)
    assert wire.log == ["nodelay True", "keepalive True"]


def test_messages_come_whole_and_in_order(connection: StreamConnection, home: Home) -> None:
    """RFC 3261 section 18.3."""
    connection.dataReceived(MESSAGE + MESSAGE[:10])
    connection.dataReceived(MESSAGE[10:])
    assert home.received == [MESSAGE, MESSAGE]


def test_pings_are_answered(connection: StreamConnection, wire: Wire) -> None:
    """RFC 5626 section 4.4.1: a double line end by a single one."""
    for octets in (b"\r\n\r\n", b"\r\n", b"\r\n\r\n\r\n\r\n"):
        connection.dataReceived(octets)
    assert wire.log == [b"\r\n", b"\r\n\r\n"]


def test_any_octet_is_a_sign_of_life(connection: StreamConnection, clock: Clock) -> None:
    """S-05: whoever chooses among flows asks which has been heard lately."""
    began = connection.heard_at
    clock.advance(5)
    connection.send(MESSAGE)
    assert connection.heard_at == began == 1000
    connection.dataReceived(b"\r\n")
    assert connection.heard_at == 1005


@pytest.mark.parametrize("end", ["lost", "closed", "aborted"])
def test_nothing_leaves_after_its_end(
    connection: StreamConnection, wire: Wire, home: Home, end: str
) -> None:
    """RFC 3261 section 18.4: whoever sends is told."""
    if end == "lost":
        connection.connectionLost(LOST)
    elif end == "closed":
        connection.close()
    else:
        connection.abort()
    wire.log.clear()
    with pytest.raises(TransportError, match=r"192\.0\.2\.1:4711 is closed"):
        connection.send(MESSAGE)
    connection.dataReceived(MESSAGE)
    connection.close()
    assert (wire.log, home.received) == ([], [])
    assert not connection.is_usable


def test_users_are_told_once_and_in_order(connection: StreamConnection) -> None:
    """S-05: a transaction on a connection that is lost hears of it at once."""
    told: list[str] = []
    users = [User(name, told) for name in "abc"]
    for user in users:
        connection.join(user)
    connection.join(users[0])
    connection.leave(users[1])
    connection.leave(users[1])
    connection.connectionLost(LOST)
    assert told == ["a", "c"]


def test_users_are_not_told_of_our_own_end(connection: StreamConnection) -> None:
    """A server that stops does not look for other ways to its peers."""
    user = User()
    connection.join(user)
    connection.forsake()
    connection.connectionLost(LOST)
    assert user.told == []


def test_user_that_breaks_leaves_the_others_told(
    connection: StreamConnection, nothing_fails_unseen: list[LogEvent]
) -> None:
    """One bug must not cost every transaction of a trunk."""

    class Broken(User):
        def flow_lost(self) -> None:
            raise ZeroDivisionError

    user = User()
    connection.join(Broken())
    connection.join(user)
    connection.connectionLost(LOST)
    assert len(user.told) == len(nothing_fails_unseen) == 1
    nothing_fails_unseen.clear()


def test_broken_stream_is_answered_then_closed(
    connection: StreamConnection, home: Home, wire: Wire, clock: Clock
) -> None:
    """A5: closed over unread octets, TCP would take the answer back from the peer."""
    home.answers.append(b"SIP/2.0 400 No\r\nl: 0\r\n\r\n")
    clock.advance(0.9)
    connection.dataReceived(b"OPTIONS sip:h SIP/2.0\r\n\r\n" + MESSAGE)
    connection.dataReceived(MESSAGE)
    assert wire.log == home.answers
    assert len(home.received) == 1
    clock.advance(0.9)
    assert wire.log[1:] == []
    seconds(clock, 1)
    assert wire.log[1:] == ["lose"]
    seconds(clock, 6)
    assert wire.log[1:] == ["lose", "abort"]


def test_nothing_more_is_passed_on_once_closed(connection: StreamConnection, home: Home) -> None:
    """Whoever closes a connection at the first of two messages does not want the second."""
    home.closes = True
    connection.dataReceived(MESSAGE + MESSAGE)
    assert home.received == [MESSAGE]


def test_idle_connection_is_closed(connection: StreamConnection, wire: Wire, clock: Clock) -> None:
    """A4: pings and pieces keep a NAT open, and no connection of ours."""
    seconds(clock, 15)
    connection.dataReceived(MESSAGE)
    for _ in range(59):
        seconds(clock, 1)
        connection.dataReceived(b"\r\n")
    assert "lose" not in wire.log
    seconds(clock, 1)
    assert wire.log[-1] == "lose"


def test_connection_without_a_first_message_is_closed_early(
    connection: StreamConnection, wire: Wire, clock: Clock
) -> None:
    """A4: a phone that connects has something to say; who only holds a place does not."""
    for _ in range(19):
        seconds(clock, 1)
        connection.dataReceived(b"\r\n")
    assert "lose" not in wire.log
    seconds(clock, 1)
    assert wire.log[-1] == "lose"


@pytest.mark.parametrize("used", ["sent", "received", "kept", "joined"])
def test_connection_in_its_first_use_is_not_closed_early(
    connection: StreamConnection, wire: Wire, clock: Clock, used: str
) -> None:
    """A4: from then on it has all the time of an idle one."""
    seconds(clock, 19)
    if used == "sent":
        connection.send(MESSAGE)
    elif used == "received":
        connection.dataReceived(MESSAGE)
    elif used == "kept":
        connection.keep(2000)
    else:
        connection.join(User())
    seconds(clock, 59)
    assert "lose" not in wire.log


def test_what_is_sent_counts_as_use(connection: StreamConnection, wire: Wire, clock: Clock) -> None:
    """A caller that waits for its callee is not idle while responses come."""
    connection.dataReceived(MESSAGE)
    seconds(clock, 40)
    connection.send(MESSAGE)
    seconds(clock, 59)
    assert "lose" not in wire.log
    seconds(clock, 1)
    assert "lose" in wire.log


def test_connection_with_a_binding_stays(
    connection: StreamConnection, wire: Wire, clock: Clock
) -> None:
    """S-04: as long as the binding lives, the longest of several; then it is idle."""
    connection.keep(1300)
    connection.keep(1200)
    seconds(clock, 299)
    assert wire.log == []
    seconds(clock, 1)
    assert wire.log == ["lose"]


def test_connection_in_use_stays(connection: StreamConnection, wire: Wire, clock: Clock) -> None:
    """A transaction may wait for its response longer than anybody says anything."""
    user = User()
    connection.join(user)
    seconds(clock, 100)
    assert wire.log == []
    connection.leave(user)
    seconds(clock, 1)
    assert wire.log == ["lose"]


def test_idle_is_allowed_where_it_is_not_limited(clock: Clock, wire: Wire) -> None:
    """0 means no limit."""
    streams = Streams(clock, lambda _: b"", StreamLimits(idle_timeout=0))
    connection = Home(streams).connected(wire)
    seconds(clock, 1000)
    assert "lose" not in wire.log
    connection.connectionLost(LOST)
    seconds(clock, 1)


def test_slow_message_is_cut_off(connection: StreamConnection, wire: Wire, clock: Clock) -> None:
    """A4, slow loris: 20 s for a whole message, though a binding is there."""
    connection.keep(5000)
    connection.dataReceived(MESSAGE)
    for octet in MESSAGE[:19]:
        connection.dataReceived(bytes([octet]))
        seconds(clock, 1)
    assert wire.log == []
    connection.dataReceived(MESSAGE[19:20])
    seconds(clock, 1)
    assert wire.log == ["lose"]


def test_each_message_has_its_own_time(
    connection: StreamConnection, wire: Wire, clock: Clock
) -> None:
    """A busy peer always has half a message under way."""
    for _ in range(30):
        connection.dataReceived(MESSAGE[:5])
        seconds(clock, 5)
        connection.dataReceived(MESSAGE[5:] + MESSAGE[:5])
        seconds(clock, 5)
        connection.dataReceived(MESSAGE[5:])
    assert wire.log == []


def test_peer_that_does_not_read_is_not_read(connection: StreamConnection, wire: Wire) -> None:
    """A5: its requests wait until it has taken the responses."""
    wire.full = True
    connection.send(b"x" * 1000)
    connection.send(b"x" * 1000)
    assert wire.log.count("pause") == 1
    wire.full = False
    connection.resumeProducing()
    connection.resumeProducing()
    assert wire.log[-1] == "resume"
    assert wire.log.count("resume") == 1


def test_peer_that_never_reads_is_cut_off(connection: StreamConnection, wire: Wire) -> None:
    """A5: no more than 256 KiB wait for it, counted from where Twisted says it is full."""
    wire.full = True
    piece = b"x" * 65536
    for _ in range(3):
        connection.send(piece)
    assert "abort" not in wire.log
    with pytest.raises(TransportError, match="does not read"):
        connection.send(b"x")
    assert wire.log[-1] == "abort"
    connection.connectionLost(LOST)


def test_pings_of_a_peer_that_never_reads_are_bounded(
    connection: StreamConnection, wire: Wire
) -> None:
    """A5: answers to pings are octets as well."""
    wire.full = True
    for _ in range(10):
        connection.dataReceived(b"\r\n" * 40_000)
    assert wire.log[-1] == "abort"
    assert sum(len(octets) for octets in wire.log if isinstance(octets, bytes)) < 256 << 10


def test_handshake_comes_before_everything(home: Home, wire: Wire, streams: Streams) -> None:
    """E7: until it is over nothing can be sent, and nothing pauses it."""
    home.secure, home.transport = True, "TLS"
    connection = home.connected(wire, None)
    assert connection.token.startswith("tls:")
    with pytest.raises(TransportError):
        connection.send(MESSAGE)
    assert (wire.producer, wire.log, len(streams)) == (None, [], 1)
    connection.handshakeCompleted()
    connection.send(MESSAGE)
    assert wire.log[-1] == MESSAGE
    assert connection.source.secure


def test_unfinished_handshake_is_cut_off(home: Home, wire: Wire, clock: Clock) -> None:
    """E7: at 10 s, whatever it is that comes."""
    home.secure = True
    home.connected(wire, None)
    seconds(clock, 9)
    assert wire.log == []
    seconds(clock, 1)
    assert wire.log == ["abort"]
    seconds(clock, 5)
    assert wire.log == ["abort"]


def test_handshake_with_somebody_else_is_none(home: Home, wire: Wire) -> None:
    """RFC 5922: the connection is lost, and why is told; nothing was sent."""
    home.secure = True
    connection = home.connected(wire, "refused")
    connection.handshakeCompleted()
    connection.dataReceived(MESSAGE)
    assert (wire.log, connection.is_usable, home.received) == (["abort"], False, [])
    connection.connectionLost(LOST)
    assert home.went == ["not it"]


def test_handshakes_are_bounded_and_the_oldest_goes(clock: Clock) -> None:
    """E7: under a flood those that mean it are through before they are the oldest."""
    made = names()
    home = Home(Streams(clock, lambda _: next(made)), secure=True)
    wires = [Wire() for _ in range(MOST_HANDSHAKES + 3)]
    connections = [home.connected(wire, None) for wire in wires[:2]]
    connections[0].handshakeCompleted()
    connections += [home.connected(wire, None) for wire in wires[2:]]
    assert [number for number, wire in enumerate(wires) if "abort" in wire.log] == [1, 2]
    for connection in connections:
        connection.connectionLost(LOST)
    assert len(home.streams) == 0
    seconds(clock, 1)


def test_room_is_limited(streams: Streams, home: Home) -> None:
    """A4: all listeners together."""
    connections = [home.connected(Wire()) for _ in range(3)]
    assert not streams.has_room()
    connections[0].connectionLost(LOST)
    assert streams.has_room()
    assert len(streams) == 2


def test_want_of_room_is_logged_once_a_minute(streams: Streams, home: Home, clock: Clock) -> None:
    """An operator has to know, and those who cause it must not fill the disk."""
    told: list[str] = []

    @provider(ILogObserver)
    def observe(event: LogEvent) -> None:
        told.extend([str(formatEvent(event))] if "number" in event else [])

    globalLogPublisher.addObserver(observe)
    try:
        connections = [home.connected(Wire()) for _ in range(3)]
        for _ in range(10):
            assert not streams.has_room()
        clock.advance(59)
        assert not streams.has_room()
        assert told == ["no more than 3 connections are taken"]
        clock.advance(1)
        assert not streams.has_room()
        assert len(told) == 2
    finally:
        globalLogPublisher.removeObserver(observe)
    assert len(connections) == 3


def test_room_is_unlimited_if_it_is_zero(clock: Clock) -> None:
    """0 means any number."""
    streams = Streams(clock, lambda _: b"", StreamLimits(connections=0))
    assert streams.has_room()


def test_no_timer_without_connections(home: Home, clock: Clock) -> None:
    """LIBRARIES 7.10: one look a second at all of them, and none at none."""
    assert clock.getDelayedCalls() == []
    first, second = home.connected(Wire()), home.connected(Wire())
    assert len(clock.getDelayedCalls()) == 1
    first.connectionLost(LOST)
    seconds(clock, 2)
    assert len(clock.getDelayedCalls()) == 1
    second.connectionLost(LOST)
    seconds(clock, 1)
    assert clock.getDelayedCalls() == []
