"""
Ports for programs that cannot ask for any.
"""

from __future__ import annotations

import socket

from tests.peers.server import HOST


def free_port() -> int:
    """One that nobody uses now, neither for UDP nor for TCP."""
    while True:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
        ):
            udp.bind((HOST, 0))
            port = int(udp.getsockname()[1])
            try:
                tcp.bind((HOST, port))
            except OSError:
                continue
            return port
