"""
A server in a process of its own, and blunt sockets to it.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from attrs import define, field, frozen

from sippn.sip import ha1
from tests.peers.server import DOMAIN, HOST, Configuration, Listen, Server
from tests.peers.waiting import PATIENCE

_BRANCH = re.compile(rb"branch=[^;\r]+;")
BOTH = (Listen("udp"), Listen("tcp"))


@frozen
class Attacked(Configuration):
    """
    A server with passwords, and a secret that it shows its push gateway.

    :ivar key: that.
    :ivar signing_key: what it signs its pushes with.
    """

    key: str = "provider-key"
    signing_key: str = "signing-key-of-the-webhook"

    def text(self, push_url: str) -> str:
        """Its file."""
        headers = f'headers = {{ Authorization = "Bearer {self.key}" }}'
        signed = f'signing_key = "{self.signing_key}"'
        return super().text(push_url).replace("\n[auth]", f"{headers}\n{signed}\n\n[auth]")


def write_users(file: Path, **passwords: str) -> None:
    """The users file."""
    lines = [
        f"{name}:{DOMAIN}:{ha1(name, DOMAIN, password, algorithm)}"
        for name, password in passwords.items()
        for algorithm in ("MD5", "SHA-256")
    ]
    file.write_text("\n".join(lines) + "\n")


@define(eq=False)
class Blunt:
    """
    A UDP socket that says whatever octets it is told.

    :ivar heard: every answer.
    """

    _socket: socket.socket
    heard: list[bytes] = field(factory=list, init=False)

    @property
    def port(self) -> int:
        """Its own."""
        return int(self._socket.getsockname()[1])

    def say(self, octets: bytes) -> None:
        """Without waiting for anything."""
        self._socket.send(octets)

    def ask(self, octets: bytes) -> bytes:
        """The final answer to *octets*, whatever else comes before; none comes: an error."""
        self._socket.send(octets)
        branch = _BRANCH.search(octets)
        while True:
            self.heard.append(self._socket.recv(65536))
            heard = self.heard[-1]
            if branch and branch[0] in heard and not heard.startswith(b"SIP/2.0 1"):
                return heard


@contextmanager
def blunt(server: Server) -> Iterator[Blunt]:
    """One to *server*."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as endpoint:
        endpoint.bind((HOST, 0))
        endpoint.connect((HOST, server.port))
        endpoint.settimeout(PATIENCE)
        yield Blunt(endpoint)


@contextmanager
def dialled(server: Server, number: int) -> Iterator[list[socket.socket]]:
    """So many connections to *server*, which say nothing."""
    port = int(server.edge("tcp").address.rpartition(":")[2])
    with ExitStack() as open_ones:
        yield [
            open_ones.enter_context(socket.create_connection((HOST, port), PATIENCE))
            for _ in range(number)
        ]


def options(number: int, transport: str = "UDP") -> bytes:
    """A request that the server itself answers."""
    return (
        f"OPTIONS sip:{DOMAIN} SIP/2.0\r\n"
        f"Via: SIP/2.0/{transport} {HOST}:9;branch=z9hG4bKo{number};rport\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:x@elsewhere.example>;tag=1\r\nTo: <sip:{DOMAIN}>\r\n"
        f"Call-ID: o{number}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    ).encode()
