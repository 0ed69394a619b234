"""Secrets, a key for each purpose, and what is sealed with them."""

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
MAX_SECRETS: Final = 4
MAX_TOKEN: Final = 8192  # characters: what is longer was never sealed here

_NONCE_SIZE: Final = 12
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_\-]+")


def _check_secrets(_: object, __: object, secrets: bytes) -> None:
    if not are_secrets(secrets):
        raise ValueError(f"1 to {MAX_SECRETS} secrets of {SECRET_SIZE} octets are needed")


def are_secrets(octets: bytes) -> bool:
    """Whether *octets* are as many as some secrets have."""
    number, rest = divmod(len(octets), SECRET_SIZE)
    return 1 <= number <= MAX_SECRETS and not rest


@define(eq=False)
class Keyring:
    """
    Seals and vouches, for each purpose with a key of its own.

    A token says nothing to who has no key, and cannot be moved to another purpose.  Secrets
    may be replaced: what an older one sealed can be opened for as long as that is kept.

    :ivar _secrets: from which all keys are derived: 32 octets each, the newest first, which
        alone seals and vouches.
    :ivar _entropy: random octets for nonces; they must never repeat.
    """

    _secrets: bytes = field(repr=False, validator=_check_secrets)
    _entropy: Callable[[int], bytes] = field(repr=False)
    _keys: tuple[_Key, ...] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        starts = range(0, len(self._secrets), SECRET_SIZE)
        self._keys = tuple([_Key(self._secrets[at : at + SECRET_SIZE]) for at in starts])

    def seal(self, purpose: str, plain: bytes) -> str:
        """
        Encrypt *plain* into a token: base64url without padding, fit for a SIP token.

        :param purpose: a constant of the program.
        :raises ValueError: *plain* is too long for a token that :meth:`unseal` would take.
        """
        key, nonce = self._keys[0], self._entropy(_NONCE_SIZE)
        sealed = key.cipher(purpose).encrypt(nonce, plain, key.id)
        token = urlsafe_b64encode(key.id + nonce + sealed).rstrip(b"=").decode("ascii")
        if len(token) > MAX_TOKEN:
            raise ValueError("too long to be sealed")
        return token

    def unseal(self, purpose: str, token: str) -> bytes | None:
        """Get back what was sealed; None: forged, broken, or of another purpose or secret."""
        octets = _decode(token)
        if octets is None:
            return None
        key_id, nonce, sealed = octets[:1], octets[1 : 1 + _NONCE_SIZE], octets[1 + _NONCE_SIZE :]
        if len(nonce) < _NONCE_SIZE:
            return None
        for key in self._keys:
            if key.id == key_id:
                try:
                    return key.cipher(purpose).decrypt(nonce, sealed, key_id)
                except InvalidTag:  # of 256 ids two secrets may have the same
                    continue
        return None

    def mac(self, purpose: str, data: bytes) -> bytes:
        """
        Vouch for *data*: 32 octets that only this keyring can make (HMAC-SHA-256).

        It makes others once there is a newer secret: fit for what is made anew when it fails.
        """
        return hmac.digest(self._keys[0].mac_key(purpose), data, hashlib.sha256)


@define(eq=False, repr=False)
class _Key:
    """
    One secret, and what was derived from it.

    :ivar id: an octet that stands in front of what it sealed, and says nothing else.
    """

    _secret: bytes
    id: bytes = field(init=False)
    _ciphers: dict[str, AESGCM] = field(factory=dict, init=False)
    _mac_keys: dict[str, bytes] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self.id = self._derive("id")[:1]

    def cipher(self, purpose: str) -> AESGCM:
        """What seals for *purpose*."""
        cipher = self._ciphers.get(purpose)
        if cipher is None:
            cipher = self._ciphers[purpose] = AESGCM(self._derive(f"seal {purpose}"))
        return cipher

    def mac_key(self, purpose: str) -> bytes:
        """What vouches for *purpose*."""
        key = self._mac_keys.get(purpose)
        if key is None:
            key = self._mac_keys[purpose] = self._derive(f"mac {purpose}")
        return key

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
