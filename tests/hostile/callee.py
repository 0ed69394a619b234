"""
Whom torture messages are for: a UA on a UDP socket, registered for whatever address they name.
"""

from __future__ import annotations

import socket
from itertools import count
from typing import Final

from attrs import define, field

from tests.hostile.octets import Octets, key
from tests.peers.server import HOST
from tests.peers.waiting import PATIENCE

BUSY: Final = b"SIP/2.0 486 Busy Here"
_COPIED: Final = (b"via", b"from", b"to", b"call-id", b"cseq")
_numbers = count(1)

_REGISTER: Final = """\
REGISTER sip:example.com SIP/2.0
Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK-callee-{number};rport
Max-Forwards: 70
From: <{aor}>;tag={number}
To: <{aor}>
Call-ID: callee-{number}
CSeq: 1 REGISTER
{fields}Content-Length: 0

"""


@define(eq=False)
class Callee:
    """
    The UA.

    :ivar _server: where it registers.
    """

    _socket: socket.socket
    _server: tuple[str, int]
    _waiting: list[bytes] = field(factory=list, init=False)  # requests that came in between

    @classmethod
    def at(cls, server: tuple[str, int]) -> Callee:
        """One for *server*, on a port of its own."""
        own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        own.bind((HOST, 0))
        own.settimeout(PATIENCE)
        return cls(own, server)

    @property
    def contact(self) -> str:
        """The URI that it is reached at."""
        return f"sip:callee@{HOST}:{self._socket.getsockname()[1]}"

    def register(self, aor: str) -> None:
        """Be *aor*."""
        answer = self._register(aor, f"Contact: <{self.contact}>\n")
        assert answer.status == 200, answer.start

    def unregister(self, aor: str) -> None:
        """Nobody is *aor* any more."""
        answer = self._register(aor, "Contact: *\nExpires: 0\n")
        assert answer.status == 200, answer.start
        assert answer.all(b"contact") == []

    def contacts(self, aor: str) -> list[bytes]:
        """Who *aor* is, as a fetch tells (RFC 3261 section 10.2.3)."""
        answer = self._register(aor, "")
        assert answer.status == 200, answer.start
        return answer.all(b"contact")

    def next(self) -> Octets:
        """The next request that comes."""
        return Octets.of(self._waiting.pop(0) if self._waiting else self._socket.recv(65535))

    def heard(self) -> list[bytes]:
        """All that has come already."""
        self._socket.setblocking(False)
        try:
            while True:
                self._waiting.append(self._socket.recv(65535))
        except BlockingIOError:
            heard, self._waiting = self._waiting, []
            return heard
        finally:
            self._socket.settimeout(PATIENCE)

    def answer(self, request: Octets, start: bytes = BUSY) -> None:
        """Send a final response to *request*, which begins with *start*."""
        lines = [start]
        for name, value in request.fields:
            if key(name) in _COPIED:
                tag = b";tag=callee" if key(name) == b"to" and b"tag" not in value else b""
                lines.append(name + b": " + value + tag)
        self.send(b"\r\n".join([*lines, b"Content-Length: 0", b"", b""]))

    def send(self, octets: bytes) -> None:
        """Send one datagram to the server."""
        self._socket.sendto(octets, self._server)

    def close(self) -> None:
        """It hears no more."""
        self._socket.close()

    def _register(self, aor: str, fields: str) -> Octets:
        host, port = self._socket.getsockname()
        number = next(_numbers)
        text = _REGISTER.format(host=host, port=port, number=number, aor=aor, fields=fields)
        self.send(text.replace("\n", "\r\n").encode())
        while True:
            message = self._socket.recv(65535)
            if message.startswith(b"SIP/2.0 "):
                return Octets.of(message)
            self._waiting.append(message)
