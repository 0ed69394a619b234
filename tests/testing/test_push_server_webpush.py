"""The push server's web push service, as a client sees it that is none of sippn's."""

from __future__ import annotations

import os
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from attrs import define
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwcrypto.jwk import JWK

from sippn.testing.push_server import PushServer, Subscription, Undecipherable, WebPush
from tests.testing.push_client import Caller, Got
from tests.testing.push_tokens import Keys, other_key, signed


def armoured(octets: bytes) -> str:
    """base64url without padding."""
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def octets(text: str) -> bytes:
    """And back."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def public(key: JWK) -> str:
    """A key as ``k`` of RFC 8292 has it."""
    exported = key.export_public(as_dict=True)
    return armoured(b"\x04" + octets(exported["x"]) + octets(exported["y"]))


def encrypted(plain: bytes, p256dh: str, auth: str) -> bytes:
    """*plain* for a browser (RFC 8291), by hand."""
    sender, salt = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
    own = sender.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), octets(p256dh))
    shared = sender.exchange(ec.ECDH(), theirs)

    def derived(secret: bytes, key_salt: bytes, info: bytes, length: int) -> bytes:
        return HKDF(SHA256(), length, key_salt, info).derive(secret)

    info = b"WebPush: info\0" + octets(p256dh) + own
    material = derived(shared, octets(auth), info, 32)
    key = derived(material, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = derived(material, salt, b"Content-Encoding: nonce\0", 12)
    record = AESGCM(key).encrypt(nonce, plain + b"\x02", None)
    return salt + (4096).to_bytes(4, "big") + b"\x41" + own + record


@define(eq=False)
class Server:
    """
    An application server.
    """

    caller: Caller
    keys: Keys

    def authorization(self, url: str, **changed: Any) -> str:
        """A VAPID token for the origin of *url*; *changed* claims, or ``key``, or ``k``."""
        key = changed.pop("key", None) or self.keys.vapid
        shown = changed.pop("k", None) or public(key)
        claims = {
            "aud": f"https://{urlsplit(url).netloc}",
            "exp": int(time.time()) + 3600,
            "sub": "mailto:ops@example.com",
            **changed,
        }
        return f"vapid t={signed(claims, key, 'ES256')}, k={shown}"

    async def push(
        self, subscription: Subscription, body: bytes = b"", **changed: str | None
    ) -> Got:
        """Push; *changed* fields, those that are None are left out."""
        fields = {
            "ttl": "20",
            "urgency": "high",
            "authorization": self.authorization(subscription.url),
            **({"content-encoding": "aes128gcm"} if body else {}),
            **{name.replace("_", "-"): value for name, value in changed.items()},
        }
        client = await self.caller.two(self.caller.server.webpush.url)
        client.authority = urlsplit(subscription.url).netloc
        said = {name: value for name, value in fields.items() if value is not None}
        return await client.ask(urlsplit(subscription.url).path, said, body)


@pytest.fixture
def app(caller: Caller, push_server: PushServer, tmp_path: Path) -> Server:
    return Server(caller, Keys.of(push_server, tmp_path))


async def test_empty_push_is_taken(push_server: PushServer, app: Server) -> None:
    """G-11: 201 says where the message is, and for how long it waits."""
    seen: list[WebPush] = []
    push_server.webpush.on_push = seen.append
    subscription = push_server.webpush.subscribe(keys=False)
    got = await app.push(subscription)
    assert (got.status, got.fields["ttl"]) == (201, "20")
    assert got.fields["location"].startswith(push_server.webpush.url)
    [push] = seen
    assert (push.ttl, push.urgency, push.topic, push.plain) == (20, "high", "", b"")
    assert push.contact == "mailto:ops@example.com"
    assert (subscription.p256dh, subscription.auth) == ("", "")


async def test_message_is_read(push_server: PushServer, app: Server) -> None:
    """RFC 8291: what was encrypted for the browser's key and secret the browser reads."""
    subscription = push_server.webpush.subscribe()
    body = encrypted(b'{"kind":"call"}', subscription.p256dh, subscription.auth)
    assert (await app.push(subscription, body)).status == 201
    [push] = push_server.webpush.pushes
    assert push.plain == b'{"kind":"call"}'
    shown = repr((push, subscription, push_server))
    assert subscription.auth not in shown
    assert subscription.url not in shown


def test_vector_of_rfc_8291() -> None:
    """RFC 8291, 5: the browser of the example reads what it is sent."""
    number = int.from_bytes(octets("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"), "big")
    subscription = Subscription(
        url="https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV",
        vapid="",
        key=ec.derive_private_key(number, ec.SECP256R1()),
        secret=octets("BTBZMqHH6r4Tts7J_aSIgg"),
    )
    body = (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIg"
        "Dll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXL"
        "WyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )
    assert subscription.decrypt(octets(body)) == b"When I grow up, I want to be a watermelon"
    assert subscription.p256dh.startswith("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcx")


async def test_message_for_somebody_else_is_not_read(push_server: PushServer, app: Server) -> None:
    """RFC 8291: with a wrong secret nothing can be read; the service cannot know, and takes it."""
    subscription, other = push_server.webpush.subscribe(), push_server.webpush.subscribe()
    body = encrypted(b"x", subscription.p256dh, other.auth)
    assert (await app.push(subscription, body)).status == 201
    assert push_server.webpush.pushes[0].plain is None
    with pytest.raises(Undecipherable):
        subscription.decrypt(body)


@pytest.mark.parametrize("length", [0, 20, 40, 86, 100])
def test_broken_message_is_not_read(push_server: PushServer, length: int) -> None:
    """RFC 8291: what is cut short is nothing."""
    subscription = push_server.webpush.subscribe()
    body = encrypted(b"some words", subscription.p256dh, subscription.auth)
    assert subscription.decrypt(body) == b"some words"
    with pytest.raises(Undecipherable):
        subscription.decrypt(body[:length])
    with pytest.raises(Undecipherable):
        push_server.webpush.subscribe(keys=False).decrypt(body)


OTHER = other_key()


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({}, 201),
        ({"exp": int(time.time()) + 86400}, 201),
        ({"key": OTHER}, 403),
        ({"k": public(OTHER)}, 403),
        ({"k": "nonsense"}, 403),
        ({"aud": "https://push.example.net"}, 403),
        ({"exp": int(time.time()) - 1}, 403),
        ({"exp": int(time.time()) + 90000}, 403),
        ({"exp": None}, 403),
        ({"sub": ""}, 403),
    ],
)
async def test_vapid_is_checked(
    push_server: PushServer, app: Server, changed: dict[str, Any], status: int
) -> None:
    """G-10: signed with the subscription's key, for this origin, for no longer than a day."""
    subscription = push_server.webpush.subscribe()
    said = app.authorization(subscription.url, **changed)
    got = await app.push(subscription, authorization=said)
    assert got.status == status
    assert bool(push_server.acted) is (status == 201)


async def test_subscription_may_be_open_to_all(push_server: PushServer, app: Server) -> None:
    """RFC 8292, 4: only a subscription that is restricted asks for a certain key."""
    subscription = push_server.webpush.subscribe(vapid="")
    said = app.authorization(subscription.url, key=OTHER)
    assert (await app.push(subscription, authorization=said)).status == 201


WRONG: list[tuple[dict[str, str | None], int]] = [
    ({"authorization": None}, 401),
    ({"authorization": "bearer x"}, 401),
    ({"authorization": "vapid t=x"}, 403),
    ({"ttl": None}, 400),
    ({"ttl": "soon"}, 400),
    ({"topic": "x" * 33}, 400),
    ({"topic": "a b"}, 400),
    ({"urgency": "now"}, 400),
    ({"content_encoding": "aesgcm"}, 400),
]


@pytest.mark.parametrize(("changed", "status"), WRONG)
async def test_wrong_push_is_refused(
    push_server: PushServer, app: Server, changed: dict[str, str | None], status: int
) -> None:
    """G-11: TTL must be there, Topic and Urgency must be what RFC 8030 says."""
    got = await app.push(push_server.webpush.subscribe(), b"x" * 100, **changed)
    assert (got.status, got.json["code"], push_server.acted) == (status, status, {})


async def test_body_too_large_is_refused(push_server: PushServer, app: Server) -> None:
    """RFC 8030, 7.2: 4,096 octets are taken, one more is a 413."""
    subscription = push_server.webpush.subscribe()
    whole = await app.push(subscription, bytes(4096))
    assert (whole.status, (await app.push(subscription, bytes(4097))).status) == (201, 413)


async def test_subscription_that_is_gone(push_server: PushServer, app: Server) -> None:
    """G-11: 404 or 410, as services do; a stranger's path is a 404."""
    subscription = push_server.webpush.subscribe()
    answers = []
    for gone in (404, 410):
        subscription.gone_status = gone
        answers.append((await app.push(subscription)).status)
    push_server.webpush.subscriptions.clear()
    answers.append((await app.push(subscription)).status)
    assert answers == [404, 410, 404]


async def test_topic_replaces_what_waits(push_server: PushServer, app: Server) -> None:
    """RFC 8030, 5.4: of one topic only the last waits for a browser that is away."""
    seen: list[WebPush] = []
    push_server.webpush.on_push = seen.append
    subscription = push_server.webpush.subscribe()
    subscription.online = False
    for urgency, topic in [("high", "call"), ("low", "other"), ("normal", "call")]:
        await app.push(subscription, urgency=urgency, topic=topic)
    await app.push(subscription, ttl="0")
    assert (seen, push_server.acted) == ([], {})
    waited = push_server.webpush.come_online(subscription)
    assert [(push.urgency, push.topic) for push in waited] == [
        ("low", "other"),
        ("normal", "call"),
    ]
    assert seen == waited
    assert sum(push_server.acted.values()) == 2
    await app.push(subscription)
    assert len(seen) == 3


async def test_same_words_twice_are_found(push_server: PushServer, app: Server) -> None:
    """Issue 7: what says the same to the same browser is doubled, however it was encrypted."""
    subscription = push_server.webpush.subscribe()
    for _ in range(2):
        body = encrypted(b"ring", subscription.p256dh, subscription.auth)
        await app.push(subscription, body, topic="call")
    assert push_server.webpush.doubled == 1


async def test_through_a_gateway(push_server: PushServer, app: Server) -> None:
    """Issue 7, 4: who comes through a gateway names the subscription's host, for aud as well."""
    subscription = push_server.webpush.subscribe(host="push.example.net")
    assert subscription.url.startswith("https://push.example.net/push/")
    assert (await app.push(subscription)).status == 201
    assert push_server.webpush.pushes[0].label == "push.example.net high"
