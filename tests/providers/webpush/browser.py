"""A browser's side of Web Push: its subscription, and what it makes of what comes."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

from attrs import define, field
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
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from sippn.binding import PushJob, PushKind, PushTarget
from sippn.http import Answer, Ask, NoAnswer
from sippn.providers.webpush.encryption import point_of
from sippn.providers.webpush.messages import Writer
from sippn.providers.webpush.origins import Origins
from sippn.providers.webpush.provider import WebPush
from sippn.providers.webpush.settings import WebPushSettings, webpush_settings
from sippn.providers.webpush.vapid import Vapid

SECRET = "secret-of-the-subscription"
URL = f"https://push.example.net/{SECRET}?a=b;c=%2F"
WALL = 784111777.0
TABLE: dict[str, Any] = {
    "vapid_key_file": "vapid.pem",
    "contact": "mailto:ops@example.com",
    "allow_hosts": ["push.example.net", "*.example.org", "push.example.net:8443"],
}
CREATED = Answer(201)


@define(eq=False)
class Browser:
    """
    A subscription with keys.

    :ivar hints: the parameters that its UA registers with.
    """

    _key: EllipticCurvePrivateKey = field(factory=lambda: derive_private_key(8291, SECP256R1()))
    _auth: bytes = b"0123456789abcdef"

    @property
    def hints(self) -> tuple[tuple[str, str], ...]:
        """Its keys, as ours are called."""
        point = point_of(self._key.public_key())
        return (("sippn-wp-auth", _text(self._auth)), ("sippn-wp-p256dh", _text(point)))

    def read(self, body: bytes) -> Any:
        """The JSON in *body*, decrypted as RFC 8291 section 3 has it."""
        salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        point, sealed = body[21 : 21 + length], body[21 + length :]
        assert size > len(sealed)
        theirs = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)
        info = b"WebPush: info\0" + point_of(self._key.public_key()) + point
        secret = HKDF(SHA256(), 32, self._auth, info).derive(self._key.exchange(ECDH(), theirs))
        key = HKDF(SHA256(), 16, salt, b"Content-Encoding: aes128gcm\0").derive(secret)
        nonce = HKDF(SHA256(), 12, salt, b"Content-Encoding: nonce\0").derive(secret)
        plain = AESGCM(key).decrypt(nonce, sealed, None)
        assert plain[-1:] == b"\x02"
        return json.loads(plain[:-1])


@define(eq=False)
class Service:
    """
    A push service in memory, in place of an :class:`~sippn.http.origin.Origin`.

    :ivar place: host and port.
    :ivar asked: what it was asked, each with the seconds it had and the authority it was asked by.
    :ivar gone: fires when it is closed; None: it is at once.
    """

    place: tuple[str, int]
    script: list[Answer | NoAnswer | Deferred[Answer]]
    asked: list[tuple[Ask, float, bytes]] = field(factory=list, init=False)
    closed: bool = field(default=False, init=False)
    gone: Deferred[None] | None = field(default=None, init=False)

    def ask(self, ask: Ask, seconds: float, authority: bytes = b"") -> Deferred[Answer]:
        """Answer by the script; when that has ended, with a 201."""
        self.asked.append((ask, seconds, authority))
        answer = self.script.pop(0) if self.script else CREATED
        if isinstance(answer, Deferred):
            return answer
        return fail(answer) if isinstance(answer, NoAnswer) else succeed(answer)

    def close(self) -> Deferred[None]:
        """Note it."""
        self.closed = True
        return succeed(None) if self.gone is None else self.gone


@define(eq=False)
class Bench:
    """
    A provider, and the push services that it has asked for.

    :ivar script: answers, whoever gives them.
    """

    settings: WebPushSettings
    clock: Clock = field(factory=Clock)
    entropy: Callable[[int], bytes] = bytes
    wall: float = WALL
    script: list[Answer | NoAnswer | Deferred[Answer]] = field(factory=list)
    services: list[Service] = field(factory=list, init=False)
    provider: WebPush = field(init=False)

    def __attrs_post_init__(self) -> None:
        gateway = self.settings.endpoint
        key = derive_private_key(8292, SECP256R1())
        self.provider = WebPush(
            allowed=self.settings.allow_hosts,
            vapid=Vapid(key, self.settings.contact, lambda: self.wall),
            writer=Writer(self.settings.payload, self.entropy),
            origins=Origins(self._make),
            clock=self.clock,
            wall=lambda: self.wall,
            gateway=None if gateway is None else (gateway.host, gateway.port),
        )

    @classmethod
    def with_(cls, **table: object) -> Bench:
        """One by the usual table with changes."""
        return cls(webpush_settings(TABLE | table))

    @property
    def asks(self) -> list[Ask]:
        """All that was asked, service by service."""
        return [ask for service in self.services for ask, _, _ in service.asked]

    def job(self, kind: PushKind = PushKind.CALL, left: float = 20, **target: Any) -> PushJob:
        """A push for the usual subscription, or for one that differs."""
        words = {"provider": "webpush", "param": "", "prid": URL} | target
        return PushJob(
            id="job-1",
            kind=kind,
            target=PushTarget(**words),
            aor="sip:alice@example.com",
            deadline=self.clock.seconds() + left,
            collapse_key="call-binding-1",
            method="" if kind is PushKind.REFRESH else "INVITE",
            call_id="" if kind is PushKind.REFRESH else "call-1",
            caller='"Bob" <sip:bob@example.com>',
        )

    def _make(self, host: str, port: int) -> Service:
        self.services.append(Service((host, port), self.script))
        return self.services[-1]


def value(ask: Ask, name: str) -> str | None:
    """The only value of a header field; None: it has none."""
    found = [value for known, value in ask.fields if known == name.encode("ascii")]
    assert len(found) <= 1
    return found[0].decode("ascii") if found else None


def _text(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")
