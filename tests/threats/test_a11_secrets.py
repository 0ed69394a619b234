"""
A11: a whole attack, and nothing of what is secret in anything that the server wrote.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from sippn.sip import answer, ha1, parse_challenge, read, write_credentials
from tests.peers.processes import Processes
from tests.peers.push import PushService, push_service
from tests.peers.server import DOMAIN, HOST, IN_A_FILE, Server
from tests.threats.real import BOTH, Attacked, Blunt, blunt, write_users

PASSWORDS = {"alice": "password-of-alice", "bob": "password-of-bob"}
KEY = "key-of-the-provider"
PRID = "prid-of-alice-0123456789abcdef"
STORE = ("sippn.db",)
OURS = ("sippn.toml", "users")  # the operator wrote them


@pytest.fixture
def gateway() -> Iterator[PushService]:
    """A push service that fails."""
    with push_service() as service:
        service.status = 503
        yield service


@pytest.fixture
def server(processes: Processes, tmp_path: Path, gateway: PushService) -> Server:
    """One that logs into a file."""
    write_users(tmp_path / "users", **PASSWORDS)
    auth = f'mode = "digest"\nrealm = "{DOMAIN}"\nusers = "users"\nstrangers = "budget"'
    configuration = Attacked(auth, IN_A_FILE, BOTH, key=KEY)
    return Server.start(processes, tmp_path, gateway.url, configuration, log="log")


class Attacker:
    """Says all that one can think of, right and wrong."""

    def __init__(self, socket: Blunt) -> None:
        self._socket = socket
        self._number = 0
        self.responses: set[str] = set()

    def text(self, method: str, uri: str, name: str, *fields: str, to: str = "") -> str:
        """A request of *name*."""
        self._number += 1
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {HOST}:{self._socket.port};branch=z9hG4bKa{self._number};rport",
            "Max-Forwards: 70",
            f"From: <sip:{name}@{DOMAIN}>;tag=1",
            f"To: <{to or f'sip:{name}@{DOMAIN}'}>",
            f"Call-ID: a-{name}",
            f"CSeq: {self._number} {method}",
            *fields,
            "Content-Length: 0",
        ]
        return "\r\n".join([*lines, "", ""])

    def proof(self, name: str, password: str, method: str, uri: str) -> str:
        """An Authorization, or what a proxy wants, for a new challenge."""
        asked = read(self._socket.ask(self.text(method, uri, name).encode()))
        register = method == "REGISTER"
        field = "WWW-Authenticate" if register else "Proxy-Authenticate"
        challenge = parse_challenge(asked.headers.get_all(field)[0])
        credentials = answer(challenge, name, password, method, uri, "c0ffee")
        self.responses.add(credentials.response)
        header = "Authorization" if register else "Proxy-Authorization"
        return f"{header}: {write_credentials(credentials)}"

    def register(self, name: str, password: str, prid: str, provider: str = "acme") -> bytes:
        """With a PRID, and whatever password."""
        proof = self.proof(name, password, "REGISTER", f"sip:{DOMAIN}")
        contact = (
            f"Contact: <sip:{name}@{HOST}:{self._socket.port};pn-provider={provider};pn-param=app"
            f";pn-prid={prid}>"
        )
        return self._socket.ask(
            self.text("REGISTER", f"sip:{DOMAIN}", name, proof, contact).encode()
        )

    def call(self, name: str, password: str, whom: str) -> None:
        """An INVITE, answered or not."""
        uri = f"sip:{whom}@{DOMAIN}"
        proof = self.proof(name, password, "INVITE", uri)
        contact = f"Contact: <sip:{name}@{HOST}:{self._socket.port};pn-prid={PRID}>"
        self._socket.say(self.text("INVITE", uri, name, proof, contact, to=uri).encode())

    def nonsense(self, credentials: str) -> Iterator[bytes]:
        """Broken in all ways, and each time with something secret in it."""
        whole = self.text("REGISTER", f"sip:{DOMAIN}", "alice", credentials, f"X: {PRID}").encode()
        prid = f"pn-provider=acme;pn-prid={PRID}"
        yield whole[: len(whole) // 2]
        yield whole.replace(b"SIP/2.0\r\n", b"SIP/9.0\r\n", 1)
        yield whole.replace(b"Via:", b"Vi\x00a:")
        yield whole.replace(b"CSeq: ", b"CSeq: x")
        yield whole.replace(b"sip:alice", b"sip:\xff\xfe")
        yield whole.replace(b"Max-Forwards: 70", f"Contact: <sip:a@b c;{prid}>".encode())
        yield whole.replace(b"Max-Forwards: 70", f'Contact: "<sip:a@b;{prid}>'.encode())
        yield whole.replace(b"Max-Forwards: 70", f"Contact: <sip:a@b;{prid};{prid}>".encode())
        yield whole.replace(b"Max-Forwards: 70", f"Path: <sip:a@b;{prid}".encode())
        yield whole.replace(f"REGISTER sip:{DOMAIN}".encode(), f"OPTIONS sip:{prid}".encode())
        yield whole.replace(b"Content-Length: 0", b"Content-Length: 99999999999")
        yield b"\x16\x03\x01" + whole
        yield whole.replace(b"\r\n", b"\n")
        yield b"SIP/2.0 200 OK\r\n" + whole.partition(b"\r\n")[2]
        yield b"SIP/2.0 999 " + PRID.encode() + b"\r\n\r\n"


def attack(server: Server, gateway: PushService) -> Attacker:
    """All of it; what it has proved its passwords with."""
    with blunt(server) as phone:
        attacker = Attacker(phone)
        assert attacker.register("alice", PASSWORDS["alice"], PRID).startswith(b"SIP/2.0 200")
        for provider in ("wp", f"{PRID}%22"):  # the log says of the first why not
            refused = attacker.register("alice", PASSWORDS["alice"], PRID, provider)
            assert refused.startswith(b"SIP/2.0 555")
        for number in range(12):
            attacker.register("bob", f"guess-{number}", PRID)
        assert b"Too many wrong passwords" in phone.heard[-1]
        attacker.call("alice", PASSWORDS["alice"], "alice")
        gateway.next()  # it is 503
        gateway.status = 410
        gateway.next()  # the same once more; it ends the call
        attacker.register("alice", PASSWORDS["alice"], PRID)
        gateway.status = 200
        attacker.call("alice", PASSWORDS["alice"], "alice")
        gateway.next()
        phone.ask(attacker.text("OPTIONS", f"sip:{DOMAIN}", "x").encode())  # all before is served
        last = attacker.proof("alice", PASSWORDS["alice"], "REGISTER", f"sip:{DOMAIN}")
        for octets in attacker.nonsense(last):
            phone.say(octets)
            speak(server, octets)
        speak(server, b"OPTIONS " + last.encode() * 1000)
    return attacker


def speak(server: Server, octets: bytes) -> None:
    """The same over a connection, which is given up."""
    port = int(server.edge("tcp").address.rpartition(":")[2])
    with socket.create_connection((HOST, port), 5) as connection:
        connection.sendall(octets)


def secrets(attacker: Attacker) -> list[str]:
    """What nobody may find."""
    hashes = [
        ha1(name, DOMAIN, password, algorithm)
        for name, password in PASSWORDS.items()
        for algorithm in ("MD5", "SHA-256")
    ]
    keys = [KEY, Attacked().signing_key]
    return [*PASSWORDS.values(), *keys, PRID, *hashes, *attacker.responses, "response=", "guess-"]


def test_nothing_secret_is_written(server: Server, gateway: PushService, tmp_path: Path) -> None:
    """A11: 0 passwords, 0 ``response=``, 0 provider keys, 0 PRIDs, in the log or beside it."""
    attacker = attack(server, gateway)
    server.stop()
    written = [
        file
        for file in tmp_path.rglob("*")
        if file.is_file() and not file.name.startswith(STORE) and file.name not in OURS
    ]
    assert tmp_path / "log" in written
    assert len((tmp_path / "log").read_text().splitlines()) > 5
    for file in written:
        octets = file.read_bytes()
        for secret in secrets(attacker):
            assert secret.encode() not in octets, f"{secret} in {file.name}"
            assert not re.search(re.escape(secret).encode(), octets, re.IGNORECASE)


def test_log_says_what_went_wrong(server: Server, gateway: PushService) -> None:
    """A11: it is not silence that keeps the secret: failed pushes, and refused ones, are told."""
    with blunt(server) as phone:
        attacker = Attacker(phone)
        attacker.register("alice", PASSWORDS["alice"], PRID)
        gateway.status = 401
        attacker.call("alice", PASSWORDS["alice"], "alice")
        gateway.next()
        phone.ask(attacker.text("OPTIONS", f"sip:{DOMAIN}", "x").encode())
        attacker.register("alice", PASSWORDS["alice"], PRID, "wp")
    server.stop()
    assert f"alice@{DOMAIN}" in server.log
    assert "401" in server.log
    assert f"sip:alice@{DOMAIN} is not pushed: wp is " in server.log


def test_files_are_its_owners(server: Server, tmp_path: Path) -> None:
    """A11: what has PRIDs in it is nobody else's to read."""
    with blunt(server) as phone:
        Attacker(phone).register("alice", PASSWORDS["alice"], PRID)
    server.stop()
    stores = [file for file in tmp_path.rglob("*") if file.name.startswith(STORE)]
    assert stores
    assert any(PRID.encode() in file.read_bytes() for file in stores)
    assert not [file for file in stores if file.stat().st_mode & 0o077]
