"""Checking signed JSON web tokens (RFC 7515, compact form): by hand, with no library's help."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from typing import Any

from attrs import field, frozen
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256


class BadToken(Exception):
    """A token that is broken, or signed by somebody else."""


@frozen
class Signed:
    """
    A token; nobody has checked its signature yet.

    :ivar header: its first part, *claims* its second.
    """

    header: dict[str, Any]
    claims: dict[str, Any]
    _signing: bytes = field(repr=False)
    _signature: bytes = field(repr=False)

    @classmethod
    def read(cls, token: str) -> Signed:
        """
        Read a token.

        :raises BadToken: it is none.
        """
        try:
            head, claims, signature = token.encode("ascii").split(b".")
            return cls(_object(head), _object(claims), head + b"." + claims, unarmoured(signature))
        except ValueError as error:
            raise BadToken("it is no token") from error

    def check(self, key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> None:
        """
        Check that it is signed with *key*, by ES256 or RS256 as the key is (RFC 7518).

        :raises BadToken: it is not.
        """
        algorithm = "RS256" if isinstance(key, rsa.RSAPublicKey) else "ES256"
        if self.header.get("alg") != algorithm:
            raise BadToken(f"its algorithm is not {algorithm}")
        try:
            if isinstance(key, rsa.RSAPublicKey):
                key.verify(self._signature, self._signing, padding.PKCS1v15(), SHA256())
            else:
                key.verify(_der(self._signature), self._signing, ec.ECDSA(SHA256()))
        except InvalidSignature as error:
            raise BadToken("somebody else signed it") from error

    def number(self, name: str) -> float | None:
        """The claim *name* if it is a number."""
        value = self.claims.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return value


def unarmoured(octets: bytes | str) -> bytes:
    """
    What base64url without padding stands for (RFC 7515, section 2).

    :raises ValueError: *octets* is not that.
    """
    if isinstance(octets, str):
        octets = octets.encode("ascii")
    if b"=" in octets or b"+" in octets or b"/" in octets:
        raise ValueError("not base64url without padding")
    return urlsafe_b64decode(octets + b"=" * (-len(octets) % 4))


def _object(part: bytes) -> dict[str, Any]:
    value = json.loads(unarmoured(part))
    if not isinstance(value, dict):
        raise ValueError("no JSON object")  # noqa: TRY004 - it is the text that is wrong
    return value


def _der(signature: bytes) -> bytes:
    if len(signature) != 64:
        raise BadToken("its signature is no ES256 signature")
    r, s = signature[:32], signature[32:]
    return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
