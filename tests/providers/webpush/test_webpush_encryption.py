"""RFC 8291: the example of section 5 octet for octet, and keys that are none."""

from __future__ import annotations

import random
from base64 import standard_b64encode, urlsafe_b64decode, urlsafe_b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    derive_private_key,
)

from sippn.providers.webpush.encryption import (
    LONGEST,
    BadKeys,
    Keys,
    encrypt,
    keys_of,
    new_key,
    point_of,
)

AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
PUBLIC = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
SENDER_PUBLIC = (
    "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
)
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
PLAIN = b"When I grow up, I want to be a watermelon"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
    "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
    "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)
HINTS = {"sippn-wp-p256dh": PUBLIC, "sippn-wp-auth": AUTH}


def octets(text: str) -> bytes:
    """Of base64url without its padding."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def text(octets: bytes) -> str:
    """The same the other way round."""
    return urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def sender() -> EllipticCurvePrivateKey:
    """The application server's key of the example."""
    return derive_private_key(int.from_bytes(octets(SENDER), "big"), SECP256R1())


def receiver() -> Keys:
    """The UA's keys of the example."""
    keys = keys_of(HINTS)
    assert keys is not None
    return keys


def test_example_of_the_rfc() -> None:
    """RFC 8291 section 5: its keys and its salt make its message, octet for octet."""
    assert text(point_of(sender().public_key())) == SENDER_PUBLIC
    assert text(encrypt(PLAIN, receiver(), sender(), octets(SALT))) == BODY
    assert len(octets(BODY)) == 144  # the example's Content-Length counts one too many


def test_longest_fits_a_push_service() -> None:
    """RFC 8291 section 4: 4096 octets is what a push service takes, and nothing longer is made."""
    body = encrypt(b"x" * LONGEST, receiver(), sender(), octets(SALT))
    assert len(body) == 4096
    with pytest.raises(ValueError, match="longer"):
        encrypt(b"x" * (LONGEST + 1), receiver(), sender(), octets(SALT))


@pytest.mark.parametrize("public", ["sippn-wp-p256dh", "pn-enckey"])
@pytest.mark.parametrize("auth", ["sippn-wp-auth", "pn-encsec", "pn-enccode"])
def test_names_of_the_keys(public: str, auth: str) -> None:
    """G-08: the keys come in the parameters of draft-03, under both its names, or in ours."""
    keys = keys_of({public: PUBLIC, auth: AUTH, "pn-silent": "1"})
    assert keys is not None
    assert point_of(keys.public) == octets(PUBLIC)
    assert keys.auth == octets(AUTH)


def test_ours_before_those_of_the_draft() -> None:
    """G-08: a UA that sends both kinds of parameters means ours."""
    keys = keys_of({**HINTS, "pn-enckey": "other", "pn-encsec": "other"})
    assert keys is not None
    assert keys.auth == octets(AUTH)


@pytest.mark.parametrize("encode", [standard_b64encode, urlsafe_b64encode])
@pytest.mark.parametrize("padded", [True, False])
def test_either_base64(encode: type[bytes], padded: bool) -> None:
    """G-08: browsers' libraries export keys with or without padding, in either alphabet."""
    written = [bytes(encode(octets(key))).decode("ascii") for key in (PUBLIC, AUTH)]
    public, auth = written if padded else [each.rstrip("=") for each in written]
    keys = keys_of({"sippn-wp-p256dh": public, "sippn-wp-auth": auth})
    assert keys is not None
    assert (point_of(keys.public), keys.auth) == (octets(PUBLIC), octets(AUTH))


def test_no_keys() -> None:
    """RFC 8599 section 12: a subscription without keys is the usual one."""
    assert keys_of({"pn-silent": "1"}) is None


OFF_THE_CURVE = text(octets(PUBLIC)[:-1] + b"\x0f")
AT_INFINITY = text(b"\x04" + bytes(64))
TOO_LARGE = text(b"\x04" + b"\xff" * 64)
COMPRESSED = text(b"\x02" + octets(PUBLIC)[1:33])
HYBRID = text(b"\x06" + octets(PUBLIC)[1:])


@pytest.mark.parametrize(
    "hints",
    [
        {"sippn-wp-p256dh": PUBLIC},
        {"sippn-wp-auth": AUTH},
        {**HINTS, "sippn-wp-auth": ""},
        {**HINTS, "sippn-wp-auth": AUTH[:-2]},
        {**HINTS, "sippn-wp-auth": AUTH + "AA"},
        {**HINTS, "sippn-wp-auth": AUTH + "\n"},
        {**HINTS, "sippn-wp-auth": "!" * 22},
        {**HINTS, "sippn-wp-auth": AUTH[:21]},
        {**HINTS, "sippn-wp-p256dh": ""},
        {**HINTS, "sippn-wp-p256dh": PUBLIC[:-4]},
        {**HINTS, "sippn-wp-p256dh": PUBLIC + "AAAA"},
        {**HINTS, "sippn-wp-p256dh": PUBLIC * 40},
        {**HINTS, "sippn-wp-p256dh": OFF_THE_CURVE},
        {**HINTS, "sippn-wp-p256dh": AT_INFINITY},
        {**HINTS, "sippn-wp-p256dh": TOO_LARGE},
        {**HINTS, "sippn-wp-p256dh": COMPRESSED},
        {**HINTS, "sippn-wp-p256dh": HYBRID},
        {**HINTS, "sippn-wp-p256dh": "=" * 88},
        {**HINTS, "sippn-wp-p256dh": "é" * 87},
    ],
)
def test_keys_that_are_none(hints: dict[str, str]) -> None:
    """G-08: a key that is cut, off the curve or no base64 is never used (RFC 8291 section 7)."""
    with pytest.raises(BadKeys) as raised:
        keys_of(hints)
    assert not any(value in str(raised.value) for value in hints.values() if value)


def test_no_repr_shows_a_key() -> None:
    """T7: whoever has the secret reads what the UA is told."""
    assert repr(receiver()) == "Keys()"


def test_keys_are_made_of_the_entropy() -> None:
    """RFC 8291 section 3.1: each message has a key of its own, of as much chance as it needs."""
    entropy = random.Random(8291).randbytes  # noqa: S311 - the same in every run
    made = {point_of(new_key(entropy).public_key()) for _ in range(8)}
    assert len(made) == 8
    for least in (bytes, lambda size: b"\xff" * size):
        assert len(point_of(new_key(least).public_key())) == 65
