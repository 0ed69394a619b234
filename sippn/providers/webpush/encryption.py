"""
What a push says, encrypted for the UA alone (RFC 8291, which is RFC 8188 with a key agreement).
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from typing import Final

from attrs import field
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    derive_private_key,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sippn.value import value_class

LONGEST: Final = 3993
"""Octets: longer plaintext no push service needs to take (RFC 8291 section 4)."""

SALT: Final = 16
"""Octets of a salt (RFC 8188 section 2.1)."""

_RECORD: Final = 4096
_AUTH: Final = 16
_POINT: Final = 65
_LAST_RECORD: Final = b"\x02"
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256
_BASE64: Final = re.compile(r"[0-9A-Za-z+/_\-]{16,128}={0,2}")

# the parameters of draft-ietf-sipcore-sip-push-03, which has two names for the second, and ours
_PUBLIC_KEYS: Final = ("sippn-wp-p256dh", "pn-enckey")
_AUTH_SECRETS: Final = ("sippn-wp-auth", "pn-encsec", "pn-enccode")


class BadKeys(Exception):
    """The keys of a subscription cannot be used.  Its text says why, and nothing of them."""


@value_class
class Keys:
    """
    A subscription's keys (RFC 8291 section 2), so that it alone can read.

    :ivar auth: its authentication secret.
    """

    public: EllipticCurvePublicKey = field(repr=False)
    auth: bytes = field(repr=False)


def keys_of(hints: Mapping[str, str]) -> Keys | None:
    """
    The keys that a UA registered with, as browsers export them: base64, either alphabet.

    :returns: None: it has none.
    :raises BadKeys: only one of both, or something that is no key.
    """
    public, auth = _first(hints, _PUBLIC_KEYS), _first(hints, _AUTH_SECRETS)
    if public is None and auth is None:
        return None
    if public is None or auth is None:
        raise BadKeys("only one of the two keys of the subscription is there")
    point, secret = _octets(public), _octets(auth)
    if len(secret) != _AUTH:
        raise BadKeys("the authentication secret of the subscription has not 16 octets")
    if len(point) != _POINT:
        raise BadKeys("the public key of the subscription has not 65 octets")
    try:
        # checks that it is on the curve, as section 7 of the RFC demands
        return Keys(EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point), secret)
    except ValueError:
        raise BadKeys("the public key of the subscription is no point of P-256") from None


def encrypt(plain: bytes, keys: Keys, sender: EllipticCurvePrivateKey, salt: bytes) -> bytes:
    """
    A body of ``Content-Encoding: aes128gcm``, in one record.

    :param sender: a key of this one message (RFC 8291 section 3.1).
    :param salt: :data:`SALT` random octets, of this one message, too.
    :raises ValueError: *plain* is longer than :data:`LONGEST`.
    """
    if len(plain) > LONGEST:
        raise ValueError("longer than a push service takes")
    ours, theirs = point_of(sender.public_key()), point_of(keys.public)
    shared = sender.exchange(ECDH(), keys.public)
    secret = _hkdf(shared, keys.auth, b"WebPush: info\0" + theirs + ours, 32)
    key = _hkdf(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _hkdf(secret, salt, b"Content-Encoding: nonce\0", 12)
    head = salt + _RECORD.to_bytes(4, "big") + bytes([len(ours)]) + ours
    return head + AESGCM(key).encrypt(nonce, plain + _LAST_RECORD, None)


def new_key(entropy: Callable[[int], bytes]) -> EllipticCurvePrivateKey:
    """A key for one message; 64 bits more than it has make it even (FIPS 186-5 appendix A.2.1)."""
    return derive_private_key(int.from_bytes(entropy(40), "big") % (_ORDER - 1) + 1, SECP256R1())


def point_of(key: EllipticCurvePublicKey) -> bytes:
    """*key* as an uncompressed point: 65 octets."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _hkdf(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(secret)


def _first(hints: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((hints[name] for name in names if name in hints), None)


def _octets(text: str) -> bytes:
    """Of base64, plain or url-safe, padded or not: browsers' ways of export differ."""
    if not _BASE64.fullmatch(text):
        raise BadKeys("a key of the subscription is no base64")
    bare = text.rstrip("=").replace("+", "-").replace("/", "_")
    try:
        return urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except ValueError:
        raise BadKeys("a key of the subscription is no base64") from None
