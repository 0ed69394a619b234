"""Tests for :mod:`sippn.providers.apns.credentials`."""

from __future__ import annotations

import json

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from tests.providers.apns.scene import KEY, KEY_ID, TEAM, WALL, Scene


def test_independent_library_verifies_our_token() -> None:
    """N-04: ES256, by the key's id, for the team, of now; and there is nothing else in it."""
    scene = Scene()
    scheme, _, token = scene.token.authorization().decode().partition(" ")
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = JWS()
    signed.deserialize(token)
    signed.verify(JWK.from_pem(public), alg="ES256")
    assert scheme == "bearer"
    assert json.loads(signed.payload) == {"iss": TEAM, "iat": int(WALL)}
    header = signed.jose_header
    assert (header["alg"], header["kid"]) == ("ES256", KEY_ID)


def test_token_is_made_at_45_minutes() -> None:
    """Appendix A: Apple takes it for an hour, and no new one within 20 minutes."""
    scene = Scene()
    first = scene.token.authorization()
    scene.clock.advance(45 * 60 - 1)
    assert scene.token.authorization() == first
    scene.clock.advance(1)
    assert scene.token.authorization() != first


def test_token_that_was_refused_is_replaced_after_20_minutes() -> None:
    """Appendix A: sooner Apple answers 429, TooManyProviderTokenUpdates."""
    scene = Scene()
    first = scene.token.authorization()
    scene.clock.advance(20 * 60 - 1)
    assert scene.token.replacing(first) is None
    scene.clock.advance(1)
    second = scene.token.replacing(first)
    assert second is not None
    assert second != first
    assert scene.token.authorization() == second
    assert scene.token.replacing(first) == second


def test_token_is_made_anew_when_the_clock_was_set() -> None:
    """N-05: the token has the wrong time; with the right one the next push goes through."""
    scene = Scene()
    first = scene.token.authorization()
    scene.wall_ahead = 59
    assert scene.token.authorization() == first
    scene.wall_ahead = -3600
    second = scene.token.authorization()
    assert second != first
    assert scene.token.authorization() == second
