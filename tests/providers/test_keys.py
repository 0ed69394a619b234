"""Tests for :mod:`sippn.providers.keys`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from sippn.errors import ConfigErrors
from sippn.providers.keys import LARGEST_KEY, ec_key

Write = Callable[[bytes], str]
KEY = ec.generate_private_key(ec.SECP256R1())
PASSWORD = BestAvailableEncryption(b"password")
PKCS8, TRADITIONAL = PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL


def _pem(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey = KEY,
    form: PrivateFormat = PKCS8,
    encryption: KeySerializationEncryption | None = None,
) -> bytes:
    return key.private_bytes(Encoding.PEM, form, encryption or NoEncryption())


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file that nobody else can read."""

    def write(octets: bytes) -> str:
        path = tmp_path / "key.p8"
        path.write_bytes(octets)
        path.chmod(0o600)
        return str(path)

    return write


def _problem(path: str) -> str:
    with pytest.raises(ConfigErrors) as caught:
        ec_key(path, "key_file")
    ((where, what),) = caught.value.problems
    assert where == "key_file"
    return what


@pytest.mark.parametrize("form", [PKCS8, TRADITIONAL])
def test_key_is_read(write: Write, form: PrivateFormat, logged: list[str]) -> None:
    """N-04: as Apple gives it (PKCS #8), and as openssl writes it; nothing is said of it."""
    found = ec_key(write(_pem(form=form)), "key_file")
    assert found.private_numbers() == KEY.private_numbers()
    assert logged == []


@pytest.mark.parametrize(
    ("octets", "what"),
    [
        (b"", "is no PEM file"),
        (b"\x30\x82\x01", "is no PEM file"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "can be read"),
        (b"-----BEGIN PRIVATE KEY-----", "can be read"),
        (_pem(rsa.generate_private_key(65537, 2048)), "RSA"),
        (_pem(ed25519.Ed25519PrivateKey.generate()), "none of an elliptic curve"),
        (_pem(ec.generate_private_key(ec.SECP384R1())), "secp384r1, not P-256"),
        (_pem(ec.generate_private_key(ec.SECP256K1())), "secp256k1, not P-256"),
        (_pem(encryption=PASSWORD), "is encrypted"),
        (_pem(form=TRADITIONAL, encryption=PASSWORD), "is encrypted"),
        (
            KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            "no private key",
        ),
        (b"-----BEGIN" + b" " * LARGEST_KEY, "too large"),
    ],
)
def test_what_is_no_key_is_refused(write: Write, octets: bytes, what: str) -> None:
    """N-05: a bad key is an error of the configuration, with what to do about it."""
    said = _problem(write(octets))
    assert what in said
    assert ":" in said


def test_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    """DESIGN 5: which key of the configuration names it, and what is wrong."""
    assert "No such file" in _problem(str(tmp_path / "missing.p8"))
    assert "directory" in _problem(str(tmp_path))
    assert "cannot be read" in _problem("\0")


def test_nothing_of_the_file_is_repeated(write: Write) -> None:
    """T7: not even of one that is broken."""
    octets = _pem().replace(b"\n", b"\nx", 2)
    said = _problem(write(octets))
    for line in octets.decode().split("\n")[1:-2]:
        assert line not in said


def test_key_that_others_can_read_is_warned_of_once(write: Write, logged: list[str]) -> None:
    """T17: by the check of the configuration, so not here again."""
    path = write(_pem())
    Path(path).chmod(0o644)
    ec_key(path, "key_file")
    assert logged == []
