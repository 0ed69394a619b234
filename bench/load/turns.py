"""Who waits for which socket: a reactor of a few lines, for it must cost nothing."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable

from attrs import define, field

BATCH = 64
"""Messages that are read of a socket before others have their turn."""


@define(eq=False)
class Turns:
    """Calls what is to be called when a socket can be read."""

    _epoll: select.epoll = field(factory=select.epoll, init=False)
    _ready: dict[int, Callable[[], None]] = field(factory=dict, init=False)

    def watch(self, endpoint: socket.socket, ready: Callable[[], None]) -> None:
        """Call *ready* whenever there is something to read of *endpoint*."""
        self._ready[endpoint.fileno()] = ready
        self._epoll.register(endpoint, select.EPOLLIN)

    def forget(self, endpoint: socket.socket) -> None:
        """Not any more; *endpoint* is still open."""
        del self._ready[endpoint.fileno()]
        self._epoll.unregister(endpoint)

    def turn(self, seconds: float) -> bool:
        """Wait for something, at most *seconds*, and have it read; whether there was anything."""
        events = self._epoll.poll(seconds)
        for descriptor, _ in events:
            ready = self._ready.get(descriptor)
            if ready is not None:
                ready()
        return bool(events)

    def close(self) -> None:
        """Watch nothing any more."""
        self._epoll.close()


def read_all(endpoint: socket.socket, longest: int, take: Callable[[bytes], None]) -> None:
    """Give *take* what there is to read of *endpoint*, a batch at most."""
    receive = endpoint.recv
    for _ in range(BATCH):
        try:
            message = receive(longest)
        except OSError:  # nothing more, or nobody listens at the other end
            return
        take(message)
