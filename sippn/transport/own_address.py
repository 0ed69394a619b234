"""Where a listener is, and what it tells others about that (RFC 3261 section 18.1.1)."""

from __future__ import annotations

from typing import Final

from attrs import define

from sippn.transport.address import Address, canonical_host
from sippn.transport.local import is_local, source_toward
from sippn.transport.sent_by import SentBy

_WILDCARDS: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, not bound to


@define(eq=False)
class OwnAddress:
    """
    The address of one of our sockets that listen.

    :ivar local: what it is bound to; a port of 0 until then.
    :ivar told: what others are told instead; None: nothing else.
    """

    local: Address
    told: SentBy | None = None

    @classmethod
    def written(cls, host: str, port: int, advertise: str | None) -> OwnAddress:
        """The one an operator wrote down."""
        told = None if advertise is None else SentBy.parse(advertise)
        return cls(Address(canonical_host(host), port), told)

    @property
    def is_wildcard(self) -> bool:
        """Whether it stands for all addresses of this machine, to which nobody can send."""
        return self.local.host in _WILDCARDS

    @property
    def sent_by(self) -> str:
        """See :attr:`Listener.sent_by`."""
        return str(self.local) if self.told is None else self.told.at(self.local.port)

    def sent_by_from(self, host: str | None) -> str:
        """What to tell a peer that we reach from *host*; None: nobody knows from where."""
        if self.told is None and self.is_wildcard and host is not None:
            return str(Address(host.partition("%")[0], self.local.port))
        return self.sent_by

    def owns(self, host: str, port: int) -> bool:
        """See :meth:`Listener.owns`."""
        host = canonical_host(host)
        if self.told is not None and self.told.names(host, port, self.local.port):
            return True
        if port != self.local.port:
            return False
        if not self.is_wildcard:
            return host == self.local.host
        return (":" in host) == (":" in self.local.host) and is_local(host)

    def reaches(self, remote: Address) -> bool:
        """See :meth:`Listener.reaches`."""
        if remote.family != self.local.family:
            return False
        return self.is_wildcard or source_toward(remote) == self.local.host
