"""A connection's two neighbours without sockets: the transport below and the listener above."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from itertools import count

from attrs import define, field
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress, IPushProducer
from twisted.python.failure import Failure

from sippn.errors import TransportError
from sippn.transport import Address, StreamConnection, Streams
from sippn.transport.own_address import OwnAddress

PEER = IPv4Address("TCP", "192.0.2.1", 4711)
HERE = IPv4Address("TCP", "192.0.2.10", 5060)
LOST = Failure(ConnectionDone())

PATIENCE = [1, 120, 30, 3, 210_000]


def patience(connected: socket.socket) -> list[int]:
    """How long the kernel waits for a peer: whether at all, idle, between probes, them, in ms."""
    options = ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")
    return [connected.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)] + [
        connected.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) for name in options
    ]


def names() -> Iterator[bytes]:
    """For connections, in order."""
    return (number.to_bytes(8, "big") for number in count(1))


@define(eq=False)
class Wire:
    """
    A transport that is full when a test says so.

    :ivar log: what was done with it; octets are what was written.
    """

    peer: IAddress = PEER
    host: IAddress = HERE
    full: bool = False
    log: list[object] = field(factory=list)
    producer: IPushProducer | None = None

    def write(self, data: bytes) -> None:
        """As Twisted's: it says at each write that it is full."""
        self.log.append(data)
        if self.full and self.producer is not None:
            self.producer.pauseProducing()

    def getHost(self) -> IAddress:
        """Here."""
        return self.host

    def getPeer(self) -> IAddress:
        """There."""
        return self.peer

    def getHandle(self) -> object:
        """Nothing below."""
        return self

    def registerProducer(self, producer: IPushProducer, streaming: bool) -> None:
        """Only push producers do."""
        assert streaming
        self.producer = producer

    def unregisterProducer(self) -> None:
        """It would keep the connection from closing."""
        self.producer = None

    def loseConnection(self) -> None:
        """Twisted waits for a producer, for ever if it has to."""
        assert self.producer is None
        self.log.append("lose")

    def abortConnection(self) -> None:
        """The end comes later, as connectionLost."""
        self.log.append("abort")

    def pauseProducing(self) -> None:
        """Nothing is read."""
        self.log.append("pause")

    def resumeProducing(self) -> None:
        """Something is."""
        self.log.append("resume")

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Remember."""
        self.log.append(f"nodelay {enabled}")

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """Remember."""
        self.log.append(f"keepalive {enabled}")


@define(eq=False)
class Home:
    """
    A listener without a socket.

    :ivar answers: what it sends back for each message.
    :ivar closes: whether it closes then.
    """

    streams: Streams
    own: OwnAddress = field(factory=lambda: OwnAddress(Address("192.0.2.10", 5060)))
    transport: str = "TCP"
    secure: bool = False
    answers: list[bytes] = field(factory=list)
    closes: bool = False
    received: list[bytes] = field(factory=list)
    went: list[str] = field(factory=list)

    def made(self, connection: StreamConnection) -> None:
        """To the registry."""
        self.streams.made(connection)

    def prove(self, handle: object, name: str | None) -> None:
        """Whoever says it is refused, is."""
        assert handle
        if name == "refused":
            raise TransportError("not it")

    def opened(self, connection: StreamConnection) -> None:
        """To the registry."""
        self.streams.opened(connection)

    def message_received(self, octets: bytes, connection: StreamConnection) -> None:
        """Answer."""
        self.received.append(octets)
        for answer in self.answers:
            connection.send(answer)
        if self.closes:
            connection.close()

    def lost(self, connection: StreamConnection, reason: Failure) -> None:
        """Remember why."""
        self.streams.lost(connection)
        self.went.append(reason.getErrorMessage())

    def connected(self, wire: Wire, name: str | None = "") -> StreamConnection:
        """One more."""
        connection = self.streams.connection(self, name)
        connection.makeConnection(wire)  # type: ignore[arg-type]  # as much of one as is needed
        return connection


@define(eq=False)
class User:
    """Counts what it is told."""

    name: str = ""
    told: list[str] = field(factory=list)

    def flow_lost(self) -> None:
        """Once more."""
        self.told.append(self.name)
