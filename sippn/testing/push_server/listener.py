"""A port of a push service: TLS, and HTTP/2 or HTTP/1.1 as the client asks (ALPN)."""

from __future__ import annotations

from typing import Any, cast

from attrs import define, field
from cryptography.x509.oid import NameOID
from OpenSSL.SSL import Connection
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.interfaces import IAddress, IHandshakeListener, IListeningPort
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.ssl import CertificateOptions
from twisted.protocols.tls import (
    BufferingTLSTransport,
    TLSMemoryBIOFactory,
    TLSMemoryBIOProtocol,
)
from zope.interface import implementer

from sippn.testing.push_server.one import HTTP1
from sippn.testing.push_server.service import Service
from sippn.testing.push_server.two import HTTP2


@define(eq=False)
class Port:
    """
    A port that listens, and all its connections.

    :ivar tls_delay: seconds before a client's hello is read.
    """

    reactor: Any
    service: Service[Any]
    options: CertificateOptions
    tls_delay: float = field(default=0, init=False)
    number: int = field(default=0, init=False)
    _front: _Front | None = field(default=None, init=False)
    _port: IListeningPort | None = field(default=None, init=False)

    def start(self, number: int, host: str) -> None:
        """
        Listen.

        :param number: 0: any free port.
        :raises CannotListenError: it is taken.
        """
        self._front = _Front(self)
        self._port = self.reactor.listenTCP(number, self._front, interface=host)
        self.number = cast("Any", self._port).getHost().port

    def cut(self) -> None:
        """Cut every connection, idle ones as well."""
        if self._front is not None:
            for connection in tuple(self._front.protocols):
                cast("Any", connection).abortConnection()

    def stop(self) -> Deferred[None]:
        """Close the port, cut what is connected."""
        front, port = self._front, self._port
        if front is None or port is None:
            return succeed(None)
        self._front = self._port = None
        stopped: Deferred[object] = maybeDeferred(port.stopListening)
        for connection in tuple(front.protocols):
            cast("Any", connection).abortConnection()
        return stopped.addCallback(lambda _: front.all_gone())


class _Front(TLSMemoryBIOFactory):
    """Knows every connection."""

    noisy = False

    def __init__(self, port: Port) -> None:
        self.protocol = _Patient
        self.port = port
        self._empty: Deferred[None] | None = None
        super().__init__(port.options, False, _Door(port.service), port.reactor)

    def registerProtocol(self, p: TLSMemoryBIOProtocol) -> None:
        """A connection is made; TLS says so twice."""
        self.port.service.connections += p not in self.protocols
        super().registerProtocol(p)

    def unregisterProtocol(self, p: TLSMemoryBIOProtocol) -> None:
        """A connection is gone."""
        super().unregisterProtocol(p)
        if self._empty is not None and not self.protocols:
            self._empty.callback(None)

    def all_gone(self) -> Deferred[None]:
        """Fires when no connection is left."""
        self._empty = Deferred()
        if not self.protocols:
            self._empty.callback(None)
        return self._empty


class _Door(Factory):
    noisy = False

    def __init__(self, service: Service[Any]) -> None:
        self._service = service

    def buildProtocol(self, addr: IAddress | None) -> Protocol:  # noqa: ARG002 - anybody may come
        return _Chooser(self._service)


class _Patient(BufferingTLSTransport):
    """Lets a client wait for its handshake where it is told to."""

    def makeConnection(self, transport: Any) -> None:
        """Read nothing yet."""
        super().makeConnection(transport)
        port = cast("_Front", self.factory).port
        if port.tls_delay:
            transport.pauseProducing()
            port.service.later(port.tls_delay, transport.resumeProducing)


@implementer(IHandshakeListener)
class _Chooser(Protocol):
    """Speaks for nobody: when hands are shaken it makes way for the version that was chosen."""

    def __init__(self, service: Service[Any]) -> None:
        self._service = service

    def handshakeCompleted(self) -> None:
        """Give the connection to whom it is for."""
        wrapper = cast("Any", self.transport)
        version = HTTP2 if wrapper.negotiatedProtocol == b"h2" else HTTP1
        chosen = version(self._service, _certified(wrapper.getHandle()))
        wrapper.wrappedProtocol = chosen
        chosen.makeConnection(wrapper)


def _certified(handle: Connection) -> str:
    """The user id in the certificate that a client showed."""
    shown = handle.get_peer_certificate(as_cryptography=True)
    if shown is None:
        return ""
    names = shown.subject.get_attributes_for_oid(NameOID.USER_ID)
    return str(names[0].value) if names else ""
