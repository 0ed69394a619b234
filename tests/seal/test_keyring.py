"""
Sealed tokens.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sippn.seal import Keyring

SECRET = bytes(range(32))
BASE64URL = string.ascii_letters + string.digits + "-_"


def counting() -> Callable[[int], bytes]:
    """Make an entropy that never repeats and is always the same."""
    numbers = count(1)
    return lambda size: next(numbers).to_bytes(size, "big")


@pytest.fixture
def keyring() -> Keyring:
    return Keyring(SECRET, counting())


@given(st.binary(max_size=300), st.text(max_size=20))
def test_sealed_is_unsealed(plain: bytes, purpose: str) -> None:
    """Whatever is sealed comes back, in another process with the same secret as well."""
    token = Keyring(SECRET, counting()).seal(purpose, plain)
    assert Keyring(SECRET, counting()).unseal(purpose, token) == plain


def test_token_fits_into_a_sip_token(keyring: Keyring) -> None:
    """G-04: tokens are base64url without padding, which fits Feature-Caps and URIs."""
    for size in range(40):
        token = keyring.seal("purr", bytes(size))
        assert set(token) <= set(BASE64URL)


def test_equal_things_are_sealed_differently(keyring: Keyring) -> None:
    """A12: two PURRs of one binding tell nobody so."""
    first, second = keyring.seal("purr", b"same"), keyring.seal("purr", b"same")
    assert first != second
    assert sum(a == b for a, b in zip(first, second, strict=True)) < len(first) * 0.6 + 12


def test_purposes_are_strangers(keyring: Keyring) -> None:
    """A nonce cannot be passed off as a PURR, nor a seal as a mac."""
    token = keyring.seal("purr", b"x")
    assert keyring.unseal("nonce", token) is None
    assert keyring.mac("purr", b"x") != keyring.mac("nonce", b"x")
    assert keyring.mac("purr", b"x") != keyring.mac("purr", b"y")


def test_foreign_secret_opens_nothing(keyring: Keyring) -> None:
    """T2: another server's token is no token."""
    other = Keyring(bytes(32), counting())
    assert other.unseal("purr", keyring.seal("purr", b"x")) is None
    assert other.mac("purr", b"x") != keyring.mac("purr", b"x")


def test_no_character_can_be_changed(keyring: Keyring) -> None:
    """Every one of them counts, the spare bits of the last included."""
    token = keyring.seal("purr", b"binding-1")
    for at, character in enumerate(token):
        for other in BASE64URL:
            if other != character:
                forged = token[:at] + other + token[at + 1 :]
                assert keyring.unseal("purr", forged) is None
    assert keyring.unseal("purr", token) == b"binding-1"


@pytest.mark.parametrize(
    "token",
    [
        "",
        "A",
        "AQ",
        "A" * 38,
        "AQAAAAAAAAAAAAAAAA",
        "=",
        "AQ==",
        "é",
        "A\n",
        "A" * 9000,
        "\udcff",
        "+/",
    ],
)
def test_rubbish_is_not_a_token(keyring: Keyring, token: str) -> None:
    """A12: what strangers invent is None, never an error."""
    assert keyring.unseal("purr", token) is None


def test_token_is_bounded(keyring: Keyring) -> None:
    """What could not be unsealed is not sealed."""
    assert keyring.unseal("x", keyring.seal("x", bytes(6000))) == bytes(6000)
    with pytest.raises(ValueError, match="too long"):
        keyring.seal("x", bytes(6200))


def test_mac_is_stable(keyring: Keyring) -> None:
    """A cookie of yesterday's process is still good: the derivation does not change."""
    assert (
        keyring.mac("nonce", b"data").hex()
        == Keyring(SECRET, counting()).mac("nonce", b"data").hex()
    )
    assert len(keyring.mac("nonce", b"data")) == 32


@pytest.mark.parametrize("secret", [b"", bytes(31), bytes(33)])
def test_secret_has_its_size(secret: bytes) -> None:
    """A truncated key file does not start a server."""
    with pytest.raises(ValueError, match="32"):
        Keyring(secret, counting())


def test_secret_does_not_show(keyring: Keyring) -> None:
    """T17: not in a repr, not of what was derived either."""
    keyring.mac("a", b"")
    assert repr(keyring) == "Keyring()"
