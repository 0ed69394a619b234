"""The name that a listener goes by (RFC 3261 section 18.1.1)."""

from __future__ import annotations

import re

from attrs import frozen

from sippn.transport.address import Address, canonical_host

_HOST_PORT = re.compile(r"(\[[^\[\]]+\]|[^:\[\]]+)(?::([0-9]{1,5}))?")


@frozen
class SentBy:
    """
    What an operator advertises in place of the address that is bound.

    :ivar host: a name or an address, canonical, IPv6 without brackets.
    :ivar port: None: the one that is bound.
    """

    host: str
    port: int | None

    @classmethod
    def parse(cls, advertise: str) -> SentBy:
        """Read ``host`` or ``host:port``; an IPv6 address needs brackets only before a port."""
        written = _HOST_PORT.fullmatch(advertise)
        if written is None:
            return cls(canonical_host(advertise), None)
        return cls(canonical_host(written[1]), int(written[2]) if written[2] else None)

    def at(self, bound: int) -> str:
        """Write it in full for a socket whose port is *bound*, which 0 only becomes late."""
        return str(Address(self.host, bound if self.port is None else self.port))

    def names(self, host: str, port: int, bound: int) -> bool:
        """Whether canonical *host* and *port* are it."""
        return host == self.host and port == (bound if self.port is None else self.port)
