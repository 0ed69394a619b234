"""What a connection stands on: a transport of Twisted's, or one that behaves like it."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any, Final, Protocol

from twisted.internet.address import IPv6Address
from twisted.internet.interfaces import IAddress, IPushProducer

from sippn.transport.address import Address

_PATIENCE: Final = {  # by names: not every platform has them all
    "TCP_KEEPIDLE": 120,  # seconds without a word from the peer until it is asked
    "TCP_KEEPINTVL": 30,  # and asked again
    "TCP_KEEPCNT": 3,  # times without an answer
    # ms for anything unacknowledged; the kernel takes it in place of TCP_KEEPCNT, and with
    # less than all of the above a single packet that is lost would cut off a sleeping phone
    "TCP_USER_TIMEOUT": 210_000,
}


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


def keep_alive(wire: Wire) -> None:
    """
    Let the kernel notice in minutes that the peer is gone; of itself it takes two hours.

    A wire without a socket below it has no such options.
    """
    wire.setTcpKeepAlive(True)
    bottom = getattr(wire, "transport", wire)  # TLS stands on TCP
    handle = bottom.getHandle() if hasattr(bottom, "getHandle") else None
    if not isinstance(handle, socket.socket):
        return
    for name, value in _PATIENCE.items():
        option = getattr(socket, name, None)
        if option is not None:
            with suppress(OSError):
                handle.setsockopt(socket.IPPROTO_TCP, option, value)
