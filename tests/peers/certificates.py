"""
A certificate authority that lives as long as a test, and a server that it vouches for.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from attrs import frozen
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

_AUTHORITY = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sippn's tests")])
_DAY = timedelta(days=1)


@frozen
class Certificates:
    """
    PEM files.

    :ivar authority: certificate of the authority: what a phone is to trust.
    :ivar certificate: of the server, signed by the authority.
    :ivar private_key: the server's.
    """

    authority: Path
    certificate: Path
    private_key: Path


def make_certificates(folder: Path, host: str) -> Certificates:
    """New ones in *folder*, for a server at the address *host*."""
    files = Certificates(*(folder / f"{name}.pem" for name in ("authority", "server", "key")))
    authority_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _certificate(_AUTHORITY, authority_key.public_key(), authority_key, _authority())
    server = _certificate(_name(host), server_key.public_key(), authority_key, _server(host))
    files.authority.write_bytes(authority.public_bytes(Encoding.PEM))
    files.certificate.write_bytes(server.public_bytes(Encoding.PEM))
    files.private_key.write_bytes(
        server_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return files


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _authority() -> x509.ExtensionType:
    return x509.BasicConstraints(ca=True, path_length=0)


def _server(host: str) -> x509.ExtensionType:
    # linphone's mbed TLS reads no address in a certificate: it wants the digits as a name
    return x509.SubjectAlternativeName([x509.DNSName(host), x509.IPAddress(ip_address(host))])


def _certificate(
    subject: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    signed_by: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(_AUTHORITY)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
        .add_extension(extension, critical=False)
        .sign(signed_by, hashes.SHA256())
    )
