"""A certificate authority for the length of a test, and what it certifies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any

from attrs import field, frozen
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from OpenSSL.crypto import X509
from twisted.internet.ssl import CertificateOptions, TLSVersion

_LIFE = dt.timedelta(days=30)
_EARLY = dt.timedelta(days=1)  # clocks that are behind are no subject of these tests

NAMES = ("localhost", "127.0.0.1", "::1")


@frozen
class Certified:
    """
    A certificate and its key.

    :ivar key: nobody else's business.
    """

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def pem(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The key, in the form that Apple's .p8 files have."""
        return private_pem(self.key)


@frozen
class Authority:
    """
    Certifies servers and clients.

    Its own name is never the same twice: with two of one name OpenSSL would try the first.
    """

    own: Certified

    @classmethod
    def new(cls) -> Authority:
        """One that nobody trusts yet."""
        key = ec.generate_private_key(ec.SECP256R1())
        serial = x509.random_serial_number()
        name = x509.Name(
            [x509.NameAttribute(NameOID.COMMON_NAME, f"sippn push server {serial:x}"[:64])]
        )
        usage = x509.BasicConstraints(ca=True, path_length=0)
        builder = _builder(name, name, key, serial).add_extension(usage, critical=True)
        return cls(Certified(builder.sign(key, SHA256()), key))

    def server(self, names: Iterable[str] = NAMES) -> Certified:
        """A server's certificate for *names*, host names and addresses."""
        return self._certify(
            [x509.NameAttribute(NameOID.COMMON_NAME, "push server")],
            [
                (x509.SubjectAlternativeName([_general(name) for name in names]), False),
                (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
            ],
        )

    def client(self, user: str) -> Certified:
        """A client's certificate for *user*: what Apple issues for a bundle id."""
        return self._certify(
            [
                x509.NameAttribute(NameOID.USER_ID, user),
                x509.NameAttribute(NameOID.COMMON_NAME, f"Apple Push Services: {user}"[:64]),
            ],
            [(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)],
        )

    def options(self, server: Certified, *, clients: bool) -> CertificateOptions:
        """
        How a server shakes hands: HTTP/2 or HTTP/1.1.

        :param clients: ask for a certificate of ours, and accept one who has none.
        """
        known: dict[str, Any] = {  # Twisted's hints want the types that pyOpenSSL warns of
            "privateKey": server.key,
            "certificate": server.certificate,
            "acceptableProtocols": [b"h2", b"http/1.1"],
            "raiseMinimumTo": TLSVersion.TLSv1_2,
        }
        if clients:
            known["verify"] = True
            known["requireCertificate"] = False
            known["caCerts"] = [X509.from_cryptography(self.own.certificate)]
        return CertificateOptions(**known)

    def _certify(
        self,
        subject: list[x509.NameAttribute[str]],
        extensions: list[tuple[x509.ExtensionType, bool]],
    ) -> Certified:
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = self.own.certificate.subject
        builder = _builder(x509.Name(subject), issuer, key, x509.random_serial_number())
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return Certified(builder.sign(self.own.key, SHA256()), key)


def private_pem(key: Any) -> bytes:
    """A private *key* in PKCS 8, not encrypted."""
    octets: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return octets


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, serial: int
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(now - _EARLY)
        .not_valid_after(now + _LIFE)
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
