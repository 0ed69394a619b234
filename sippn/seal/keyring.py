"""One secret, a key for each purpose, and what is sealed with them."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Final

from attrs import define, field
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SECRET_SIZE: Final = 32  # octets
MAX_TOKEN: Final = 8192  # characters: what is longer was never sealed here

_KEY_ID: Final = b"\x01"  # the only key so far; rotation will add others
_NONCE_SIZE: Final = 12
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_\-]+")


def _check_secret(_: object, __: object, secret: bytes) -> None:
    if len(secret) != SECRET_SIZE:
        raise ValueError(f"a secret of {SECRET_SIZE} octets is needed")


@define(eq=False)
class Keyring:
    """
    Seals and vouches, for each purpose with a key of its own.

    A token says nothing to who has no key, and cannot be moved to another purpose.

    :ivar _secret: 32 octets, from which all keys are derived.
    :ivar _entropy: random octets for nonces; they must never repeat.
    """

    _secret: bytes = field(repr=False, validator=_check_secret)
    _entropy: Callable[[int], bytes] = field(repr=False)
    _ciphers: dict[str, AESGCM] = field(factory=dict, init=False, repr=False)
    _mac_keys: dict[str, bytes] = field(factory=dict, init=False, repr=False)

    def seal(self, purpose: str, plain: bytes) -> str:
        """
        Encrypt *plain* into a token: base64url without padding, fit for a SIP token.

        :param purpose: a constant of the program.
        :raises ValueError: *plain* is too long for a token that :meth:`unseal` would take.
        """
        nonce = self._entropy(_NONCE_SIZE)
        sealed = self._cipher(purpose).encrypt(nonce, plain, _KEY_ID)
        token = urlsafe_b64encode(_KEY_ID + nonce + sealed).rstrip(b"=").decode("ascii")
        if len(token) > MAX_TOKEN:
            raise ValueError("too long to be sealed")
        return token

    def unseal(self, purpose: str, token: str) -> bytes | None:
        """Get back what was sealed; None: forged, broken, or of another purpose or secret."""
        octets = _decode(token)
        if octets is None or octets[:1] != _KEY_ID:
            return None
        nonce, sealed = octets[1 : 1 + _NONCE_SIZE], octets[1 + _NONCE_SIZE :]
        if len(nonce) < _NONCE_SIZE:
            return None
        try:
            return self._cipher(purpose).decrypt(nonce, sealed, _KEY_ID)
        except InvalidTag:
            return None

    def mac(self, purpose: str, data: bytes) -> bytes:
        """Vouch for *data*: 32 octets that only this keyring can make (HMAC-SHA-256)."""
        key = self._mac_keys.get(purpose)
        if key is None:
            key = self._mac_keys[purpose] = self._derive(f"mac {purpose}")
        return hmac.digest(key, data, hashlib.sha256)

    def _cipher(self, purpose: str) -> AESGCM:
        cipher = self._ciphers.get(purpose)
        if cipher is None:
            cipher = self._ciphers[purpose] = AESGCM(self._derive(f"seal {purpose}"))
        return cipher

    def _derive(self, label: str) -> bytes:
        # HKDF-Expand of one block (RFC 5869): the secret is uniform, nothing to extract
        return hmac.digest(self._secret, b"sippn " + label.encode() + b"\x01", hashlib.sha256)


def _decode(token: str) -> bytes | None:
    if len(token) > MAX_TOKEN or _BASE64URL.fullmatch(token) is None or len(token) % 4 == 1:
        return None
    octets = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    # the last character has spare bits: one token, one spelling
    canonical = urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")
    return octets if canonical == token else None
