"""A server on a real socket, with a certificate of its own, that answers all it is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import define, field, frozen
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import StreamEnded
from OpenSSL.SSL import (
    NO_OVERLAPPING_PROTOCOLS,
    TLS_SERVER_METHOD,
    VERIFY_FAIL_IF_NO_PEER_CERT,
    VERIFY_PEER,
    Context,
)
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IOpenSSLContextFactory
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer


@frozen
class SelfMade:
    """A certificate that signed itself, and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(Encoding.PEM)

    def key_pem(self, phrase: bytes = b"") -> bytes:
        """The key; with a pass phrase where there is one."""
        lock = BestAvailableEncryption(phrase) if phrase else NoEncryption()
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)


def self_made(host: str = "localhost") -> SelfMade:
    """One for *host*."""
    key = ec.generate_private_key(ec.SECP256R1())
    serial = x509.random_serial_number()
    # of its own for each, or OpenSSL tries the first of them only
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"server {serial}")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    return SelfMade(certificate, key)


@implementer(IOpenSSLContextFactory)
@frozen
class Shown:
    """
    TLS on the server's side.

    :ivar spoken: what it chooses from by ALPN; empty: it has never heard of that.
    :ivar known: the client that it takes requests from; None: it asks for no certificate.
    """

    server: SelfMade
    spoken: tuple[bytes, ...]
    known: SelfMade | None = None

    def getContext(self) -> Context:
        """As OpenSSL likes it."""
        context = Context(TLS_SERVER_METHOD)
        context.use_certificate(self.server.certificate)
        context.use_privatekey(self.server.key)
        if self.spoken:
            context.set_alpn_select_callback(self._choose)
        if self.known is not None:
            store = context.get_cert_store()
            assert store is not None
            from OpenSSL.crypto import X509  # noqa: PLC0415 - the store knows no other type

            store.add_cert(X509.from_cryptography(self.known.certificate))
            context.set_verify(VERIFY_PEER | VERIFY_FAIL_IF_NO_PEER_CERT, lambda *seen: seen[-1])
        return context

    def _choose(self, _: object, offered: list[bytes]) -> Any:
        common = [each for each in self.spoken if each in offered]
        return common[0] if common else NO_OVERLAPPING_PROTOCOLS


class Serving(Protocol):
    """One connection of the server's: whatever it speaks, the answer is how many came before."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._two: H2Connection | None = None
        self._one = b""

    def connectionMade(self) -> None:
        """Another one."""
        self._server.connections.append(self)
        self._server.alive.add(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: ARG002 - Twisted's
        """One less."""
        self._server.alive.discard(self)

    def dataReceived(self, data: bytes) -> None:
        """By what was agreed on."""
        if self._server.deaf:
            return
        if getattr(self.transport, "negotiatedProtocol", None) == b"h2":
            self._read_two(data)
        else:
            self._read_one(data)

    def _read_two(self, data: bytes) -> None:
        if self._two is None:
            self._two = H2Connection(H2Configuration(client_side=False, header_encoding=None))
            self._two.initiate_connection()
        for event in self._two.receive_data(data):
            if isinstance(event, StreamEnded):
                self._server.asked.append(b"h2")
                body = b"%d" % len(self._server.asked)
                self._two.send_headers(event.stream_id, [(b":status", b"200")])
                self._two.send_data(event.stream_id, body, end_stream=True)
        self.transport.write(self._two.data_to_send())  # type: ignore[union-attr]

    def _read_one(self, data: bytes) -> None:
        self._one += data
        while b"\r\n\r\n" in self._one:
            _, _, self._one = self._one.partition(b"\r\n\r\n")
            self._server.asked.append(b"http/1.1")
            body = b"%d" % len(self._server.asked)
            self.transport.write(  # type: ignore[union-attr]
                b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
            )


class _Each(Factory):
    """Makes connections, and says nothing of it to the log."""

    noisy = False

    def __init__(self, server: Server) -> None:
        self._server = server

    def buildProtocol(self, addr: object) -> Serving:  # noqa: ARG002 - Twisted's
        """One of them."""
        return Serving(self._server)


@define(eq=False)
class Server:
    """
    A server on loopback.

    :ivar asked: by which version of HTTP, one by one.
    :ivar deaf: reads no more.
    """

    reactor: Any
    made: SelfMade = field(factory=self_made)
    connections: list[Serving] = field(factory=list)
    alive: set[Serving] = field(factory=set)
    asked: list[bytes] = field(factory=list)
    port: int = 0
    deaf: bool = False
    _listening: Any = None

    def start(self, *spoken: bytes, tls: bool = True, known: SelfMade | None = None) -> None:
        """Listen."""
        factory = _Each(self)
        if tls:
            shown = Shown(self.made, spoken, known)
            self._listening = self.reactor.listenSSL(0, factory, shown, interface="127.0.0.1")
        else:
            self._listening = self.reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.port = self._listening.getHost().port

    def stop(self) -> Deferred[Any]:
        """Listen no more, and cut what there is."""
        for each in self.alive:
            each.transport.abortConnection()  # type: ignore[union-attr]
        return maybeDeferred(self._listening.stopListening)
