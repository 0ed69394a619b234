"""Keys that sign what we tell push services: P-256, in a PEM file of the operator's."""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from sippn.errors import ConfigErrors

LARGEST_KEY = 16384
"""Octets: a P-256 key has 250, whatever is larger is another file."""

_MAKE = "name a P-256 key, the .p8 file of Apple's or what `openssl ecparam -genkey` made"
_ENCRYPTED = (
    "is encrypted, and nobody is there to type the password: write it anew without one, by "
    "`openssl pkcs8 -topk8 -nocrypt`, readable by the server only"
)


def ec_key(path: str, where: str) -> EllipticCurvePrivateKey:
    """
    Read a P-256 private key, a ``.p8`` of Apple's as well as any PEM without a password.

    :param where: the key of the configuration that names *path*.
    :raises ConfigErrors: there is no such key, and what to do about it; none of its octets.
    """
    pem = read_secret(path, where)
    if b"-----BEGIN" not in pem:
        raise _wrong(where, "is no PEM file: name the .p8 or .pem file as it came")
    try:
        key = load_pem_private_key(pem, None)
    except TypeError:
        raise _wrong(where, _ENCRYPTED) from None
    except (ValueError, UnsupportedAlgorithm):
        unread = f"has no private key that can be read: {_MAKE}"
        raise _wrong(where, _ENCRYPTED if b"ENCRYPTED" in pem else unread) from None
    if not isinstance(key, EllipticCurvePrivateKey):
        raise _wrong(where, f"has a key that is none of an elliptic curve (RSA?): {_MAKE}")
    if not isinstance(key.curve, SECP256R1):
        raise _wrong(where, f"has a key of the curve {key.curve.name}, not P-256: {_MAKE}")
    return key


def read_secret(path: str, where: str) -> bytes:
    """
    The octets of a file that only the server ought to read.

    Where others can, they can push in the operator's name: the check of the configuration
    warns of it, before this.

    :raises ConfigErrors: it cannot be read, or is too large to be what it should.
    """
    try:
        with Path(path).open("rb") as file:
            octets = file.read(LARGEST_KEY + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no file name"
        raise _wrong(where, f"cannot be read: {why}; name a file the server may read") from None
    if len(octets) > LARGEST_KEY:
        raise _wrong(where, "is too large for a key: name the file of the key alone")
    return octets


def _wrong(where: str, what: str) -> ConfigErrors:
    return ConfigErrors([(where, what)])
