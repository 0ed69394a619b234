"""Requests that are sent again until they are answered, as phones do it over UDP."""

from __future__ import annotations

import socket
from collections import deque
from time import perf_counter

from attrs import define, field

from bench.load.sockets import send

_PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds before each repetition: timers A and E of RFC 3261, as far as a call is waited for."""

Key = tuple[bytes, int]
"""Method and mark."""


@define(eq=False)
class _Waiting:
    """A request, and when it is due again."""

    due: float
    key: Key
    endpoint: socket.socket
    message: bytes


@define(eq=False)
class Again:
    """
    All that are not answered yet.

    :ivar sent: repetitions.
    """

    sent: int = 0
    _open: dict[Key, float] = field(factory=dict, init=False)  # when it was sent last
    _queues: tuple[deque[_Waiting], ...] = field(
        factory=lambda: tuple(deque() for _ in _PAUSES), init=False
    )

    def expect(self, key: Key, endpoint: socket.socket, message: bytes) -> None:
        """*message* has just been sent."""
        self._open[key] = now = perf_counter()
        self._queues[0].append(_Waiting(now + _PAUSES[0], key, endpoint, message))

    def answered(self, key: Key) -> float:
        """It need not be sent again; when it last was, 0 if it was not waited for."""
        return self._open.pop(key, 0.0)

    def look(self) -> None:
        """Send what is due again."""
        now = perf_counter()
        for number, queue in enumerate(self._queues):
            while queue and queue[0].due <= now:
                waiting = queue.popleft()
                if waiting.key in self._open:
                    self._repeat(waiting, number + 1, now)

    def _repeat(self, waiting: _Waiting, times: int, now: float) -> None:
        self.sent += 1
        self._open[waiting.key] = now
        send(waiting.endpoint, waiting.message)
        if times < len(_PAUSES):
            waiting.due = now + _PAUSES[times]
            self._queues[times].append(waiting)
