"""The ends of a connection on a memory network: Twisted's own, with a kernel of ours below."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar, Protocol

from attrs import frozen
from twisted.internet.abstract import FileDescriptor
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.base import BaseConnector
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IProtocol, IReactorTime, ITCPTransport
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from sippn.transport import Address

WINDOW = 65_536  # octets that a kernel takes for a program that does not read


@frozen
class Segment:
    """What was written to a connection at once."""

    octets: bytes
    source: Address
    to: Address


class Cable(Protocol):
    """What connections need of the network that they are part of."""

    clock: IReactorTime | None

    def soon(self, action: Callable[[], None]) -> None:
        """Do *action* in a turn of its own."""

    def free_port(self) -> int:
        """A port that nobody has."""

    def record(self, segment: Segment) -> None:
        """Remember what was written."""


class Kernel(Protocol):
    """What an end needs of its reactor, besides being called when it can read or write."""

    cable: Cable
    ends: dict[tuple[Address, Address], StreamEnd]
    most_read: int
    arrivals: Iterator[int]

    def turn(self) -> None:
        """Something has changed: see soon who can read and write."""


def as_peer(address: Address) -> IPv4Address | IPv6Address:
    """*address* as Twisted writes it."""
    kind = IPv6Address if ":" in address.host else IPv4Address
    return kind("TCP", address.host, address.port)


@implementer(ITCPTransport)
class StreamEnd(FileDescriptor):
    """
    One end of a connection.

    What a program sees of it is Twisted's own code: its buffers, its producers, and in
    which order a connection closes.  Only what a kernel does is done here.

    :ivar other: the far end.
    :ivar frozen: its program is stopped: what comes waits in the kernel.
    :ivar arrived: the number of what waits there longest: first come, first read.
    :ivar protocol: whom it was given to.
    """

    _log: ClassVar[Logger] = Logger()
    other: StreamEnd
    protocol: IProtocol | None = None
    frozen = False
    arrived = 0

    def __init__(self, kernel: Kernel, local: Address, remote: Address) -> None:
        super().__init__(kernel)  # type: ignore[arg-type]  # its readers and writers are ends
        self._kernel = kernel
        self.local = local
        self.remote = remote
        self._received = bytearray()
        self._finished = False  # the far end has said all
        self._reset = False  # there is no connection any more
        self._aborted = False
        self._no_delay = self._keep_alive = False

    @property
    def closed(self) -> bool:
        """Whether its program has no hold of it any more."""
        return self._kernel.ends.get((self.local, self.remote)) is not self

    @property
    def doomed(self) -> bool:
        """Whether the kernel knows that the far end is gone; the program may not yet."""
        return self._finished or self._reset

    @property
    def readable(self) -> bool:
        """Whether there is anything to read, the end of it all included."""
        return not self.frozen and bool(self._received or self._finished)

    @property
    def writable(self) -> bool:
        """Whether its kernel takes anything."""
        return not self.frozen and self.other.room > 0

    @property
    def room(self) -> int:
        """How many octets the kernel takes until they are read."""
        return WINDOW if self.closed else WINDOW - len(self._received)

    def begin(self, protocol: IProtocol | None) -> None:
        """Give it to *protocol*; None: nobody wants it, and it is closed."""
        self.connected = 1
        self.protocol = protocol
        if protocol is None:
            self.loseConnection()
        else:
            self.startReading()
            protocol.makeConnection(self)

    def freeze(self) -> None:
        """Stop its program: it hears nothing, and says nothing."""
        self.frozen = True

    def thaw(self) -> None:
        """Let its program go on where it was."""
        self.frozen = False
        self._kernel.turn()

    def take(self, octets: bytes) -> None:
        """Hear from the far end; nobody is there to read it: refuse rudely."""
        if self.closed:
            self.other.part(rudely=True)
        else:
            self.arrived = self.arrived if self._received else next(self._kernel.arrivals)
            self._received += octets
            self._kernel.turn()

    def part(self, *, rudely: bool) -> None:
        """
        Hear that the far end is gone.

        :param rudely: with a reset: what was not read yet is lost.
        """
        self.arrived = self.arrived if self._received else next(self._kernel.arrivals)
        if rudely:
            self._reset = True
        else:
            self._finished = True
        self._kernel.turn()

    def fall(self) -> None:
        """Tell the program of a reset, where there was one."""
        if self._reset and not self.frozen and not self.closed:
            self.connectionLost(Failure(ConnectionLost()))

    def act(self, deed: Callable[[], object]) -> None:
        """Read or write as under any reactor: who raises loses the connection."""
        try:
            outcome = deed()
        except Exception as error:  # noqa: BLE001 - a bug of whoever is tested
            self._log.failure("a protocol raised")
            outcome = error
        if isinstance(outcome, Exception) and not self.closed:
            self.connectionLost(Failure(outcome))

    def write(self, data: bytes) -> None:
        """See :meth:`twisted.internet.interfaces.ITransport.write`."""
        if self.connected and data and not self._aborted:
            self._kernel.cable.record(Segment(bytes(data), self.local, self.remote))
            super().write(data)

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        """See :meth:`twisted.internet.interfaces.ITransport.writeSequence`."""
        self.write(b"".join(iovec))

    def writeSomeData(self, data: bytes) -> int:
        """For Twisted: as much as fits."""
        octets = bytes(data[: self.other.room])
        self.other.take(octets)
        return len(octets)

    def doRead(self) -> Exception | None:
        """For the reactor: all there is, in whatever pieces it was written."""
        octets = bytes(self._received[: self._kernel.most_read])
        del self._received[: len(octets)]
        if not octets:
            return ConnectionDone()
        self._kernel.turn()  # there is room again
        if self.protocol is not None:
            self.protocol.dataReceived(octets)
        return None

    def abortConnection(self) -> None:
        """See :meth:`twisted.internet.interfaces.ITCPTransport.abortConnection`."""
        if self.connected and not self._aborted:
            self._aborted = True
            self.disconnecting = 1
            self.stopReading()
            self.stopWriting()
            self._kernel.cable.soon(lambda: self.connectionLost(Failure(ConnectionAborted())))

    def connectionLost(self, reason: Failure) -> None:
        """For the reactor: the last that the program hears of it."""
        if self.closed:
            return
        super().connectionLost(reason)
        del self._kernel.ends[self.local, self.remote]
        self.other.part(rudely=bool(self._received or self._aborted))
        if self.protocol is not None:
            self.protocol.connectionLost(reason)

    def _closeWriteConnection(self) -> None:
        self.other.part(rudely=False)

    def getHost(self) -> IPv4Address | IPv6Address:
        """Where it is."""
        return as_peer(self.local)

    def getPeer(self) -> IPv4Address | IPv6Address:
        """Where the far end is."""
        return as_peer(self.remote)

    def getTcpNoDelay(self) -> bool:
        """Whether it was asked for; there is no delay here."""
        return self._no_delay

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Ask for it."""
        self._no_delay = enabled

    def getTcpKeepAlive(self) -> bool:
        """Whether it was asked for."""
        return self._keep_alive

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """Ask for it; nothing is sent."""
        self._keep_alive = enabled


class ClientEnd(StreamEnd):
    """The end of who connects; until it is connected there is no other."""

    def __init__(
        self, kernel: Kernel, local: Address, remote: Address, connector: BaseConnector
    ) -> None:
        """
        :param connector: told what becomes of it.
        """
        super().__init__(kernel, local, remote)
        self.connector = connector

    def failIfNotConnected(self, error: Exception) -> None:
        """For the connector: give up."""
        if not self.connected and not self.disconnected:
            self.disconnected = 1
            self.connector.connectionFailed(Failure(error))

    def connectionLost(self, reason: Failure) -> None:
        """See :meth:`StreamEnd.connectionLost`."""
        if not self.closed:
            super().connectionLost(reason)
            self.connector.connectionLost(reason)
