"""A browser's end of a push subscription: its keys, and what waits for it (RFC 8291, RFC 8030)."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING

from attrs import define, field
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

if TYPE_CHECKING:
    from sippn.testing.push_server.webpush import WebPush

_SALT = 16
_HEAD = _SALT + 4 + 1  # then the sender's key (RFC 8188, section 2.1)


class Undecipherable(Exception):
    """A message that was not made for this subscription, or is broken."""


@define(eq=False)
class Subscription:
    """
    A subscription.

    :ivar url: where pushes for it go: the PRID.
    :ivar vapid: the public key to which it is restricted, as it is on the wire; "": any.
    :ivar gone_status: with what pushes for it are refused, 404 or 410; None: it is alive.
    :ivar online: its browser gets what comes at once; otherwise it waits in *waiting*.
    """

    url: str = field(repr=False)
    vapid: str
    _key: ec.EllipticCurvePrivateKey | None = field(repr=False)
    _secret: bytes = field(repr=False)
    gone_status: int | None = field(default=None, init=False)
    online: bool = field(default=True, init=False)
    waiting: list[WebPush] = field(factory=list, init=False)

    @property
    def p256dh(self) -> str:
        """The browser's public key, as JavaScript shows it; "": it gave none."""
        return armoured(point(self._key.public_key())) if self._key else ""

    @property
    def auth(self) -> str:
        """The secret that sender and browser share; "": it gave none."""
        return armoured(self._secret) if self._key else ""

    def decrypt(self, body: bytes) -> bytes:
        """
        What *body* says (RFC 8291, section 3).

        :raises Undecipherable: it was not made for this subscription.
        """
        if self._key is None:
            raise Undecipherable("the subscription has no keys")
        salt, size = body[:_SALT], int.from_bytes(body[_SALT : _SALT + 4], "big")
        length = body[_HEAD - 1] if len(body) >= _HEAD else 0
        sender, record = body[_HEAD : _HEAD + length], body[_HEAD + length :]
        if length != 65 or len(record) > size:
            raise Undecipherable("not one record under a P-256 key")
        try:
            theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
            shared = self._key.exchange(ec.ECDH(), theirs)
            info = b"WebPush: info\0" + point(self._key.public_key()) + sender
            plain = _opened(_derived(shared, self._secret, info, 32), salt, record)
        except (ValueError, InvalidTag) as error:
            raise Undecipherable("made for somebody else, or broken") from error
        text = plain.rstrip(b"\0")
        if not text.endswith(b"\x02"):
            raise Undecipherable("not the last record")
        return text[:-1]

    def arrived(self, push: WebPush) -> None:
        """Let *push* wait; one of the same topic makes way (RFC 8030, section 5.4)."""
        if push.topic:
            self.waiting = [other for other in self.waiting if other.topic != push.topic]
        if push.ttl:
            self.waiting.append(push)


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    """A public key as 65 octets."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def armoured(octets: bytes) -> str:
    """*octets* as base64url without padding."""
    return urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def _opened(material: bytes, salt: bytes, record: bytes) -> bytes:
    """RFC 8188, section 2.2 and 2.3."""
    key = _derived(material, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(material, salt, b"Content-Encoding: nonce\0", 12)
    return AESGCM(key).decrypt(nonce, record, None)


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(secret)
