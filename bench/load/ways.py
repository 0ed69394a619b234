"""REGISTERs by each way to a server: UDP, a connection that stands, a new connection each."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from time import perf_counter

from attrs import define, field

from bench.load.asking import PATIENCE, percentile
from bench.load.messages import mark_of, register
from bench.load.sockets import LONGEST, address_of, udp_socket
from bench.load.turns import Turns, read_all
from bench.servers.running import HOST

UDP, STANDING, FRESH = "UDP", "standing TCP", "fresh TCP"
WAYS = (UDP, STANDING, FRESH)

_USERS = 1_000  # of each way
_END = b"\r\n\r\n"


@define(eq=False)
class Way:
    """
    What went one way, and what came back.

    :ivar latencies: seconds to each 200; of a new connection, from its first SYN on.
    """

    asked: int = 0
    latencies: list[float] = field(factory=list)
    waiting: dict[int, float] = field(factory=dict)

    @property
    def lost(self) -> int:
        """Without a 200."""
        return self.asked - len(self.latencies)

    @property
    def p99(self) -> float:
        """In milliseconds."""
        return percentile(sorted(self.latencies), 0.99) * 1000

    def sent(self, mark: int) -> None:
        """The REGISTER *mark* leaves."""
        self.asked += 1
        self.waiting[mark] = perf_counter()

    def answered(self, answer: bytes) -> None:
        """Something has come."""
        since = self.waiting.pop(mark_of(answer), 0.0)
        if since and answer.startswith(b"SIP/2.0 200 "):
            self.latencies.append(perf_counter() - since)


@define(eq=False)
class _Connection:
    """One to the server: what is to be written, and what has come of an answer."""

    endpoint: socket.socket
    way: Way
    once: bool
    unsent: bytes = b""
    heard: bytes = b""


@define(eq=False)
class Ways:
    """
    All of them, to the server at a port.

    :ivar figures: by the name of a way, since they were last forgotten.
    """

    _port: int
    _turns: Turns
    _udp: socket.socket
    figures: dict[str, Way] = field(factory=dict, init=False)
    _standing: _Connection | None = field(default=None, init=False)
    _connections: set[_Connection] = field(factory=set, init=False)
    _marks: Iterator[int] = field(factory=lambda: count(1), init=False)

    def __attrs_post_init__(self) -> None:
        self.forget_figures()
        self._udp.connect((HOST, self._port))
        self._turns.watch(self._udp, self._read_datagrams)

    def forget_figures(self) -> None:
        """Count from now on."""
        self.figures = {name: Way() for name in WAYS}

    def send(self, name: str) -> None:
        """One REGISTER by the way *name*."""
        way, mark = self.figures[name], next(self._marks)
        way.sent(mark)
        user = WAYS.index(name) * _USERS + mark % _USERS
        if name == UDP:
            self._udp.send(register(user, mark, address_of(self._udp)))
            return
        if self._standing is None or name == FRESH:
            connection = self._opened(way, once=name == FRESH)
        else:
            connection = self._standing
        connection.way = way
        text = register(user, mark, address_of(connection.endpoint))
        connection.unsent += text.replace(b"SIP/2.0/UDP", b"SIP/2.0/TCP")
        self._write(connection)

    def turn(self, seconds: float) -> None:
        """Wait for something, at most *seconds*, and have it done."""
        for connection in [one for one in self._connections if one.unsent]:
            self._write(connection)
        self._turns.turn(seconds)

    def settle(self) -> None:
        """Until all is answered, or will not be."""
        end = perf_counter() + PATIENCE
        while any(way.waiting for way in self.figures.values()) and perf_counter() < end:
            self.turn(0.01)

    def close(self) -> None:
        """All connections."""
        for connection in tuple(self._connections):
            self._close(connection)

    def _opened(self, way: Way, *, once: bool) -> _Connection:
        endpoint = socket.socket()
        endpoint.setblocking(False)
        endpoint.connect_ex((HOST, self._port))
        connection = _Connection(endpoint, way, once)
        self._connections.add(connection)
        if not once:
            self._standing = connection
        self._turns.watch(endpoint, lambda: self._read(connection))
        return connection

    def _write(self, connection: _Connection) -> None:
        try:
            sent = connection.endpoint.send(connection.unsent)
        except OSError:  # there is no connection yet, or none any more
            return
        connection.unsent = connection.unsent[sent:]

    def _read(self, connection: _Connection) -> None:
        try:
            octets = connection.endpoint.recv(LONGEST)
        except BlockingIOError:
            return
        except OSError:
            octets = b""
        connection.heard += octets
        answered = _END in connection.heard
        while _END in connection.heard:  # none of them has a body
            answer, _, connection.heard = connection.heard.partition(_END)
            connection.way.answered(answer)
        if not octets or (connection.once and answered):
            self._close(connection)

    def _close(self, connection: _Connection) -> None:
        self._turns.forget(connection.endpoint)
        connection.endpoint.close()
        self._connections.discard(connection)
        if connection is self._standing:
            self._standing = None

    def _read_datagrams(self) -> None:
        read_all(self._udp, LONGEST, self.figures[UDP].answered)


@contextmanager
def ways_to(port: int, turns: Turns) -> Iterator[Ways]:
    """Those to the server at *port*."""
    with ExitStack() as ending:
        ways = Ways(port, turns, ending.enter_context(udp_socket()))
        ending.callback(ways.close)
        yield ways
