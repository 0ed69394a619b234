"""
A10: the same with a real server, a real resolver, and a canary on loopback.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import frozen
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sippn.sip import escape_pvalue
from tests.peers.processes import Processes
from tests.peers.server import DOMAIN, HOST, Configuration, Server
from tests.threats.real import Blunt, blunt

# the canary is at 127.0.0.1 and ::1, whatever its port
HOSTS = ["127.0.0.1", "127.1", "0", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1"]
HOSTS += ["017700000001", "127.0.0.1.", "127.0.0.0x1", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]"]
HOSTS += ["[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]", "[::1%25lo]", "[::]", "user@localhost"]
HOSTS += ["user:word@127.0.0.1", "push.example.com@127.0.0.1", "localhost.", "%6cocalhost"]
HOSTS += ["127.0.0.1%00.example.com", "localhost\\@example.com", "localhost%09", "localhost#.x"]
OPEN = "localhost"

_TABLES = """\
[[push.provider]]
type = "webpush"
vapid_key_file = "vapid.pem"
contact = "mailto:ops@example.com"
allow_hosts = ["*", "*:{port}", "localhost", "localhost:{port}"]

[push.wait]
invite = 2

[limits]
pushes_per_hour_stranger = 0
parked_per_caller = 0
"""


@frozen
class Open(Configuration):
    """
    A server whose operator lets every host in.

    :ivar canary: a port that he lets in as well.
    """

    canary: int = 0

    def text(self, push_url: str) -> str:
        """Its file."""
        written = super().text(push_url).replace("url =", 'pn_provider = "acme"\nurl =')
        return written.replace("[auth]", _TABLES.format(port=self.canary) + "\n[auth]")


@pytest.fixture
def canaries() -> Iterator[list[socket.socket]]:
    """Listen where nobody may come, on IPv4 and IPv6."""
    four = socket.create_server((HOST, 0))
    six = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    with four, six:
        six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            six.bind(("::1", four.getsockname()[1]))
            six.listen()
        except OSError:  # no IPv6 on this machine
            yield [four]
        else:
            yield [four, six]


@pytest.fixture
def server(processes: Processes, tmp_path: Path, canaries: list[socket.socket]) -> Server:
    """One that pushes by Web Push."""
    pem = generate_private_key(SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    (tmp_path / "vapid.pem").touch(0o600)
    (tmp_path / "vapid.pem").write_bytes(pem)
    configuration = Open(canary=canaries[0].getsockname()[1])
    return Server.start(processes, tmp_path, "http://127.0.0.1:9/", configuration)


def ask(phone: Blunt, number: int, method: str, uri: str, to: str, contact: str = "") -> bytes:
    """The final answer to a request."""
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: SIP/2.0/UDP {HOST}:{phone.port};branch=z9hG4bK{method}{number};rport",
        "Max-Forwards: 70",
        f"From: <sip:someone@{DOMAIN}>;tag={number}",
        f"To: <{to}>",
        f"Call-ID: {method}-{number}",
        f"CSeq: {number} {method}",
        *([f"Contact: {contact}"] if contact else []),
        "Content-Length: 0",
    ]
    return phone.ask("\r\n".join([*lines, "", ""]).encode())


def test_nobody_comes(server: Server, canaries: list[socket.socket]) -> None:
    """A10: of all spellings of loopback, registered and called, none leads there."""
    port = canaries[0].getsockname()[1]
    promised = []
    with blunt(server) as phone:
        urls = [f"https://{host}:{port}/x" for host in (*HOSTS, OPEN)]
        for number, url in enumerate([*urls, *(f"https://{host}/x" for host in HOSTS)], 1):
            aor = f"sip:alice{number}@{DOMAIN}"
            words = f"pn-provider=webpush;pn-prid={escape_pvalue(url)}"
            contact = f"<sip:alice@{HOST}:{phone.port};{words}>;expires=3600"
            answer = ask(phone, number, "REGISTER", f"sip:{DOMAIN}", aor, contact)
            if b"sip.vapid" in answer:
                promised.append(url)
                assert ask(phone, number, "INVITE", aor, aor).startswith(b"SIP/2.0 480")
    assert promised == [f"https://{OPEN}:{port}/x"]  # it looks good, until it is looked up
    for canary in canaries:
        canary.setblocking(False)
        with pytest.raises(BlockingIOError):
            canary.accept()
