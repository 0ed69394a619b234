"""
Whoever sends torture messages: one UDP socket, TCP connection or TLS connection.
"""

from __future__ import annotations

import random
import re
import socket
import ssl
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import ClassVar, Final

from attrs import define, field

from tests.hostile.octets import Octets
from tests.peers.certificates import Certificates
from tests.peers.server import HOST, Edge
from tests.peers.waiting import PATIENCE

DEFAULT_PORT: Final = 5060

_LENGTH: Final = re.compile(rb"\r\n(?:Content-Length|l) *: *([0-9]+)", re.IGNORECASE)
_numbers = count(1)

_OPTIONS: Final = """\
OPTIONS sip:example.com SIP/2.0
Via: SIP/2.0/{transport} {host}:{port};branch=z9hG4bK-alive-{number};rport
Max-Forwards: 70
From: <sip:alive@example.com>;tag={number}
To: <sip:example.com>
Call-ID: alive-{number}
CSeq: 1 OPTIONS
Content-Length: 0

"""


@define(eq=False)
class Line(ABC):
    """
    A way to the server, and the answers that come back on it.

    :cvar transport: as in a Via.
    """

    _socket: socket.socket
    transport: ClassVar[str]

    @abstractmethod
    def send(self, octets: bytes) -> None:
        """Send *octets*; over UDP as one datagram."""

    @abstractmethod
    def next(self) -> bytes:
        """
        The next message that comes.

        :raises EOFError: the server has closed the connection.
        :raises TimeoutError: it has not, and says nothing.
        """

    def ask(self) -> str:
        """Ask whether the server is alive; the Call-ID by which its answer is known."""
        number, (host, port) = next(_numbers), self._socket.getsockname()
        text = _OPTIONS.format(transport=self.transport, host=host, port=port, number=number)
        self.send(text.replace("\n", "\r\n").encode())
        return f"alive-{number}"

    def until_alive(self, call_id: str) -> list[Octets]:
        """All that comes before the 200 to :meth:`ask`, which is the barrier behind a message."""
        heard: list[Octets] = []
        while True:
            message = Octets.of(self.next())
            if message.all(b"call-id") == [call_id.encode()]:
                assert message.status == 200
                return heard
            heard.append(message)

    def close(self) -> None:
        """End it."""
        self._socket.close()


@define(eq=False)
class UDPLine(Line):
    """One socket: a datagram is a message."""

    _server: tuple[str, int]
    transport: ClassVar[str] = "UDP"

    def send(self, octets: bytes) -> None:
        """See :meth:`Line.send`."""
        self._socket.sendto(octets, self._server)

    def next(self) -> bytes:
        """See :meth:`Line.next`."""
        return self._socket.recv(65535)


@define(eq=False)
class StreamLine(Line):
    """One connection: a message ends where its Content-Length says."""

    transport: ClassVar[str] = "TCP"
    _came: bytes = field(default=b"", init=False)

    def send(self, octets: bytes) -> None:
        """See :meth:`Line.send`."""
        self._socket.sendall(octets)

    def next(self) -> bytes:
        """See :meth:`Line.next`."""
        while (size := self._size()) is None or len(self._came) < size:
            came = self._socket.recv(65535)
            if not came:
                raise EOFError(self._came)
            self._came += came
        message, self._came = self._came[:size], self._came[size:]
        return message

    def _size(self) -> int | None:
        head, end, _ = self._came.partition(b"\r\n\r\n")
        if not end:
            return None
        length = _LENGTH.search(head)
        assert length is not None, head
        return len(head) + len(end) + int(length[1])


@define(eq=False)
class TLSLine(StreamLine):
    """The same, encrypted."""

    transport: ClassVar[str] = "TLS"


def hosts() -> Iterator[str]:
    """
    Addresses of the loopback network that hardly anybody else uses.

    Responses go to the port in a Via, which is 5060 in most of these messages (RFC 3261
    section 18.2.2), and that port of 127.0.0.1 may be taken.
    """
    dice = random.SystemRandom()
    while True:
        yield f"127.{dice.randint(16, 250)}.{dice.randint(1, 250)}.{dice.randint(1, 250)}"


@contextmanager
def line_to(edge: Edge, host: str, port: int = DEFAULT_PORT) -> Iterator[Line]:
    """
    A line to *edge*, for one message.

    :param host: for UDP: an address of :func:`hosts` to send from; *port* likewise.
    """
    server_host, _, server_port = edge.address.rpartition(":")
    server = server_host, int(server_port)
    line: Line
    if edge.transport == "udp":
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagrams.bind((host, port))
        line = UDPLine(datagrams, server)
    else:
        connection = socket.create_connection(server, PATIENCE)
        line = StreamLine(connection)
        if edge.transport == "tls":
            assert edge.certificates is not None
            line = TLSLine(_encrypted(connection, edge.certificates))
    line._socket.settimeout(PATIENCE)
    try:
        yield line
    finally:
        line.close()


def _encrypted(connection: socket.socket, certificates: Certificates) -> socket.socket:
    context = ssl.create_default_context(cafile=str(certificates.authority))
    return context.wrap_socket(connection, server_hostname=HOST)
