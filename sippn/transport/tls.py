"""SIP over TLS (RFC 3261 section 26.3.1)."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import define, field, frozen
from OpenSSL.SSL import Connection
from service_identity.pyopenssl import verify_hostname, verify_ip_address
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator, IProtocolFactory
from twisted.internet.protocol import ClientFactory
from twisted.internet.ssl import CertificateOptions, TLSVersion, platformTrust
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from zope.interface import implementer

from sippn.errors import TransportError
from sippn.transport.address import pack
from sippn.transport.credentials import server_options
from sippn.transport.tcp import TCPListener


@define(eq=False, repr=False)
class TLSListener(TCPListener):
    """
    One TCP socket over which TLS is spoken.

    A peer that we connect to has to prove that it is the host its URI names; a connection
    that came to us has proved nothing, and is no way to anybody but who sent over it.

    :ivar certificate: PEM file of the chain, the server's own certificate first.
    :ivar private_key: PEM file of its key.
    :ivar trust: a Twisted ``trustRoot``: who may vouch for those that we connect to; None:
        whom the platform trusts.
    :raises ConfigErrors: the files cannot be used; nothing is bound yet.
    """

    certificate: str = field(kw_only=True)
    private_key: str = field(kw_only=True)
    trust: Any = field(default=None, kw_only=True)
    transport: ClassVar[str] = "TLS"
    secure: ClassVar[bool] = True
    _as_server: CertificateOptions = field(init=False)
    _as_client: CertificateOptions = field(init=False)

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self._as_server = server_options(self.certificate, self.private_key)
        self._as_client = CertificateOptions(
            trustRoot=self.trust or platformTrust(), raiseMinimumTo=TLSVersion.TLSv1_2
        )

    def prove(self, handle: Any, name: str | None) -> None:
        """
        See :meth:`Home.prove`.

        Twisted would look at the name as well, and let everybody pass whose certificate
        has one that it cannot read.
        """
        if name is None:
            return
        verify = verify_hostname if pack(name) is None else verify_ip_address
        try:
            verify(handle, name)
        except Exception as error:  # whatever is wrong, it is no proof
            raise TransportError(f"its certificate is not one of {name}") from error

    def _served(self, factory: IProtocolFactory) -> IProtocolFactory:
        return TLSMemoryBIOFactory(self._as_server, False, factory, self.streams.clock)

    def _dialled(self, factory: ClientFactory[Any], name: str) -> ClientFactory[Any]:
        creator = _Calling(self._as_client, name)
        return TLSMemoryBIOFactory(creator, True, factory, self.streams.clock)

    def _to_prove(self, name: str) -> str:
        return name.partition("%")[0]


@implementer(IOpenSSLClientConnectionCreator)
@frozen
class _Calling:
    """Says whom we call, as a server with several certificates has to know (RFC 6066)."""

    options: CertificateOptions
    name: str

    def clientConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> Connection:
        """See IOpenSSLClientConnectionCreator."""
        connection = self.options.clientConnectionForTLS(tlsProtocol)
        if pack(self.name) is None:
            connection.set_tlsext_host_name(self.name.encode("ascii"))
        return connection
