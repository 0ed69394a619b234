"""The push service of all phones: it takes datagrams, or POSTs."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from contextlib import suppress
from enum import Enum

from attrs import define, field

from bench.load.sockets import LONGEST, port_of, udp_socket
from bench.load.turns import Turns, read_all
from bench.servers.running import HOST

_PRID = re.compile(rb'(?:pn-prid=|"prid":\s*")([0-9a-f]{8})[0-9a-f]{56}')
_LENGTH = re.compile(rb"\r\ncontent-length:\s*([0-9]{1,6})\r\n", re.IGNORECASE)
_TAKEN = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

_ALL_AT_ONCE = 1024  # connections that wait to be accepted


class Mode(Enum):
    """How a push service is."""

    ANSWERS = "takes each push, and says so"
    HANGS = "takes connections and POSTs, and says nothing"
    DOWN = "closes each connection at once"


@define(eq=False)
class PushService:
    """
    Tells *pushed* whose phone is to be woken; -1 where a push does not say.

    :ivar http: takes POSTs, on any number of connections; otherwise datagrams.
    :ivar mode: what it does with POSTs.
    :ivar connects: connections that were tried; *posts* that came.
    :ivar unanswered: the most POSTs that waited for an answer at a time.
    """

    _turns: Turns
    _pushed: Callable[[int], None]
    http: bool
    mode: Mode = Mode.ANSWERS
    connects: int = 0
    posts: int = 0
    unanswered: int = 0
    _listening: socket.socket = field(init=False)
    _connections: set[socket.socket] = field(factory=set, init=False)
    _waiting: set[socket.socket] = field(factory=set, init=False)

    def __attrs_post_init__(self) -> None:
        """Listen."""
        if self.http:
            self._listening = socket.create_server((HOST, 0), backlog=_ALL_AT_ONCE)
            self._listening.setblocking(False)
            self._turns.watch(self._listening, self._accept)
        else:
            self._listening = udp_socket()
            self._turns.watch(self._listening, self._read)

    @property
    def port(self) -> int:
        """Where it listens."""
        return port_of(self._listening)

    def close(self) -> None:
        """Listen no more, and close every connection."""
        for connection in tuple(self._connections):
            self._drop(connection)
        self._turns.forget(self._listening)
        self._listening.close()

    def _read(self) -> None:
        read_all(self._listening, LONGEST, self._take)

    def _take(self, push: bytes) -> None:
        named = _PRID.search(push)
        self._pushed(int(named[1], 16) if named else -1)

    def _accept(self) -> None:
        with suppress(BlockingIOError):
            while True:
                connection, _ = self._listening.accept()
                self.connects += 1
                if self.mode is Mode.DOWN:
                    connection.close()
                    continue
                connection.setblocking(False)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._connections.add(connection)
                reader = _Posts(connection, self)
                self._turns.watch(connection, reader.read)

    def posted(self, connection: socket.socket, body: bytes) -> None:
        """A whole POST has come: take it, and answer; or leave it, and its sender, to wait."""
        self.posts += 1
        if self.mode is Mode.HANGS:
            self._waiting.add(connection)
            self.unanswered = max(self.unanswered, len(self._waiting))
            return
        with suppress(OSError):  # it hung up
            connection.send(_TAKEN)
        self._take(body)

    def become(self, mode: Mode) -> None:
        """From now on do that with POSTs; who is connected is cut off when it goes down."""
        self.mode = mode
        if mode is Mode.DOWN:
            for connection in tuple(self._connections):
                self._drop(connection)

    def _drop(self, connection: socket.socket) -> None:
        self._connections.discard(connection)
        self._waiting.discard(connection)
        self._turns.forget(connection)
        connection.close()

    def hung_up(self, connection: socket.socket) -> None:
        """The other end has closed *connection*."""
        self._drop(connection)


@define(eq=False)
class _Posts:
    """What has come on one connection."""

    _connection: socket.socket
    _service: PushService
    _text: bytes = field(default=b"", init=False)

    def read(self) -> None:
        """Take what there is, and every POST that is whole now."""
        try:
            more = self._connection.recv(LONGEST)
        except BlockingIOError:
            return
        except OSError:
            more = b""
        if not more:
            self._service.hung_up(self._connection)
            return
        self._text += more
        while True:
            head, found, rest = self._text.partition(b"\r\n\r\n")
            length = _LENGTH.search(head + b"\r\n")
            size = int(length[1]) if length else 0
            if not found or len(rest) < size:
                return
            self._text = rest[size:]
            self._service.posted(self._connection, rest[:size])
