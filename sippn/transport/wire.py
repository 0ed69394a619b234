"""What a connection stands on: a transport of Twisted's, or one that behaves like it."""

from __future__ import annotations

from typing import Any, Protocol

from twisted.internet.address import IPv6Address
from twisted.internet.interfaces import IAddress, IPushProducer

from sippn.transport.address import Address


class Wire(Protocol):
    """What a connection needs of the transport below it: TCP, TLS or memory."""

    def write(self, data: bytes) -> None:
        """See ITransport, as for the next three."""

    def loseConnection(self) -> None:
        """Close when all is written."""

    def getHost(self) -> IAddress:
        """Where it is here."""

    def getPeer(self) -> IAddress:
        """Where it is there."""

    def abortConnection(self) -> None:
        """See ITCPTransport, as for the next two."""

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Whether small segments leave at once."""

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """Whether the kernel looks for peers that are gone."""

    def getHandle(self) -> Any:
        """Whatever is below it; for TLS pyOpenSSL's Connection."""

    def registerProducer(self, producer: IPushProducer, streaming: bool) -> None:
        """See IConsumer."""

    def unregisterProducer(self) -> None:
        """See IConsumer; a producer would keep it from closing."""

    def pauseProducing(self) -> None:
        """See IPushProducer: read no more."""

    def resumeProducing(self) -> None:
        """See IPushProducer: read again."""


def address_of(end: IAddress) -> Address:
    """Where Twisted says one end of a connection is."""
    host, port = str(getattr(end, "host", "")), int(getattr(end, "port", 0))
    if isinstance(end, IPv6Address):
        return Address.from_sockaddr((host, port, 0, int(end.scopeID)))
    return Address(host, port)
