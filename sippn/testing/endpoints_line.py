"""One connection as a phone has it: cut into messages, and what waits until it is there."""

from __future__ import annotations

import re
from typing import Protocol as Shape

from twisted.internet.interfaces import IAddress, IConnector
from twisted.internet.protocol import ClientFactory, Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from sippn.testing.streams_ends import StreamEnd
from sippn.transport import Address, canonical_host

_LENGTH = re.compile(rb"(?im)^(?:content-length|l)[ \t]*:[ \t]*([0-9]+)")
_PONG = b"\r\n"


def next_message(octets: bytes) -> tuple[bytes, bytes]:
    """
    Tell messages apart by Content-Length (RFC 3261 section 18.3).

    :returns: the first whole message in *octets*, and what follows it; the first empty: it is not
        there yet.
    """
    head, end, rest = octets.partition(b"\r\n\r\n")
    if not end:
        return b"", octets
    written = _LENGTH.search(head)
    assert written is not None, "on a stream every message says how long it is"
    length = int(written[1])
    if len(rest) < length:
        return b"", octets
    return head + end + rest[:length], rest[length:]


class Owner(Shape):
    """
    Whose connections they are.

    :ivar pongs: answers to keep-alives.
    """

    pongs: int

    def accepted(self, line: Line) -> None:
        """Have a connection that somebody else made."""

    def arrived(self, message: bytes, source: Address) -> None:
        """Hear a whole message."""

    def lost(self, line: Line) -> None:
        """Have a connection no more."""

    def failed(self, line: Line) -> None:
        """Never have had it."""


class Line(Protocol):
    """
    One connection, cut into messages.

    :ivar remote: the far end.
    """

    def __init__(self, owner: Owner, remote: Address) -> None:
        self._owner = owner
        self.remote = remote
        self._end: StreamEnd | None = None
        self._waiting: list[bytes] = []
        self._received = b""
        self._over = False

    @property
    def established(self) -> bool:
        """Whether there is a connection, or was."""
        return self._end is not None

    def send(self, octets: bytes) -> None:
        """Write, or do so once there is a connection."""
        if self._end is None:
            self._waiting.append(octets)
        else:
            self._end.write(octets)

    def hang_up(self) -> None:
        """Close it, or do so once it is open."""
        self._over = True
        self._waiting.clear()
        if self._end is not None:
            self._end.loseConnection()

    def freeze(self) -> None:
        """Hear nothing, as a stopped program does; the kernel goes on."""
        if self._end is not None:
            self._end.freeze()

    def thaw(self) -> bool:
        """Go on.  :returns: whether there is a connection still, as far as the kernel knows."""
        if self._end is None:
            return not self._over
        self._end.thaw()
        return not (self._end.doomed or self._end.closed)

    def connectionMade(self) -> None:
        """For Twisted."""
        assert isinstance(self.transport, StreamEnd)
        self._end = self.transport
        for octets in self._waiting:
            self._end.write(octets)
        if self._over:
            self._end.loseConnection()

    def dataReceived(self, data: bytes) -> None:
        """For Twisted."""
        self._received += data
        while message := self._next():
            self._owner.arrived(message, self.remote)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: ARG002 - all alike
        """For Twisted."""
        self._owner.lost(self)

    def _next(self) -> bytes:
        """The next whole message; nothing: it is not here yet."""
        while self._received.startswith(_PONG):
            self._owner.pongs += 1
            self._received = self._received[len(_PONG) :]
        message, self._received = next_message(self._received)
        return message


class Dialling(ClientFactory[Line]):
    """Makes one connection, for *line*."""

    noisy = False

    def __init__(self, owner: Owner, line: Line) -> None:
        self._owner = owner
        self._line = line

    def buildProtocol(self, addr: IAddress | None) -> Line:  # noqa: ARG002 - there is but one
        """For Twisted."""
        return self._line

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:  # noqa: ARG002 - all alike
        """For Twisted."""
        self._owner.failed(self._line)


class Accepting(Factory[Line]):
    """Takes connections for *owner*."""

    noisy = False

    def __init__(self, owner: Owner) -> None:
        self._owner = owner

    def buildProtocol(self, addr: IAddress | None) -> Line:
        """For Twisted."""
        host, port = getattr(addr, "host", ""), getattr(addr, "port", 0)
        line = Line(self._owner, Address(canonical_host(host), port))
        self._owner.accepted(line)
        return line
