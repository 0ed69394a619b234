"""Connections to one gateway, which read no more of an answer than they must."""

from __future__ import annotations

from typing import Any, cast

from attrs import define, field
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificates
from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import (
    IProtocolFactory,
    IStreamClientEndpoint,
    ITCPTransport,
)
from twisted.internet.ssl import Certificate, optionsForClientTLS, trustRootFromCertificates
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.web.client import URI
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import implementer

MOST_OCTETS = 65536
"""Of one answer, status line and header section included (RELIABILITY T9, W4)."""

NEXT_ADDRESS = 0.1
"""
Seconds until the next address of the host is tried (RFC 8305 section 5): also what
Twisted takes to say that the last one refused.
"""


class CappedConnection(ProtocolWrapper):
    """
    Aborts when one answer is longer than :data:`MOST_OCTETS`.

    There is no pipelining, so what is written begins a new request and what is
    read belongs to its answer.
    """

    _read = 0

    def writeSequence(self, data: Any) -> None:
        """The head of a request; the body follows in writes of its own."""
        self._read = 0
        super().writeSequence(data)

    def dataReceived(self, data: bytes) -> None:
        """Count, and pass on while it is not too much."""
        self._read += len(data)
        if self._read > MOST_OCTETS:
            self.stopProducing()
        else:
            super().dataReceived(data)

    def stopProducing(self) -> None:
        """
        Read no more of this answer.

        Not as TCP does it, by an orderly close: TLS would wait for the peer to
        agree, and go on reading what it sends until then.
        """
        cast("ITCPTransport", self.transport).abortConnection()


@define(eq=False)
class Connections:
    """Those to one gateway that are open."""

    _open: set[CappedConnection] = field(factory=set, init=False)
    _gone: Deferred[None] | None = field(default=None, init=False)

    def __len__(self) -> int:
        return len(self._open)

    def made(self, connection: CappedConnection) -> None:
        """It is open."""
        self._open.add(connection)

    def lost(self, connection: CappedConnection) -> None:
        """It is not any more."""
        self._open.discard(connection)
        if not self._open and self._gone is not None:
            gone, self._gone = self._gone, None
            gone.callback(None)

    def cut(self) -> Deferred[None]:
        """Abort them all; fires when they are gone, in a turn."""
        if not self._open:
            return succeed(None)
        for connection in tuple(self._open):
            connection.stopProducing()
        self._gone = Deferred()
        return self._gone


class _Capping(WrappingFactory[CappedConnection]):
    """Wraps the HTTP client's factory, and keeps it from logging every connection."""

    protocol = CappedConnection

    def __init__(self, wrapped: IProtocolFactory, connections: Connections) -> None:
        super().__init__(wrapped)
        self._connections = connections

    def registerProtocol(self, p: CappedConnection) -> None:
        """It is connected."""
        self._connections.made(p)

    def unregisterProtocol(self, p: CappedConnection) -> None:
        """It is gone."""
        self._connections.lost(p)

    def doStart(self) -> None:
        """Say nothing."""

    def doStop(self) -> None:
        """Say nothing."""


@implementer(IStreamClientEndpoint, IAgentEndpointFactory)
@define(eq=False)
class Gateway:
    """The one host an ``Agent`` talks to: an endpoint made once, not for every request."""

    _endpoint: IStreamClientEndpoint
    connections: Connections = field(factory=Connections, init=False)

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:  # noqa: ARG002 - Twisted's
        """Itself, whatever the URI."""
        return self

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:
        """Connect; the result is the protocol of *protocolFactory*."""
        capping = _Capping(protocolFactory, self.connections)
        connected: Deferred[Any] = self._endpoint.connect(capping)
        return connected.addCallback(lambda connection: connection.wrappedProtocol)


def gateway_to(reactor: Any, url: URI, timeout: float, trust: Any) -> Gateway:
    """
    The way to *url*'s host.

    :param timeout: seconds to connect.
    :param trust: what :func:`trust_root` gave; None: the CAs of the system.
    """
    host = url.host.decode("ascii")
    endpoint: IStreamClientEndpoint = HostnameEndpoint(
        reactor, host, url.port, timeout=timeout, attemptDelay=NEXT_ADDRESS
    )
    if url.scheme == b"https":
        # one for all connections: it holds the trusted CAs, which take long to load
        options = optionsForClientTLS(host, trustRoot=trust)
        endpoint = wrapClientTLS(options, endpoint)
    return Gateway(endpoint)


def trust_root(authorities: bytes) -> Any:
    """
    Trust in these CAs and no other.

    :param authorities: their certificates, PEM.
    :raises ValueError: there is none, or a broken one.
    """
    found = load_pem_x509_certificates(authorities)
    return trustRootFromCertificates(
        [Certificate.loadPEM(each.public_bytes(Encoding.PEM)) for each in found]
    )
