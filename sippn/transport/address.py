"""Where a socket is: a numeric host and a port."""

from __future__ import annotations

import re
import socket
from typing import Any, TypeAlias

from attrs import frozen

SockAddr: TypeAlias = tuple[Any, ...]  # (host, port), or IPv6's (host, port, flow, scope)

_NUMERIC = re.compile(r"[0-9A-Fa-f:.]{2,45}(%[0-9]{1,10})?")
_WRITTEN = re.compile(r"(?:\[([^\[\]]{2,56})\]|([^:\[\]]{1,255})):([0-9]{1,5})")


def pack(host: str) -> bytes | None:
    """
    The octets of a numeric *host*, IPv6 without brackets; None: it is a name.

    Only full dotted quads count: ``127.1`` and ``0x7f000001`` are names, whatever
    other programs make of them.
    """
    if not _NUMERIC.fullmatch(host):
        return None
    plain, _, zone = host.partition("%")
    family = socket.AF_INET6 if ":" in plain else socket.AF_INET
    if zone and family == socket.AF_INET:
        return None
    try:
        return socket.inet_pton(family, plain)
    except OSError:
        return None


def canonical_host(host: str) -> str:
    """
    The one spelling of *host* that can be compared: no brackets, no capitals, no last dot.

    IPv6 comes out as RFC 5952 writes it, so that ``[::0:1]`` is ``::1``.
    """
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    packed = pack(host)
    if packed is None:
        return host.lower().removesuffix(".")
    family = socket.AF_INET6 if len(packed) == 16 else socket.AF_INET
    plain = socket.inet_ntop(family, packed)
    return plain + host[host.index("%") :] if "%" in host else plain


@frozen
class Address:
    """
    One end of a flow.

    :ivar host: numeric, IPv6 without brackets; a link-local one has its zone
        as a number (``fe80::1%2``), without which it cannot be answered.
    """

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def family(self) -> socket.AddressFamily:
        """AF_INET6 or AF_INET, by the look of the host."""
        return socket.AF_INET6 if ":" in self.host else socket.AF_INET

    @property
    def plain_host(self) -> str:
        """The host without its zone, which means nothing to anybody else."""
        return self.host.partition("%")[0]

    @classmethod
    def parse(cls, text: str) -> Address | None:
        """Read what :meth:`__str__` wrote; None: *text* is nothing like it."""
        written = _WRITTEN.fullmatch(text)
        if written is None or not written[3].isascii():
            return None
        host, port = written[1] or written[2], int(written[3])
        packed = pack(host)
        if packed is None or port > 65535 or (len(packed) == 16) is not bool(written[1]):
            return None
        return cls(host, port)

    @classmethod
    def from_sockaddr(cls, sockaddr: SockAddr) -> Address:
        """What a socket call returned."""
        if len(sockaddr) == 4 and sockaddr[3]:
            return cls(f"{sockaddr[0].partition('%')[0]}%{sockaddr[3]}", sockaddr[1])
        return cls(sockaddr[0], sockaddr[1])

    def to_sockaddr(self) -> SockAddr | None:
        """
        What a socket call takes; None: not numeric, or no port anybody can have.

        A name must never get this far: the socket module would look it up, and
        block the reactor for as long as that takes.
        """
        packed = pack(self.host)
        if packed is None or not 0 < self.port < 65536:
            return None
        if len(packed) == 4:
            return self.host, self.port
        plain, _, zone = self.host.partition("%")
        return plain, self.port, 0, int(zone or 0)
