"""The phones as one socket that registers them."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from attrs import define

from bench.load.asking import Answers, Asker
from bench.load.messages import registers
from bench.load.sockets import address_of, udp_socket
from bench.servers.running import HOST

WINDOW = 32
"""REGISTERs that wait for their answer at a time, in a closed loop."""

_PORTION = 20_000  # REGISTERs that are written at a time


@define(eq=False)
class Line:
    """
    All phones, on one socket: their Contacts stay what they are from run to run.

    :ivar socket: connected to the server.
    :ivar marks: how many requests had one; the next gets this.
    """

    socket: socket.socket
    marks: int = 1

    def register(self, users: Sequence[int], *, rate: float = 0, window: int = WINDOW) -> Answers:
        """
        A REGISTER for each of *users*, newer than all before.

        :param rate: so many a second; 0: a closed loop of *window*.
        """
        asker = self.prepare(users)
        return asker.fixed_rate(rate) if rate else asker.closed_loop(window)

    def prepare(self, users: Sequence[int]) -> Asker:
        """The same, to be sent later: what it takes to write them is not measured."""
        first, self.marks = self.marks, self.marks + len(users)
        return Asker(self.socket, registers(users, first, address_of(self.socket)), first)

    def load(self, count: int) -> Answers:
        """Register the first *count* users, in portions: so many messages take room."""
        return self.load_all(range(count))

    def load_all(self, users: Sequence[int]) -> Answers:
        """Register *users*, likewise."""
        count = len(users)
        portions = [
            self.register(users[first : first + _PORTION]) for first in range(0, count, _PORTION)
        ]
        return Answers(
            count,
            sum(one.ok for one in portions),
            sum(one.refused for one in portions),
            sum(one.seconds for one in portions),
            sorted(latency for one in portions for latency in one.latencies),
        )


@contextmanager
def line_to(port: int) -> Iterator[Line]:
    """A line to the server at *port*."""
    with udp_socket() as endpoint:
        endpoint.connect((HOST, port))
        yield Line(endpoint)
