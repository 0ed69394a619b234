"""Connections that keep a server waiting: each takes a place and says next to nothing."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from attrs import define, field

from bench.load.messages import register
from bench.load.turns import Turns
from bench.servers.running import HOST

_AT_A_TIME = 64  # that are dialled in a turn: fewer than wait in a listener's queue
_KINDS = 4
_BODY = b"Content-Length: 1000\r\n\r\n"


@define(eq=False)
class _Slow:
    """
    One of them.

    :ivar kind: 0 drips an octet a second, 1 is silent, 2 stops in the header section, 3 in the
        body.
    """

    endpoint: socket.socket
    kind: int
    dialled: float
    text: bytes
    said: int = 0


@define(eq=False)
class SlowConnections:
    """
    Many of them, of each kind as many.

    :ivar cut: seconds after which the server closed each that it has closed.
    """

    _port: int
    _turns: Turns
    cut: list[float] = field(factory=list, init=False)
    _open: dict[int, _Slow] = field(factory=dict, init=False)
    _dialled: int = field(default=0, init=False)
    _next_drip: float = field(default=0.0, init=False)

    def __len__(self) -> int:
        """How many the server has not closed."""
        return len(self._open)

    def dial(self, number: int) -> bool:
        """Some more of *number* in all; whether there are so many now."""
        for _ in range(min(_AT_A_TIME, number - self._dialled)):
            self._dial()
        return self._dialled == number

    def drip(self) -> None:
        """Say what is due: call it often."""
        now = perf_counter()
        if now < self._next_drip:
            return
        self._next_drip = now + 0.05
        for slow in tuple(self._open.values()):
            if slow.said < self._due(slow, now - slow.dialled):
                self._say(slow, self._due(slow, now - slow.dialled))

    def close(self) -> None:
        """All that are left."""
        for slow in tuple(self._open.values()):
            self._end(slow)

    def _due(self, slow: _Slow, seconds: float) -> int:
        """How many octets it should have said by then."""
        if slow.kind == 0:
            return int(seconds)
        return 0 if slow.kind == 1 else len(slow.text)

    def _dial(self) -> None:
        endpoint = socket.socket()
        endpoint.setblocking(False)
        endpoint.connect_ex((HOST, self._port))
        kind = self._dialled % _KINDS
        whole = register(self._dialled, 1, b"192.0.2.1:5060")
        if kind == 3:
            text = whole.replace(b"Content-Length: 0\r\n\r\n", _BODY)
        else:
            text = whole[: len(whole) // 2]
        slow = _Slow(endpoint, kind, perf_counter(), text)
        self._dialled += 1
        self._open[endpoint.fileno()] = slow
        self._turns.watch(endpoint, lambda: self._look(slow))

    def _say(self, slow: _Slow, due: int) -> None:
        try:
            slow.said += slow.endpoint.send(slow.text[slow.said : due])
        except OSError:  # not yet connected, or cut: then it can be read
            return

    def _look(self, slow: _Slow) -> None:
        try:
            if slow.endpoint.recv(4096):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self.cut.append(perf_counter() - slow.dialled)
        self._end(slow)

    def _end(self, slow: _Slow) -> None:
        del self._open[slow.endpoint.fileno()]
        self._turns.forget(slow.endpoint)
        slow.endpoint.close()


@contextmanager
def slow_connections(port: int, turns: Turns) -> Iterator[SlowConnections]:
    """None yet, to the server at *port*; closed afterwards."""
    slow = SlowConnections(port, turns)
    try:
        yield slow
    finally:
        slow.close()
