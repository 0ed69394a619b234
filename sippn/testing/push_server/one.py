"""The HTTP/1.1 side of a push service (RFC 9112): one request at a time on a connection."""

from __future__ import annotations

from typing import Any

from attrs import define, field
from twisted.internet.interfaces import IPullProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from sippn.testing.push_server.exchange import Exchange, Fields, HTTPRequest, Peer
from sippn.testing.push_server.service import Service

_LONGEST = 1 << 20  # octets of a request; what has more is cut off
_CHUNK = b"4000\r\n" + bytes(16384) + b"\r\n"
_MORE = b"X-More: " + b"x" * 1024 + b"\r\n"


class HTTP1(Protocol):
    """
    One connection.

    :ivar service: whom its requests are for.
    """

    def __init__(self, service: Service[Any], certified: str) -> None:
        self.service = service
        self._peer = Peer(certified)
        self._read = b""
        self._busy: Reply | None = None
        self._came = 0

    @property
    def way(self) -> Any:
        """The transport."""
        assert self.transport is not None, "not connected"
        return self.transport

    def dataReceived(self, data: bytes) -> None:
        """Take the next whole request of what has come."""
        self._read += data
        self.next()

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: ARG002 - any
        """Whatever waits for an answer will get none."""
        if self._busy is not None:
            self._busy.over = True
        self._busy = None

    def next(self) -> None:
        """Take a request if there is one and the one before is answered."""
        if self._busy is not None:
            return
        head, found, rest = self._read.partition(b"\r\n\r\n")
        if not found:
            if len(self._read) > _LONGEST:
                self.cut()
            return
        request_line, fields = _head(head)
        body = _body(fields, rest)
        if body is None:
            return
        whole, self._read = body
        self._took(request_line, fields, whole)

    def _took(self, request_line: list[str], fields: dict[str, str], body: bytes) -> None:
        method, path = request_line[0], request_line[1] if len(request_line) > 1 else ""
        host = fields.pop("host", "")
        request = HTTPRequest(method, path, host, fields, body, self._peer)
        reply = self._busy = Reply(self, request)
        self._came += 1
        every = self.service.goaway_every
        if (every and self._came >= every) or fields.get("connection", "").lower() == "close":
            reply.last()
        self.service.take(reply)

    def done(self, *, closes: bool) -> None:
        """The answer is out."""
        self._busy = None
        if closes:
            self.way.loseConnection()
        else:
            self.next()

    def cut(self) -> None:
        """Cut the connection."""
        self.way.abortConnection()


@implementer(IPullProducer)
@define(eq=False)
class Reply(Exchange):
    """A request and the way back."""

    connection: HTTP1
    request: HTTPRequest
    over: bool = field(default=False, init=False)
    _closes: bool = field(default=False, init=False)
    _more: bytes = field(default=b"", init=False)

    def answer(self, status: int, fields: Fields, body: bytes = b"") -> None:
        """A head with Content-Length, and the body."""
        if self.over:
            return
        length = [("content-length", str(len(body)))]
        closing = [("connection", "close")] if self._closes else []
        self.connection.way.write(_written(status, [*fields, *length, *closing]) + body)
        self.over = True
        self.connection.done(closes=self._closes)

    def begin(self, status: int, fields: Fields) -> None:
        """A head; the body comes in chunks."""
        self.connection.way.write(_written(status, [*fields, ("transfer-encoding", "chunked")]))

    def part(self, octets: bytes) -> None:
        """A chunk."""
        self.connection.way.write(b"%x\r\n%b\r\n" % (len(octets), octets))

    def pour(self) -> None:
        """Chunks without end."""
        self._pour(_CHUNK)

    def interim(self, status: int) -> None:
        """A 1xx."""
        self.connection.way.write(b"HTTP/1.1 %d Wait\r\n\r\n" % status)

    def endless_head(self) -> None:
        """Fields without end."""
        self.connection.way.write(b"HTTP/1.1 200 OK\r\n")
        self._pour(_MORE * 16)

    def reset(self, code: int) -> None:  # noqa: ARG002 - there are no codes
        """There is but one request on a connection."""
        self.cut()

    def cut(self) -> None:
        """RST, of TCP."""
        self.over = True
        self.connection.cut()

    def refuse(self, code: int, debug: bytes) -> None:  # noqa: ARG002 - the same
        """There is no way to say so."""
        self.cut()

    def last(self) -> None:
        """Connection: close."""
        self._closes = True

    def shut_down(self, code: int, debug: bytes) -> None:  # noqa: ARG002 - the same
        """There is no way to say so."""
        self.cut()

    def _pour(self, more: bytes) -> None:
        self._more = more
        self.connection.way.registerProducer(self, False)

    def resumeProducing(self) -> None:
        """The connection takes more."""
        self.connection.way.write(self._more)

    def stopProducing(self) -> None:
        """It never will."""


def _head(octets: bytes) -> tuple[list[str], dict[str, str]]:
    first, *lines = octets.decode("latin-1").split("\r\n")
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        key, text = name.strip().lower(), value.strip()
        fields[key] = f"{fields[key]},{text}" if key in fields else text
    return first.split(" "), fields


def _body(fields: dict[str, str], rest: bytes) -> tuple[bytes, bytes] | None:
    """The body and what comes after it; None: it is not all here."""
    if fields.get("transfer-encoding", "").lower() == "chunked":
        return _chunked(rest)
    length = fields.get("content-length", "0")
    size = int(length) if length.isascii() and length.isdigit() else 0
    return (rest[:size], rest[size:]) if len(rest) >= size else None


def _chunked(rest: bytes) -> tuple[bytes, bytes] | None:
    body = b""
    while True:
        line, found, rest = rest.partition(b"\r\n")
        size = int(line.partition(b";")[0] or b"0", 16) if found else 0
        if not found or len(rest) < size + 2:
            return None
        if not size:
            return body, rest[2:]
        body += rest[:size]
        rest = rest[size + 2 :]


def _written(status: int, fields: list[tuple[str, str]]) -> bytes:
    lines = [f"HTTP/1.1 {status} -", *(f"{name}: {value}" for name, value in fields), "", ""]
    return "\r\n".join(lines).encode("latin-1")
