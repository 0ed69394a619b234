"""What the push server writes for providers, and how it is served from a terminal."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from twisted.internet.error import CannotListenError

from sippn.config import Factories, read
from sippn.testing.push_server import Answer, Manner, PushServer
from sippn.testing.push_server.__main__ import goodbye, options, serve
from tests.testing.push_client import Caller
from tests.testing.push_tokens import TOKEN, TOPIC, Keys

ROOT = Path(__file__).parents[2]

AROUND = """\
role = "registrar"
domains = ["example.com"]
[[listen]]
transport = "udp"
host = "127.0.0.1"
port = 0
[storage]
type = "memory"
[auth]
mode = "none"
[[trusted]]
address = "127.0.0.0/8"
"""


def test_key_files_are_for_their_owner_alone(push_server: PushServer, tmp_path: Path) -> None:
    """Issue 7, 10: what is secret nobody else may read, written twice or not."""
    push_server.write(tmp_path)
    files = push_server.write(tmp_path)
    secret = (
        files.apns_key_file,
        files.apns_certificate_file,
        files.service_account_file,
        files.vapid_key_file,
    )
    assert [path.stat().st_mode & 0o777 for path in secret] == [0o600] * 4
    for path in (files.apns_key_file, files.vapid_key_file):
        key = load_pem_private_key(path.read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        assert key.curve.name == "secp256r1"
    account = json.loads(files.service_account_file.read_bytes())
    assert account["type"] == "service_account"
    assert account["token_uri"] == f"{push_server.fcm.url}/token"


def test_tables_are_what_a_configuration_takes(push_server: PushServer, tmp_path: Path) -> None:
    """Issue 7, 10: with them sippn starts, and nothing but addresses and a CA says test."""
    text = push_server.tables(tmp_path)
    apns, fcm, webpush = tomllib.loads(text)["push"]["provider"]
    assert apns["endpoint"] == push_server.apns.url
    assert apns["sandbox_endpoint"] == push_server.sandbox.url
    assert fcm["token_endpoint"] == f"{push_server.fcm.url}/token"
    assert webpush["allow_hosts"] == [push_server.webpush.url.removeprefix("https://")]
    assert read(AROUND + text, tmp_path, {}, Factories.installed()).settings


def test_tables_of_one_type(push_server: PushServer, tmp_path: Path) -> None:
    """A configuration need not have all three."""
    [apns] = tomllib.loads(push_server.tables(tmp_path, ["apns"]))["push"]["provider"]
    assert apns["type"] == "apns"


def test_each_service_has_a_port(push_server: PushServer) -> None:
    """As each has a host of its own in life; a port that is taken is an error."""
    ports = [int(service.url.rpartition(":")[2]) for service in push_server.services]
    assert len(set(ports)) == 4
    with pytest.raises(CannotListenError):
        PushServer(push_server.reactor).start(ports[0])


async def test_line_for_each_push(caller: Caller, tmp_path: Path) -> None:
    """Issue 7, 10: from a terminal a push is a line: service, app, status; no token."""
    out = io.StringIO()
    told = options([str(tmp_path / "keys"), "--goaway-every", "2"])
    server = serve(caller.reactor, told, out)
    caller.server = server
    try:
        keys = Keys.of(server, tmp_path)
        fields = {
            "authorization": f"bearer {keys.provider_token()}",
            "apns-topic": TOPIC,
            "apns-push-type": "alert",
        }
        server.apns.script.extend([Answer(), server.apns.refusal("Unregistered")])
        server.apns.script.append(Answer(manner=Manner.CUT))
        first = await caller.two(server.apns.url)
        for client in (first, first, await caller.two(server.apns.url)):
            await client.ask(f"/3/device/{TOKEN}", fields, b'{"aps":{}}')
        assert [goaway[0] for goaway in first.goaways] == [3]
    finally:
        await server.stop()
    *listening, tables, good, refused, cut = out.getvalue().splitlines()
    assert listening[0] == f"apns at {server.apns.url}"
    assert tables == f"the providers' tables are in {tmp_path / 'keys' / 'push.toml'}"
    assert [good, refused, cut] == [
        "apns com.example.phone alert 200",
        "apns com.example.phone alert 410",
        "apns com.example.phone alert unanswered",
    ]
    assert TOKEN not in out.getvalue()
    said = "apns: 1 push reached a phone, 0 were sent there more than once"
    assert goodbye(server) == said


async def test_quiet(push_server: PushServer, tmp_path: Path) -> None:
    """For a measurement nothing is printed per push."""
    out = io.StringIO()
    server = serve(push_server.reactor, options([str(tmp_path), "--quiet"]), out)
    assert [service.on_answer for service in server.services] == [None] * 4
    await server.stop()


def test_process_serves_until_it_is_ended(tmp_path: Path) -> None:
    """Issue 7, 10: it serves until it is told to end, and that is no failure."""
    command: list[Any] = [sys.executable, "-m", "sippn.testing.push_server", tmp_path]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("the providers' tables"):
                break
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "\n")
    assert tomllib.loads((tmp_path / "push.toml").read_text())["push"]["provider"]


@pytest.mark.parametrize(
    ("folder", "port", "status", "said"),
    [
        ("file", "0", 1, "file: File exists"),
        ("keys", "70000", 2, "70000: write a number from 0 to 65532"),
        ("keys", "-1", 2, "write a number from 0 to 65532"),
    ],
)
def test_process_that_cannot_serve_ends(
    tmp_path: Path, folder: str, port: str, status: int, said: str
) -> None:
    """Issue 7, 10: who cannot serve says why, and does not stay."""
    (tmp_path / "file").touch()
    command: list[Any] = [sys.executable, "-m", "sippn.testing.push_server", tmp_path / folder]
    found = subprocess.run(
        [*command, f"--port={port}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert found.returncode == status
    assert said in found.stderr
    assert "Traceback" not in found.stderr
