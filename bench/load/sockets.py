"""Sockets of phones and callers: non-blocking, with room for a burst."""

from __future__ import annotations

import socket
from contextlib import suppress

from bench.servers.running import HOST

LONGEST = 4096
"""Octets that are read of a message; none here has more."""

_ROOM = 8 << 20  # octets, of each buffer
_FORCE = (33, 32)  # SO_RCVBUFFORCE, SO_SNDBUFFORCE: more than the system's limit, for root
_ASK = (socket.SO_RCVBUF, socket.SO_SNDBUF)


def udp_socket(host: str = HOST) -> socket.socket:
    """One at a free port of *host*, which is this machine: all of 127.0.0.0/8 is."""
    endpoint = socket.socket(type=socket.SOCK_DGRAM)
    for force, ask in zip(_FORCE, _ASK, strict=True):
        try:
            endpoint.setsockopt(socket.SOL_SOCKET, force, _ROOM)
        except OSError:
            with suppress(OSError):
                endpoint.setsockopt(socket.SOL_SOCKET, ask, _ROOM)
    endpoint.bind((host, 0))
    endpoint.setblocking(False)
    return endpoint


def port_of(endpoint: socket.socket) -> int:
    """Its own port."""
    return int(endpoint.getsockname()[1])


def address_of(endpoint: socket.socket) -> bytes:
    """Its own host and port, as in a message."""
    host, port = endpoint.getsockname()
    return b"%b:%d" % (host.encode(), port)


def send(endpoint: socket.socket, message: bytes) -> None:
    """Send it, or not: where there is no room, or nobody listens, it is lost as on any network."""
    try:  # noqa: SIM105 - it is hot
        endpoint.send(message)
    except OSError:
        pass
