"""The certificate of a listener and its key, read once and found to be right."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import Certificate, load_pem_x509_certificates
from OpenSSL.SSL import Error
from twisted.internet.ssl import CertificateOptions, TLSVersion

from sippn.errors import ConfigErrors

_CERTIFICATE: Final = "listen.certificate"
_KEY: Final = "listen.private_key"


def server_options(certificate: str, private_key: str) -> CertificateOptions:
    """
    How a server shakes hands: TLS 1.2 or later, with the chain in the file *certificate*.

    :param certificate: path of a PEM file, the server's own certificate first.
    :param private_key: path of the PEM file of its key, without a pass phrase.
    :raises ConfigErrors: what is wrong with them, and what to do.
    """
    chain = _chain(certificate, _octets(_CERTIFICATE, certificate))
    key = _key(private_key, _octets(_KEY, private_key))
    if chain[0].public_key() != key.public_key():
        raise _problem(
            _KEY,
            f"{private_key} is not the key of the first certificate in "
            f"{certificate}: put the server's own certificate first",
        )
    own: dict[str, Any] = {  # Twisted's hints want the types that pyOpenSSL warns of
        "privateKey": key,
        "certificate": chain[0],
        "extraCertChain": chain[1:],
    }
    try:
        options = CertificateOptions(**own, raiseMinimumTo=TLSVersion.TLSv1_2)
        options.getContext()  # made here, where somebody reads what is wrong with it
    except (Error, TypeError, ValueError) as error:
        raise _problem(_CERTIFICATE, f"{certificate} cannot be used for TLS: {error}") from error
    return options


def _octets(where: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise _problem(
            where, f"{path} cannot be read: {reason}; name a file that the server may read"
        ) from error


def _chain(path: str, octets: bytes) -> list[Certificate]:
    try:
        return load_pem_x509_certificates(octets)
    except ValueError as error:
        raise _problem(
            _CERTIFICATE,
            f"{path} holds no PEM certificate: it needs the lines from BEGIN CERTIFICATE to "
            "END CERTIFICATE, the server's own first",
        ) from error


def _key(path: str, octets: bytes) -> PrivateKeyTypes:
    try:
        return load_pem_private_key(octets, None)
    except TypeError as error:
        raise _problem(
            _KEY, f"{path} has a pass phrase, which nobody is there to enter: remove it"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _problem(
            _KEY,
            f"{path} holds no PEM private key: it needs the lines from BEGIN PRIVATE KEY to "
            "END PRIVATE KEY",
        ) from error


def _problem(where: str, what: str) -> ConfigErrors:
    return ConfigErrors([(where, what)])
