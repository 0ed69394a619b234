"""
The other end of sipp's 3PCC socket: how a test tells a running scenario that it is time.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from attrs import define

from tests.peers.server import HOST
from tests.peers.waiting import PATIENCE

_END = b"\x1b"  # of a command


@define(eq=False)
class Twin:
    """
    Hears the ``sendCmd`` of one scenario, and lets its ``recvCmd`` go on.

    :ivar _listening: sipp connects to it when it starts.
    """

    _listening: socket.socket

    @property
    def address(self) -> str:
        """``host:port`` for the option ``-3pcc``."""
        host, port = self._listening.getsockname()
        return f"{host}:{port}"

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """
        Meanwhile, the scenario waits in its ``recvCmd``.

        :raises TimeoutError: it never got there.
        """
        connection, _ = self._listening.accept()
        with connection:
            connection.settimeout(PATIENCE)
            command = bytearray()
            while not command.endswith(_END):
                command += connection.recv(4096)
            yield
            connection.sendall(command)  # the Call-ID in it names the call
            connection.recv(1)  # sipp drops a command whose sender has gone


@contextmanager
def twin() -> Iterator[Twin]:
    """One for one sipp."""
    with socket.create_server((HOST, 0)) as listening:
        listening.settimeout(PATIENCE)
        yield Twin(listening)
