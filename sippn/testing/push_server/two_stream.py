"""One request over HTTP/2, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define, field
from h2.errors import ErrorCodes

from sippn.testing.push_server.exchange import Exchange, Fields, HTTPRequest, Peer

if TYPE_CHECKING:
    from sippn.testing.push_server.two import HTTP2


@define(eq=False)
class Stream(Exchange):
    """One request on a connection, and the way back."""

    connection: HTTP2
    number: int
    _head: Any
    body: list[bytes] = field(factory=list, init=False)
    request: HTTPRequest = field(init=False)
    over: bool = field(default=False, init=False)

    def whole_request(self, peer: Peer) -> HTTPRequest:
        """The request, now that all of it is here."""
        fields: dict[str, str] = {}
        for name, value in self._head:
            key, text = name.decode("latin-1"), value.decode("latin-1")
            fields[key] = f"{fields[key]},{text}" if key in fields else text
        pop = fields.pop
        return HTTPRequest(
            method=pop(":method", ""),
            path=pop(":path", ""),
            authority=pop(":authority", ""),
            fields=fields,
            body=b"".join(self.body),
            peer=peer,
        )

    def answer(self, status: int, fields: Fields, body: bytes = b"") -> None:
        """One head and at most one body."""
        if self.over:
            return
        if body:
            self.connection.whole(self, status, fields, body)
        else:
            self.connection.bare(self, status, fields)

    def begin(self, status: int, fields: Fields) -> None:
        """HEADERS."""
        self.connection.begin(self, status, fields)

    def part(self, octets: bytes) -> None:
        """DATA."""
        self.connection.part(self, octets)

    def pour(self) -> None:
        """DATA without end."""
        self.connection.pour(self, None)

    def interim(self, status: int) -> None:
        """HEADERS with a 1xx."""
        self.connection.begin(self, status, ())

    def endless_head(self) -> None:
        """HEADERS without END_HEADERS, CONTINUATION without end."""
        self.connection.endless_head(self)

    def reset(self, code: int) -> None:
        """RST_STREAM."""
        self.connection.reset(self, code)

    def cut(self) -> None:
        """RST, of TCP."""
        self.connection.cut()

    def refuse(self, code: int, debug: bytes) -> None:
        """GOAWAY below this stream."""
        self.connection.go_away(max(0, self.number - 2), code, debug)

    def last(self) -> None:
        """GOAWAY with what is open now as the last."""
        self.connection.go_away(self.connection.highest, ErrorCodes.NO_ERROR)

    def shut_down(self, code: int, debug: bytes) -> None:
        """GOAWAY with what is open now as the last, and the end."""
        self.connection.go_away(self.connection.highest, code, debug)
        self.connection.leave()


def written(status: int, fields: Fields) -> list[tuple[bytes, bytes]]:
    """A head for h2."""
    head = [(b":status", b"%d" % status)]
    head += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]
    return head
