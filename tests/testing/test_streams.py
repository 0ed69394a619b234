"""Tests for :mod:`sippn.testing.streams`: connections on a memory network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from attrs import define, field
from twisted.internet import error
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import (
    IAddress,
    IConnector,
    IHostResolution,
    IProtocolFactory,
    IPushProducer,
    IReactorTCP,
    IResolutionReceiver,
)
from twisted.internet.protocol import ClientFactory, Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.logger import LogEvent
from twisted.python.failure import Failure
from zope.interface import implementer
from zope.interface.verify import verifyObject

from sippn.testing.network import MemoryNetwork
from sippn.testing.streams_ends import WINDOW, Segment, StreamEnd
from sippn.transport import Address

SERVER = Address("192.0.2.1", 5060)
PHONE = Address("192.0.2.11", 4711)


class Noted(Protocol):
    """Writes down what its transport tells it."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.lost: list[object] = []

    @property
    def end(self) -> StreamEnd:
        """Its transport, for what only these have."""
        assert isinstance(self.transport, StreamEnd)
        return self.transport

    @property
    def all_heard(self) -> bytes:
        """What it heard, in one piece."""
        return b"".join(self.heard)

    def dataReceived(self, data: bytes) -> None:
        """Note it."""
        self.heard.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Note why."""
        self.lost.append(type(reason.value))


class Notes(ClientFactory[Any]):
    """Makes :class:`Noted` for either side, and notes what becomes of its attempts."""

    noisy = False

    def __init__(self) -> None:
        self.made: list[Noted] = []
        self.failed: list[object] = []
        self.ended = 0

    def buildProtocol(self, addr: IAddress | None) -> Noted:  # noqa: ARG002 - Twisted's shape
        """Make one."""
        self.made.append(Noted())
        return self.made[-1]

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:  # noqa: ARG002 - the same
        """Note why."""
        self.failed.append(type(reason.value))

    def clientConnectionLost(self, connector: IConnector, reason: Failure) -> None:  # noqa: ARG002 - the same
        """Note that."""
        self.ended += 1


@define(eq=False)
class Pair:
    """A server at SERVER, and a phone at PHONE that is connected to it."""

    clock: Clock = field(factory=Clock)
    network: MemoryNetwork = field(init=False)
    server: Notes = field(factory=Notes)
    client: Notes = field(factory=Notes)

    def __attrs_post_init__(self) -> None:
        """Connect."""
        self.network = MemoryNetwork(self.clock)
        listen(self.network, self.server)
        connect(self.network, self.client)
        self.clock.advance(0)

    @property
    def near(self) -> Noted:
        """The phone's end."""
        return self.client.made[0]

    @property
    def far(self) -> Noted:
        """The server's."""
        return self.server.made[0]

    @property
    def lost(self) -> tuple[Sequence[object], Sequence[object]]:
        """Why each side lost it: the phone, the server."""
        return self.near.lost, self.far.lost

    def say(self, octets: bytes) -> None:
        """Let the phone write, and what comes of it."""
        self.near.end.write(octets)
        self.clock.advance(0)


def listen(network: MemoryNetwork, factory: IProtocolFactory) -> None:
    """Listen at SERVER."""
    network.reactor.listenTCP(SERVER.port, factory, interface=SERVER.host)


def connect(network: MemoryNetwork, factory: Notes, host: str = SERVER.host) -> IConnector:
    """Connect from PHONE."""
    ends = (PHONE.host, PHONE.port)
    return network.reactor.connectTCP(host, SERVER.port, factory, timeout=5, bindAddress=ends)


@pytest.fixture
def pair() -> Pair:
    return Pair()


def test_connection_comes_about_in_a_later_turn() -> None:
    """As in life: whoever connects is never called back before it has finished."""
    network = MemoryNetwork(Clock())
    server, client = Notes(), Notes()
    assert verifyObject(IReactorTCP, network.reactor)
    listen(network, server)
    connector = connect(network, client)
    assert (server.made, client.made) == ([], [])
    network.deliver()
    assert connector.getDestination() == IPv4Address("TCP", "192.0.2.1", 5060)
    assert client.made[0].end.getHost() == IPv4Address("TCP", "192.0.2.11", 4711)
    assert server.made[0].end.getPeer() == IPv4Address("TCP", "192.0.2.11", 4711)


def test_octets_arrive_in_order_and_not_at_once(pair: Pair) -> None:
    """A stream keeps the order and nothing else: two writes may be one read."""
    pair.near.end.write(b"one ")
    pair.near.end.writeSequence([b"two ", b"three"])
    assert pair.far.heard == []
    pair.clock.advance(0)
    assert pair.far.heard == [b"one two three"]
    assert pair.network.carried == [
        Segment(b"one ", PHONE, SERVER),
        Segment(b"two three", PHONE, SERVER),
    ]


def test_reads_can_be_made_small(pair: Pair) -> None:
    """A message may come in any pieces."""
    pair.network.reactor.most_read = 2
    pair.say(b"hello")
    assert pair.far.heard == [b"he", b"ll", b"o"]


def test_nobody_listens_is_a_refusal() -> None:
    """RST to the SYN."""
    network, client = MemoryNetwork(Clock()), Notes()
    connect(network, client)
    network.deliver()
    assert client.failed == [error.ConnectionRefusedError]
    assert network.reactor.dialled == [SERVER]


def test_silent_host_is_a_time_out() -> None:
    """No word at all, even where somebody listens: the attempt ends by its own patience."""
    clock = Clock()
    network, server, client = MemoryNetwork(clock), Notes(), Notes()
    network.reactor.silent.add(SERVER.host)
    listen(network, server)
    connect(network, client)
    clock.advance(4.9)
    assert client.failed == []
    clock.advance(0.1)
    assert client.failed == [error.TimeoutError]
    assert server.made == []


def test_attempt_can_be_given_up() -> None:
    """Before it is connected: then it never is, and no timer is left."""
    clock = Clock()
    network, server, client = MemoryNetwork(clock), Notes(), Notes()
    listen(network, server)
    connect(network, client).disconnect()
    clock.advance(0)
    assert (client.failed, server.made) == ([error.UserError], [])
    assert clock.getDelayedCalls() == []


def test_closing_says_all_that_was_written(pair: Pair) -> None:
    """FIN after the last octet; what the other side said meanwhile gets a reset."""
    pair.near.end.write(b"last words")
    pair.near.end.loseConnection()
    pair.far.end.write(b"too late")
    assert pair.lost == ([], [])
    pair.clock.advance(0)
    assert pair.far.heard == [b"last words"]
    assert pair.near.heard == []
    assert pair.lost == ([error.ConnectionDone], [error.ConnectionLost])
    assert pair.client.ended == 1
    assert pair.network.reactor.ends == {}


def test_peer_hears_that_it_is_over(pair: Pair) -> None:
    """A clean end at both sides where nobody was speaking; writing after it does nothing."""
    pair.near.end.loseConnection()
    pair.clock.advance(0)
    assert pair.lost == ([error.ConnectionDone], [error.ConnectionDone])
    pair.far.end.write(b"hello?")
    pair.far.end.loseConnection()
    pair.clock.advance(0)
    assert pair.near.heard == []
    assert len(pair.far.lost) == 1


def test_abort_is_a_reset(pair: Pair) -> None:
    """What is not out yet never leaves; the loss is told in a later turn, once."""
    pair.near.end.write(b"never mind")
    pair.near.end.abortConnection()
    pair.near.end.abortConnection()
    assert pair.lost == ([], [])
    pair.clock.advance(0)
    assert pair.lost == ([error.ConnectionAborted], [error.ConnectionLost])
    assert pair.far.heard == []


def test_cut_is_a_reset_for_both(pair: Pair) -> None:
    """A NAT that was restarted, a cable that was pulled and somebody who says so."""
    pair.far.end.pauseProducing()
    pair.say(b"unread")
    pair.network.cut(PHONE)
    assert pair.lost == ([], [])
    pair.clock.advance(0)
    assert pair.lost == ([error.ConnectionLost], [error.ConnectionLost])
    assert pair.far.heard == []


def test_writing_to_who_is_gone_is_a_reset(pair: Pair) -> None:
    """Who does not read sees no FIN; its first write that goes nowhere tells it."""
    pair.far.end.pauseProducing()
    pair.near.end.loseConnection()
    pair.clock.advance(0)
    assert pair.far.lost == []
    pair.far.end.write(b"hello?")
    pair.clock.advance(0)
    assert pair.far.lost == [error.ConnectionLost]


def test_frozen_program_hears_it_all_later(pair: Pair) -> None:
    """SIGSTOP: the kernel goes on taking what comes, even the end of the connection."""
    pair.network.freeze(SERVER)
    pair.say(b"one")
    pair.near.end.loseConnection()
    pair.clock.advance(0)
    assert pair.far.heard == []
    assert pair.lost == ([error.ConnectionDone], [])
    assert pair.far.end.doomed
    pair.network.thaw(SERVER)
    pair.clock.advance(0)
    assert pair.far.heard == [b"one"]
    assert pair.far.lost == [error.ConnectionDone]


@implementer(IPushProducer)
class Producer:
    """Counts what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def pauseProducing(self) -> None:
        """Note it."""
        self.told.append("pause")

    def resumeProducing(self) -> None:
        """Note it."""
        self.told.append("resume")

    def stopProducing(self) -> None:
        """Note it."""
        self.told.append("stop")


def test_kernel_takes_so_much_and_the_rest_waits(pair: Pair) -> None:
    """RELIABILITY: a peer that does not read fills the window, then the writer's memory."""
    producer = Producer()
    pair.near.end.registerProducer(producer, streaming=True)
    pair.network.freeze(SERVER)
    pair.say(bytes(WINDOW))
    assert producer.told == []
    pair.say(bytes(WINDOW + 1))
    assert producer.told == ["pause"]
    pair.network.thaw(SERVER)
    pair.clock.advance(0)
    assert producer.told == ["pause", "resume"]
    assert len(pair.far.all_heard) == 2 * WINDOW + 1
    pair.near.end.abortConnection()
    pair.clock.advance(0)
    assert producer.told == ["pause", "resume", "stop"]


def test_paused_reader_is_not_called(pair: Pair) -> None:
    """Until it resumes."""
    pair.far.end.pauseProducing()
    pair.say(b"wait")
    assert pair.far.heard == []
    pair.far.end.resumeProducing()
    pair.clock.advance(0)
    assert pair.far.heard == [b"wait"]


def test_half_close_ends_it_for_who_does_not_ask(pair: Pair) -> None:
    """What Twisted makes of a FIN: the whole connection is done."""
    pair.near.end.write(b"all of it")
    pair.near.end.loseWriteConnection()
    pair.clock.advance(0)
    assert pair.far.heard == [b"all of it"]
    assert pair.far.lost == [error.ConnectionDone]


def test_protocol_that_raises_loses_its_connection(
    pair: Pair, nothing_fails_unseen: list[LogEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As under any reactor: it is logged, and the connection is closed."""

    def broken(_: bytes) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(pair.far, "dataReceived", broken)
    pair.say(b"hello")
    assert pair.lost == ([error.ConnectionDone], [ValueError])
    assert [event["log_failure"].type for event in nothing_fails_unseen] == [ValueError]
    nothing_fails_unseen.clear()


def test_unwanted_connection_is_closed(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """A factory that builds nothing: connected, and over at once."""
    monkeypatch.setattr(pair.server, "buildProtocol", lambda _: None)
    another = Notes()
    pair.network.reactor.connectTCP(SERVER.host, SERVER.port, another)
    pair.clock.advance(0)
    assert another.made[0].lost == [error.ConnectionDone]


def test_address_is_bound_once(pair: Pair) -> None:
    """For listening, and for a second connection from the same to the same."""
    with pytest.raises(error.CannotListenError):
        listen(pair.network, Notes())
    again = Notes()
    connect(pair.network, again)
    pair.clock.advance(0)
    assert again.failed == [error.ConnectBindError]


def test_port_that_listens_no_more_refuses(pair: Pair) -> None:
    """The connections that are there go on; the address is free."""
    (port,) = pair.network.reactor.ports.values()
    stopped = port.stopListening()
    assert not stopped.called
    pair.say(b"still here")
    assert stopped.called
    assert pair.far.heard == [b"still here"]
    late = Notes()
    pair.network.reactor.connectTCP(SERVER.host, SERVER.port, late)
    pair.clock.advance(0)
    assert late.failed == [error.ConnectionRefusedError]
    listen(pair.network, Notes())


def test_any_port_is_a_free_one(pair: Pair) -> None:
    """Port 0, IPv6, and options that change nothing here."""
    listening = pair.network.reactor.listenTCP(0, Notes(), interface="2001:db8::1")
    host = listening.getHost()
    assert isinstance(host, IPv6Address)
    client = Notes()
    pair.network.reactor.connectTCP("2001:db8::1", host.port, client)
    pair.clock.advance(0)
    end = client.made[0].end
    assert isinstance(end.getPeer(), IPv6Address)
    end.setTcpNoDelay(True)
    end.setTcpKeepAlive(True)
    assert (end.getTcpNoDelay(), end.getTcpKeepAlive()) == (True, True)


def test_reactor_has_the_clock_of_its_network() -> None:
    """Without one there are no timers, and connections still work by hand."""
    clock = Clock()
    reactor = MemoryNetwork(clock).reactor
    called: list[str] = []
    reactor.callLater(1, called.append, "x")
    assert len(reactor.getDelayedCalls()) == 1
    clock.advance(1)
    assert (called, reactor.seconds()) == (["x"], 1)
    network, server, client = MemoryNetwork(), Notes(), Notes()
    listen(network, server)
    connect(network, client)
    network.deliver()
    client.made[0].end.write(b"hello")
    network.deliver()
    assert server.made[0].heard == [b"hello"]
    with pytest.raises(RuntimeError):
        network.reactor.seconds()


@implementer(IResolutionReceiver)
class Receiver:
    """Writes down what a resolver says."""

    def __init__(self) -> None:
        self.said: list[object] = []

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        """Note the name, and change our mind: too late."""
        self.said.append(resolutionInProgress.name)
        resolutionInProgress.cancel()

    def addressResolved(self, address: IAddress) -> None:
        """Note it."""
        self.said.append(address)

    def resolutionComplete(self) -> None:
        """Note that."""
        self.said.append("complete")


def test_names_are_those_that_were_written_down() -> None:
    """A test says where a name leads; all others lead nowhere."""
    names, receiver = MemoryNetwork().reactor.nameResolver, Receiver()
    names.addresses["sip.example.com"] = ["192.0.2.7", "2001:db8::7"]
    names.resolveHostName(receiver, "sip.example.com", 5060)
    names.resolveHostName(receiver, "other.example.com")
    assert receiver.said == [
        "sip.example.com",
        IPv4Address("TCP", "192.0.2.7", 5060),
        IPv6Address("TCP", "2001:db8::7", 5060),
        "complete",
        "other.example.com",
        "complete",
    ]


def test_connections_are_read_in_the_order_of_what_came(pair: Pair) -> None:
    """Who speaks first is heard first, whoever connected first."""
    another = Notes()
    pair.network.reactor.connectTCP(SERVER.host, SERVER.port, another)
    pair.clock.advance(0)
    heard: list[bytes] = []
    for far in pair.server.made:
        far.heard = heard
    for octets, near in ((b"first", another.made[0]), (b"second", pair.near)):
        near.end.write(octets)
    pair.clock.advance(0)
    assert heard == [b"first", b"second"]
