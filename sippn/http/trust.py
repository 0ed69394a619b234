"""Whom we trust over TLS, and by what we are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from attrs import field, frozen
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from twisted.internet.ssl import Certificate, trustRootFromCertificates

_LARGEST = 65_536  # octets of a file: a certificate with all its CAs has some 10,000


def trust_root(authorities: bytes) -> Any:
    """
    Trust in these CAs and no other.

    :param authorities: their certificates, PEM.
    :raises ValueError: there is none, or a broken one.
    """
    found = x509.load_pem_x509_certificates(authorities)
    return trustRootFromCertificates(
        [Certificate.loadPEM(each.public_bytes(Encoding.PEM)) for each in found]
    )


@frozen
class ClientCertificate:
    """
    A certificate that a client shows, and its key.

    :ivar chain: the CAs between it and one that the server knows, if any.
    """

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    _key: Any = field(repr=False)

    def options(self) -> dict[str, Any]:
        """For Twisted."""
        return {
            "certificate": self.certificate,
            "privateKey": self._key,
            "extraCertChain": list(self.chain),
        }


def client_certificate(
    certificate_file: str, private_key_file: str | None = None
) -> ClientCertificate:
    """
    The certificate that we show to a server.

    :param certificate_file: PEM: the certificate first, then those of its CAs.
    :param private_key_file: PEM, without a pass phrase; None: it is in *certificate_file*.
    :raises OSError: a file cannot be read.
    :raises ValueError: what is missing or does not fit, in words for the operator.
    """
    octets = _read(certificate_file)
    key_octets = octets if private_key_file is None else _read(private_key_file)
    try:
        first, *chain = x509.load_pem_x509_certificates(octets)
    except ValueError:
        raise ValueError("has no PEM certificate that can be used") from None
    try:
        key = load_pem_private_key(key_octets, password=None)
    except TypeError:
        raise ValueError("has a private key with a pass phrase; take it off") from None
    except ValueError:
        raise ValueError("has no PEM private key that can be used") from None
    if key.public_key() != first.public_key():
        raise ValueError("has a private key that is not the certificate's")
    return ClientCertificate(first, tuple(chain), key)


def _read(name: str) -> bytes:
    """No more than such a file can have: it may be the wrong one, as a disk."""
    with Path(name).open("rb") as file:
        return file.read(_LARGEST)
