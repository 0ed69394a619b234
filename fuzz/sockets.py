"""What the server sees of the world: datagram sockets, a push service, a peer that listens."""

from __future__ import annotations

import re
import socket as sockets
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from attrs import define, field

from bench.load.turns import Turns
from fuzz.framing import frames

_LONGEST = 65_535
_ROOM = 8 << 20
_LENGTH = re.compile(rb"\r\nContent-Length: ([0-9]{1,7})(?:\r\n|\Z)", re.IGNORECASE)
_TAKEN = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@define(eq=False)
class Datagrams:
    """
    One UDP socket; *take* is given each datagram and this.

    :ivar own: it may know the PRID of the sleeper.
    """

    turns: Turns
    name: str
    host: str
    take: Callable[[bytes, Datagrams], None]
    own: bool = False
    socket: sockets.socket = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Bind, and listen."""
        self.socket = sockets.socket(type=sockets.SOCK_DGRAM)
        self.socket.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, _ROOM)
        self.socket.bind((self.host, 0))
        self.socket.setblocking(False)
        self.turns.watch(self.socket, self._read)

    @property
    def address(self) -> bytes:
        """Its host and port, as in a message."""
        return b"%b:%d" % (self.host.encode(), self.socket.getsockname()[1])

    def send(self, octets: bytes, to: tuple[str, int]) -> None:
        """Send it, if it can be sent."""
        with suppress(OSError):
            self.socket.sendto(octets, to)

    def _read(self) -> None:
        for _ in range(64):
            try:
                octets = self.socket.recv(_LONGEST)
            except OSError:
                return
            self.take(octets, self)

    def close(self) -> None:
        """Listen no more."""
        self.turns.forget(self.socket)
        self.socket.close()


@define(eq=False)
class Listening:
    """A TCP socket, and the connections that the server makes to it."""

    turns: Turns
    host: str
    made: Callable[[sockets.socket], Callable[[bytes], bool]]
    socket: sockets.socket = field(init=False)
    _open: set[sockets.socket] = field(factory=set, init=False)

    def __attrs_post_init__(self) -> None:
        """Listen."""
        self.socket = sockets.create_server((self.host, 0), backlog=512)
        self.socket.setblocking(False)
        self.turns.watch(self.socket, self._accept)

    @property
    def port(self) -> int:
        """Where."""
        return int(self.socket.getsockname()[1])

    def cut(self) -> None:
        """Close every connection."""
        for connection in tuple(self._open):
            self._drop(connection)

    def close(self) -> None:
        """Listen no more."""
        self.cut()
        self.turns.forget(self.socket)
        self.socket.close()

    def _accept(self) -> None:
        with suppress(BlockingIOError):
            while True:
                connection, _ = self.socket.accept()
                connection.setblocking(False)
                self._open.add(connection)
                self.turns.watch(connection, partial(self._read, connection, self.made(connection)))

    def _read(self, connection: sockets.socket, take: Callable[[bytes], bool]) -> None:
        try:
            octets = connection.recv(_LONGEST)
        except BlockingIOError:
            return
        except OSError:
            octets = b""
        if not octets or not take(octets):
            self._drop(connection)

    def _drop(self, connection: sockets.socket) -> None:
        if connection in self._open:
            self._open.discard(connection)
            self.turns.forget(connection)
            connection.close()


@define(eq=False)
class Posts:
    """What comes on one connection to the push service; *pushed* is given head and body."""

    connection: sockets.socket
    pushed: Callable[[bytes, bytes], None]
    _text: bytes = field(default=b"", init=False)

    def take(self, octets: bytes) -> bool:
        """Take every POST that is whole, and answer it."""
        self._text += octets
        while True:
            head, end, rest = self._text.partition(b"\r\n\r\n")
            length = _LENGTH.search(head)
            if not end or length is None or len(rest) < int(length[1]):
                return True
            size = int(length[1])
            self._text = rest[size:]
            with suppress(OSError):
                self.connection.send(_TAKEN)
            self.pushed(head, rest[:size])


@define(eq=False)
class Messages:
    """SIP messages of one connection, as they come; *take* is given each that is whole."""

    take: Callable[[bytes], None]
    broken: bool = field(default=False, init=False)
    _text: bytes = field(default=b"", init=False)

    def feed(self, octets: bytes) -> bool:
        """Take what came; whether the next message can be found."""
        self._text += octets
        found = frames(self._text)
        self._text, self.broken = found.rest, found.broken
        for message in found.messages:
            self.take(message)
        return not found.broken
