"""RFC 8292: its example, and tokens of ours as another library sees them."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

import jwt
import pytest
from attrs import define, field
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    derive_private_key,
)
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from sippn.providers.webpush.encryption import point_of
from sippn.providers.webpush.vapid import LIFE, MOST_TOKENS, Vapid

# figure 1 of section 2.4
TOKEN = (
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAi"
    "OjE0NTM1MjM3NjgsInN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_HL"
    "GkMlMuCGSK2rpiUfnK9ojFwDXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA"
)
KEY = "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs"
CONTACT = "mailto:push@example.com"
ORIGIN = "https://push.example.net"
WALL = 1453523768.0
_FORM = re.compile(rb"vapid t=([\w\-]+\.[\w\-]+\.[\w\-]+), k=([\w\-]{87})")


def private_key() -> EllipticCurvePrivateKey:
    """One of ours."""
    return derive_private_key(8292, SECP256R1())


@define
class Scene:
    """A signer and its wall clock."""

    now: float = WALL
    vapid: Vapid = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.vapid = Vapid(private_key(), CONTACT, lambda: self.now)

    def claims(self, origin: str = ORIGIN) -> dict[str, object]:
        """What the token for *origin* claims, verified by another library than ours."""
        found = _FORM.fullmatch(self.vapid.authorization(origin))
        assert found is not None
        point = urlsafe_b64decode(found[2] + b"=")
        numbers = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point).public_numbers()
        x, y = (
            urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode("ascii")
            for number in (numbers.x, numbers.y)
        )
        token = JWS()
        token.deserialize(found[1].decode("ascii"))
        token.verify(JWK(kty="EC", crv="P-256", x=x, y=y), alg="ES256")
        claims: dict[str, object] = json.loads(token.payload)
        return claims


def test_example_of_the_rfc() -> None:
    """RFC 8292 section 2.4: its token is good by its key, read as section 3.2 writes keys."""
    point = urlsafe_b64decode(KEY + "=")
    key = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)
    claims = jwt.decode(
        TOKEN,
        key,
        algorithms=["ES256"],
        audience=ORIGIN,
        options={"verify_exp": False},  # it is ten years old
    )
    assert claims == {"aud": ORIGIN, "exp": 1453523768, "sub": CONTACT}
    assert point_of(key) == point
    assert urlsafe_b64encode(point).rstrip(b"=").decode("ascii") == KEY


def test_token_has_what_that_of_the_rfc_has() -> None:
    """RFC 8292 section 2: header and claims have the same names, and the same form."""
    ours = Scene(now=WALL - LIFE).vapid.authorization(ORIGIN).decode("ascii")
    header, claims, signature = ours.removeprefix("vapid t=").partition(",")[0].split(".")
    theirs = TOKEN.split(".")
    assert claims == theirs[1]
    assert json.loads(urlsafe_b64decode(header)) == {"typ": "JWT", "alg": "ES256"}
    assert len(signature) == len(theirs[2])


def test_token_is_verified_by_another_library() -> None:
    """G-10: aud is the push service's origin, exp is twelve hours off, sub is the contact."""
    assert Scene().claims() == {"aud": ORIGIN, "exp": WALL + LIFE, "sub": CONTACT}
    assert LIFE <= 24 * 3600


def test_public_key_is_what_feature_caps_say() -> None:
    """G-06: the key is the uncompressed point, base64url, 87 characters, as in k=."""
    scene = Scene()
    assert re.fullmatch(r"[\w\-]{87}", scene.vapid.public_key)
    point = urlsafe_b64decode(scene.vapid.public_key + "=")
    assert point == point_of(private_key().public_key())
    k = scene.vapid.authorization(ORIGIN).rpartition(b"k=")[2]
    assert k.decode("ascii") == scene.vapid.public_key


def test_token_is_kept_for_half_its_life() -> None:
    """G-10: one token for each origin, and a new one after six hours."""
    scene = Scene()
    first = scene.vapid.authorization(ORIGIN)
    scene.now += LIFE / 2 - 1
    assert scene.vapid.authorization(ORIGIN) == first
    scene.now += 1
    assert scene.claims()["exp"] == scene.now + LIFE


def test_each_origin_has_its_own() -> None:
    """G-10: the token of one push service is of no use to another."""
    scene = Scene()
    other = "https://push.example.org:8443"
    assert scene.claims(other)["aud"] == other
    assert scene.claims()["aud"] == ORIGIN


@pytest.mark.parametrize("step", [-LIFE, -60, LIFE])
def test_clock_that_is_set(step: float) -> None:
    """G-10: no token expires later than may be after the clock was set, nor has expired."""
    scene = Scene()
    scene.claims()
    scene.now += step
    expires = scene.claims()["exp"]
    assert isinstance(expires, int)
    assert LIFE / 2 < expires - scene.now <= LIFE


def test_another_for_one_that_was_refused() -> None:
    """G-10: a token that was refused is not used again; one refused late costs no third."""
    scene = Scene()
    first = scene.vapid.authorization(ORIGIN)
    second = scene.vapid.another(ORIGIN, first)
    assert second != first
    assert scene.vapid.another(ORIGIN, first) == second
    assert scene.vapid.authorization(ORIGIN) == second


@pytest.mark.parametrize(("step", "again"), [(0, False), (9, False), (10, True), (-60, True)])
def test_no_third_so_soon(step: float, again: bool) -> None:
    """G-10: who refuses a new token as well gets the next after ten seconds, or a set clock."""
    scene = Scene()
    second = scene.vapid.another(ORIGIN, scene.vapid.authorization(ORIGIN))
    assert second is not None
    scene.now += step
    third = scene.vapid.another(ORIGIN, second)
    assert (third is not None) is again
    assert third != second


def test_tokens_are_bounded() -> None:
    """T8: subscriptions of any number of hosts cost a bounded number of tokens."""
    scene = Scene()
    first = scene.vapid.authorization(ORIGIN)
    for number in range(MOST_TOKENS - 1):
        scene.vapid.authorization(f"https://p{number}.example.net")
    assert scene.vapid.authorization(ORIGIN) == first
    scene.vapid.authorization("https://one-more.example.net")
    assert scene.vapid.authorization(ORIGIN) == first
    for number in range(MOST_TOKENS):
        scene.vapid.authorization(f"https://q{number}.example.net")
    assert scene.vapid.authorization(ORIGIN) != first


def test_no_repr_shows_key_or_token() -> None:
    """T17: neither what signs nor what is signed is in what is printed."""
    scene = Scene()
    token = scene.vapid.authorization(ORIGIN).decode("ascii").removeprefix("vapid t=")
    assert token[:30] not in repr(scene.vapid)
    assert "PrivateKey" not in repr(scene.vapid)
