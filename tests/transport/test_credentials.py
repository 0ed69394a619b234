"""Tests for :mod:`sippn.transport.credentials`."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from OpenSSL.SSL import (
    TLS1_1_VERSION,
    TLS1_2_VERSION,
    TLS_CLIENT_METHOD,
    Connection,
    Context,
    Error,
    WantReadError,
)

from sippn.errors import ConfigErrors
from sippn.transport.credentials import server_options
from tests.transport.conftest import Issued, issued


def refusal(certificate: str | Path, private_key: str | Path) -> tuple[str, str]:
    """What is wrong, by key and in words."""
    with pytest.raises(ConfigErrors) as caught:
        server_options(str(certificate), str(private_key))
    (problem,) = caught.value.problems
    return problem


@pytest.fixture
def files(good: Issued, tmp_path: Path) -> dict[str, str]:
    return good.write(tmp_path)


def shaken(server: Connection, client: Connection) -> None:
    """Let them talk until they agree.  :raises Error: they do not."""
    server.set_accept_state()
    client.set_connect_state()
    for _ in range(6):
        for one, other in ((client, server), (server, client)):
            with suppress(WantReadError):
                one.do_handshake()
            with suppress(WantReadError):
                other.bio_write(one.bio_read(65536))


@pytest.mark.parametrize("version", [TLS1_1_VERSION, TLS1_2_VERSION])
def test_speaks_tls_1_2_at_least(files: dict[str, str], version: int) -> None:
    """T18: RFC 8996 forbids what came before; a client that has nothing better is refused."""
    context = Context(TLS_CLIENT_METHOD)
    context.set_cipher_list(b"ALL:@SECLEVEL=0")  # or it would not even ask
    context.set_min_proto_version(version)
    context.set_max_proto_version(version)
    client = Connection(context)
    server = Connection(server_options(**files).getContext())
    if version < TLS1_2_VERSION:
        with pytest.raises(Error, match="unsupported protocol"):
            shaken(server, client)
        return
    shaken(server, client)
    assert client.get_protocol_version_name() == "TLSv1.2"
    chain = client.get_peer_cert_chain(as_cryptography=True)
    assert chain is not None
    assert [one.subject.rfc4514_string() for one in chain] == ["CN=sippn own", "CN=sippn middle"]


def test_handshake_comes_once(files: dict[str, str]) -> None:
    """T18: a second one on the same connection costs us much more than the peer."""
    context = Context(TLS_CLIENT_METHOD)
    context.set_max_proto_version(TLS1_2_VERSION)
    client, server = Connection(context), Connection(server_options(**files).getContext())
    shaken(server, client)
    assert client.renegotiate()
    with suppress(Error):
        client.do_handshake()
    server.bio_write(client.bio_read(65536))
    with suppress(Error):
        server.recv(1)
    assert len(server.bio_read(65536)) < 100  # a handshake would send its certificates


def test_file_that_is_not_there_is_named(files: dict[str, str], tmp_path: Path) -> None:
    """Each key with its own problem, and the path as it was written."""
    missing = tmp_path / "missing.pem"
    where, what = refusal(missing, files["private_key"])
    cure = "name a file that the server may read"
    assert (where, what) == (
        "listen.certificate",
        f"{missing} cannot be read: No such file or directory; {cure}",
    )
    where, what = refusal(files["certificate"], missing)
    assert where == "listen.private_key"
    assert refusal(tmp_path, files["private_key"])[1].endswith(f"Is a directory; {cure}")
    assert refusal("nul\0", files["private_key"])[0] == "listen.certificate"


@pytest.mark.parametrize("octets", [b"", b"hello", b"\x30\x82\xff", b"-----BEGIN CERTIFICATE-----"])
def test_file_that_is_no_certificate_is_named(
    files: dict[str, str], tmp_path: Path, octets: bytes
) -> None:
    """It is not PEM: what it would have to look like is said."""
    other = tmp_path / "other"
    other.write_bytes(octets)
    where, what = refusal(other, files["private_key"])
    assert (where, "BEGIN CERTIFICATE" in what) == ("listen.certificate", True)
    where, what = refusal(files["certificate"], other)
    assert (where, "BEGIN PRIVATE KEY" in what) == ("listen.private_key", True)


def test_files_that_were_swapped_are_named(files: dict[str, str]) -> None:
    """The commonest mistake."""
    assert "no PEM certificate" in refusal(files["private_key"], files["certificate"])[1]


def test_key_of_another_certificate_is_named(files: dict[str, str], tmp_path: Path) -> None:
    """An old key, or a chain in the wrong order."""
    folder = tmp_path / "other"
    folder.mkdir()
    other = issued("127.0.0.1").write(folder)
    where, what = refusal(files["certificate"], other["private_key"])
    assert (where, "is not the key of" in what) == ("listen.private_key", True)


def test_key_with_a_pass_phrase_is_named(
    files: dict[str, str], good: Issued, tmp_path: Path
) -> None:
    """OpenSSL would ask at a terminal, and a daemon has none."""
    locked = tmp_path / "locked.pem"
    encryption = BestAvailableEncryption(b"secret")
    locked.write_bytes(good.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    assert "pass phrase" in refusal(files["certificate"], locked)[1]
