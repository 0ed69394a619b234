"""Tests for :mod:`sippn.http.trust`."""

from __future__ import annotations

from pathlib import Path

import pytest

from sippn.http.trust import client_certificate, trust_root
from tests.http.servers import SelfMade, self_made


@pytest.fixture(scope="module")
def made() -> SelfMade:
    return self_made()


def write(path: Path, octets: bytes) -> str:
    """The name of a file with *octets*."""
    path.write_bytes(octets)
    return str(path)


@pytest.mark.parametrize(
    "octets",
    [b"", b"none", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
)
def test_trust_in_nobody_is_refused(octets: bytes) -> None:
    """Q-10: a file without a certificate is a mistake, not a wish."""
    with pytest.raises(ValueError, match=r".+"):
        trust_root(octets)


def test_certificate_and_key_of_one_file_or_of_two(tmp_path: Path, made: SelfMade) -> None:
    """N-04: as Apple's own tools write them, or apart; the CAs behind it come along."""
    other = self_made("ca.example.com")
    both = write(tmp_path / "both.pem", made.key_pem() + made.pem + other.pem)
    found = client_certificate(both)
    assert (found.certificate, found.chain) == (made.certificate, (other.certificate,))
    apart = client_certificate(
        write(tmp_path / "cert.pem", made.pem), write(tmp_path / "key.pem", made.key_pem())
    )
    assert (apart.certificate, apart.chain) == (made.certificate, ())


def test_key_is_in_no_representation(tmp_path: Path, made: SelfMade) -> None:
    """T17: what may be logged has no key."""
    found = client_certificate(write(tmp_path / "both.pem", made.pem + made.key_pem()))
    assert "key" not in repr(found).lower()


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("no certificate", "has no PEM certificate that can be used"),
        ("no key", "has no PEM private key that can be used"),
        ("locked key", "has a private key with a pass phrase; take it off"),
        ("other key", "has a private key that is not the certificate's"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, made: SelfMade, what: str, text: str) -> None:
    """N-04: found at the start, in words that say what to do."""
    octets = {
        "no certificate": made.key_pem(),
        "no key": made.pem,
        "locked key": made.pem + made.key_pem(b"phrase"),
        "other key": made.pem + self_made().key_pem(),
    }[what]
    with pytest.raises(ValueError, match=r".+") as caught:
        client_certificate(write(tmp_path / "both.pem", octets))
    assert str(caught.value) == text


@pytest.mark.parametrize("large", ["cert.pem", "key.pem"])
def test_no_more_is_read_than_such_a_file_has(tmp_path: Path, made: SelfMade, large: str) -> None:
    """N-04: the wrong file, as a disk, is not read to its end."""
    files = {"cert.pem": made.pem, "key.pem": made.key_pem()}
    files[large] = b"\n" * 65_536 + files[large]
    names = [write(tmp_path / name, octets) for name, octets in files.items()]
    with pytest.raises(ValueError, match="that can be used"):
        client_certificate(*names)


def test_file_that_is_missing_is_an_os_error(tmp_path: Path, made: SelfMade) -> None:
    """N-04: whoever reads the configuration says which."""
    with pytest.raises(FileNotFoundError):
        client_certificate(str(tmp_path / "none.pem"))
    with pytest.raises(FileNotFoundError):
        client_certificate(write(tmp_path / "cert.pem", made.pem), str(tmp_path / "none.pem"))
