"""
Why a socket cannot be opened, in words that say what to do.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from contextlib import suppress

from twisted.internet.error import CannotListenError

from sippn.transport.settings import ListenSettings

_WHY = {
    errno.EADDRINUSE: "is in use: stop what listens there, or choose another port in [[listen]]",
    errno.EADDRNOTAVAIL: "is no address of this machine: choose another host in [[listen]]",
    errno.EACCES: "may not be opened by this user: start as root, or choose a port above 1023",
}


def why_not(error: CannotListenError, listen: Sequence[ListenSettings]) -> str:
    """Which socket of *listen* could not be opened, and why."""
    host = f"[{error.interface}]" if ":" in error.interface else error.interface
    transport = _transport(error.interface, error.port, listen)
    why = _WHY.get(getattr(error.socketError, "errno", 0))
    return f"{transport}{host}:{error.port} {why or f'cannot be opened: {error.socketError}'}"


def _transport(host: str, port: int, listen: Sequence[ListenSettings]) -> str:
    """
    Whose socket could not be opened at *host* and *port*, with a blank behind it.

    The error does not say it, and UDP may share an address with TCP or TLS.  Those that
    were opened are closed again by now, UDP at once: so it failed if it fails again.
    """
    there = [one.transport for one in listen if (one.host, one.port) == (host, port)]
    if len(there) > 1 and "udp" in there:
        streams = [transport for transport in there if transport != "udp"]
        there = streams if streams and _opens(host, port) else ["udp"]
    return f"{there[0]} " if there else ""


def _opens(host: str, port: int) -> bool:
    """Whether a UDP socket can be bound there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        if family == socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        probe.bind((host, port))
        return True
    return False
