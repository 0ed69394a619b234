"""Tests for :mod:`sippn.transport.turns`: nobody who sends much keeps the others waiting."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from os import urandom
from typing import Any

import pytest
from attrs import define, field
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import Clock
from zope.interface import implementer

from sippn.transport import StreamConnection, Streams, TCPListener, UDPListener
from sippn.transport.turns import MESSAGES_A_TURN, Turns
from tests.transport.conftest import Until, Wait
from tests.transport.wires import LOST, Home, Wire, names


def message(text: str) -> bytes:
    """One that can be told from the others."""
    return b"OPTIONS sip:h SIP/2.0\r\nl: %d\r\n\r\n%s" % (len(text), text.encode())


def burst(name: str, number: int) -> bytes:
    """Some messages at once."""
    return b"".join(message(f"{name}{each}") for each in range(number))


def turn(clock: Clock) -> None:
    """One turn of a reactor; the clock itself goes on until nothing more is due."""
    for call in [call for call in clock.calls if call.getTime() <= clock.seconds()]:
        clock.calls.remove(call)
        call.called = 1
        call.func(*call.args, **call.kw)


def bodies(home: Home) -> list[str]:
    """What was received since somebody asked last."""
    came = [octets.rpartition(b"\n")[2].decode() for octets in home.received]
    home.received.clear()
    return came


@pytest.fixture
def home(clock: Clock) -> Iterator[Home]:
    made = names()
    yield Home(Streams(clock, lambda _: next(made)))
    for call in list(clock.getDelayedCalls()):
        call.cancel()


@pytest.fixture
def spent(home: Home) -> StreamConnection:
    """A connection that has taken all there is of this turn, and wants no more."""
    connection = home.connected(Wire())
    connection.dataReceived(burst("x", MESSAGES_A_TURN))
    assert len(bodies(home)) == MESSAGES_A_TURN
    return connection


def test_message_in_a_quiet_moment_is_served_at_once(home: Home, clock: Clock) -> None:
    """B2: no turn later, and without a timer of its own."""
    connection = home.connected(Wire())
    timers = clock.getDelayedCalls()
    connection.dataReceived(message("a"))
    assert bodies(home) == ["a"]
    assert clock.getDelayedCalls() == timers


def test_many_quiet_moments_never_spend_a_turn(home: Home, clock: Clock) -> None:
    """B2: what was served in a turn that is over does not count."""
    wire = Wire()
    connection = home.connected(wire)
    few = MESSAGES_A_TURN // 2 - 5
    for _ in range(20):
        connection.dataReceived(burst("a", few))
        assert len(bodies(home)) == few
        turn(clock)
    assert "pause" not in wire.log


def test_turn_takes_no_more_than_its_measure(home: Home, clock: Clock) -> None:
    """B2: all connections together, in which turn whatever came; in order."""
    first, second = home.connected(Wire()), home.connected(Wire())
    first.dataReceived(burst("a", 50))
    second.dataReceived(burst("b", 100))
    assert bodies(home) == [f"a{n}" for n in range(50)] + [f"b{n}" for n in range(14)]
    turn(clock)
    second.dataReceived(burst("c", 60))
    assert bodies(home) == [f"b{n}" for n in range(14, 78)]
    turn(clock)
    assert bodies(home) == [f"b{n}" for n in range(78, 100)] + [f"c{n}" for n in range(42)]
    first.dataReceived(message("d"))
    turn(clock)
    assert sorted(bodies(home)) == sorted(["d", *(f"c{n}" for n in range(42, 60))])


def test_those_who_wait_take_turns(home: Home, spent: StreamConnection, clock: Clock) -> None:
    """B2: one message each, so that one request does not wait for a thousand."""
    for name, number in (("a", 100), ("b", 3), ("c", 1)):
        home.connected(Wire()).dataReceived(burst(name, number))
    spent.dataReceived(message("y"))
    assert bodies(home) == []
    turn(clock)
    came = bodies(home)
    assert came[:8] == ["a0", "b0", "c0", "y", "a1", "b1", "a2", "b2"]
    assert len(came) == MESSAGES_A_TURN
    turn(clock)
    assert bodies(home) == [f"a{n}" for n in range(MESSAGES_A_TURN - 5, 100)]


@pytest.mark.usefixtures("spent")
def test_nothing_is_read_from_who_waits(home: Home, clock: Clock) -> None:
    """B2: what is in the kernel costs nothing, and slows down who sends."""
    wire = Wire()
    connection = home.connected(wire)
    wire.log.clear()
    connection.dataReceived(burst("a", 2))
    connection.dataReceived(message("b"))  # TLS had it already
    assert wire.log == ["pause"]
    turn(clock)
    assert bodies(home) == ["a0", "a1", "b"]
    assert wire.log == ["pause", "resume"]


@pytest.mark.usefixtures("spent")
def test_full_buffer_and_backlog_are_two_reasons(home: Home, clock: Clock) -> None:
    """B2, A5: it is read again when neither holds, whichever ends first."""
    wire = Wire()
    connection = home.connected(wire)
    for first in ("served", "written"):
        wire.log.clear()
        connection.dataReceived(burst("a", MESSAGES_A_TURN + 1))
        connection.pauseProducing()
        if first == "written":
            connection.resumeProducing()
        turn(clock)
        turn(clock)
        if first == "served":
            assert wire.log == ["pause"]
            connection.resumeProducing()
        assert wire.log == ["pause", "resume"]
        connection.dataReceived(burst("x", MESSAGES_A_TURN - 1))


@pytest.mark.usefixtures("spent")
@pytest.mark.parametrize("end", ["lost", "closed", "aborted"])
def test_end_of_a_connection_drops_what_waits(home: Home, clock: Clock, end: str) -> None:
    """B2: nobody is there to be answered; those behind it go on."""
    wire = Wire()
    connection, other = home.connected(wire), home.connected(Wire())
    connection.dataReceived(burst("a", 5))
    other.dataReceived(message("b"))
    if end == "lost":
        connection.connectionLost(LOST)
    elif end == "closed":
        connection.close()
        assert wire.log[-2:] == ["resume", "lose"]  # TLS reads the end of its peer
    else:
        connection.abort()
    connection.dataReceived(message("c"))
    turn(clock)
    assert bodies(home) == ["b"]


@pytest.mark.usefixtures("spent")
def test_connection_closed_while_it_is_served_drops_the_rest(home: Home, clock: Clock) -> None:
    """Whoever closes it at the first of two messages does not want the second."""
    home.closes = True
    home.connected(Wire()).dataReceived(burst("a", 5))
    turn(clock)
    assert bodies(home) == ["a0"]


@pytest.mark.usefixtures("spent")
def test_broken_stream_ends_after_what_came_before(home: Home, clock: Clock) -> None:
    """B2, A5: all is answered, the broken message too; then the peer has a second to read."""
    wire = Wire()
    connection = home.connected(wire)
    connection.dataReceived(burst("a", MESSAGES_A_TURN) + b"BYE sip:h SIP/2.0\r\n\r\n")
    turn(clock)
    assert len(bodies(home)) == MESSAGES_A_TURN
    connection.look(clock.seconds() + 2, 60)  # a turn may take long
    assert "lose" not in wire.log
    turn(clock)
    assert home.received == [b"BYE sip:h SIP/2.0\r\n\r\n"]
    connection.look(clock.seconds() + 0.9, 60)
    assert "lose" not in wire.log
    connection.look(clock.seconds() + 1, 60)
    assert wire.log[-1] == "lose"


def test_who_waits_is_neither_idle_nor_slow(home: Home) -> None:
    """B2: it is we who take our time; once it is served, its own begins."""
    spender, wire = home.connected(Wire()), Wire()
    connection = home.connected(wire)
    spender.dataReceived(burst("x", MESSAGES_A_TURN))
    connection.dataReceived(message("a")[:9])
    connection.dataReceived(message("a")[9:] + message("b")[:9])
    connection.look(5000, 60)
    assert "lose" not in wire.log
    assert connection.serve() is False
    connection.look(1019.5, 60)
    assert "lose" not in wire.log
    connection.look(1020, 60)
    assert wire.log[-1] == "lose"


@pytest.mark.usefixtures("spent")
def test_pings_are_answered_meanwhile(home: Home, clock: Clock) -> None:
    """RFC 5626 section 4.4.1: it has 10 seconds, and costs nothing."""
    wire = Wire()
    connection = home.connected(wire)
    connection.dataReceived(b"\r\n\r\n" + message("a") + b"\r\n\r\n")
    assert wire.log[-2:] == [b"\r\n", "pause"]
    turn(clock)
    assert wire.log[-2:] == [b"\r\n", "resume"]


def test_one_that_breaks_leaves_the_others_served(clock: Clock) -> None:
    """A bug in one must not silence all connections of a server."""
    served: list[str] = []

    class Breaking:
        def serve(self) -> bool:
            raise ZeroDivisionError

    class Sound:
        def serve(self) -> bool:
            served.append("once")
            return False

    turns = Turns(clock)
    while turns.take():
        pass
    turns.wait(Breaking())
    turns.wait(Sound())
    with pytest.raises(ZeroDivisionError):
        turn(clock)
    clock.advance(0)
    assert served == ["once"]
    turn(clock)


@implementer(IReactorTime)
@define(eq=False)
class Turning:
    """The reactor's turns, and a clock for whatever takes longer."""

    reactor: Any
    clock: Clock

    def seconds(self) -> float:
        """Of the clock."""
        return self.clock.seconds()

    def callLater(
        self,
        delay: float,
        callable: Callable[..., object],  # noqa: A002 - Twisted's word
        *args: object,
        **kw: object,
    ) -> IDelayedCall:
        """In the next turn, or when the clock says so."""
        timers: IReactorTime = self.clock if delay else self.reactor
        return timers.callLater(delay, callable, *args, **kw)

    def getDelayedCalls(self) -> list[IDelayedCall]:
        """For nobody."""
        return []


@define(eq=False)
class Crowd:
    """
    A server on UDP and TCP whose UDP client asks again as soon as it is answered.

    :ivar between: messages that came over connections before each datagram.
    """

    udp: UDPListener
    tcp: TCPListener
    client: socket.socket
    served: int = 0
    between: list[int] = field(factory=list)

    def ask(self) -> None:
        """One datagram."""
        self.client.sendto(b"OPTIONS", (self.udp.local.host, self.udp.local.port))

    def datagram(self, *_: object) -> None:
        """Of the client's."""
        self.between.append(self.served)
        self.served = 0
        self.ask()

    def streamed(self, *_: object) -> None:
        """Of the crowd's."""
        self.served += 1


@pytest.fixture
def crowd(reactor: Any, clock: Clock, wait: Wait) -> Iterator[Crowd]:
    streams = Streams(Turning(reactor, clock), urandom)
    tcp, udp = TCPListener(reactor, "127.0.0.1", 0, streams), UDPListener(reactor, "127.0.0.1", 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        crowd = Crowd(udp, tcp, client)
        tcp.start(crowd.streamed)
        udp.start(crowd.datagram)
        yield crowd
        udp.stop()
        ended = tcp.stop()
        clock.advance(1)
        if ended is not None:
            wait(ended)
    clock.advance(1)


async def test_udp_is_answered_while_many_pipeline(crowd: Crowd, until: Until) -> None:
    """B2: each datagram waits for two turns of the connections at most, not for all they have."""
    number, each = 50, 400
    with ExitStack() as peers:
        for name in range(number):
            to = (crowd.tcp.local.host, crowd.tcp.local.port)
            peers.enter_context(socket.create_connection(to, 5)).sendall(burst(f"{name}-", each))
        crowd.ask()
        await until(lambda: sum(crowd.between) == number * each)
    assert max(crowd.between) <= 2 * MESSAGES_A_TURN
