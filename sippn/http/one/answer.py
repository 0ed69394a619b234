"""
The answers of an HTTP/1.1 server to requests whose answers have no body of interest.

Octets go in, the status comes out, and where the answer ended: no socket is here.  RFC 9112,
and less of it where less is safer: what can be read in two ways is no HTTP.
"""

from __future__ import annotations

import re
from typing import Final

from attrs import define, field

MOST_OCTETS: Final = 65536
"""Of one answer, status line and header section included (RELIABILITY T9, W4)."""

MOST_OF_HEAD: Final = 32768
"""Of one header section."""

_STATUS_LINE: Final = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})(?: [^\x00\r\n]*)?")
_LENGTH: Final = re.compile(rb"[0-9]{1,10}")
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\x00\r\n]*)?")
_BODILESS: Final = frozenset({204, 304})
_SWITCHING: Final = 101
_TELLING: Final = frozenset(
    {b"content-length", b"transfer-encoding", b"connection", b"retry-after"}
)


class NoHTTP(Exception):
    """What came is no answer that can be understood."""


class TooLong(Exception):
    """More came than is read of one answer."""


@define(eq=False)
class AnswerReader:
    """
    One answer, as it comes in.

    :ivar status: of the final answer; 0: its head is not complete yet.
    :ivar retry_after: the field, as it was written; None: there is none.
    :ivar reusable: whether the connection can take the next request when this is over.
    :ivar keep: *fields* and *body* are wanted, not the status alone.
    :ivar fields: all of the final answer's header section, names in lower case.
    :ivar body: as much of it as has come.
    """

    keep: bool = False
    status: int = field(default=0, init=False)
    retry_after: bytes | None = field(default=None, init=False)
    reusable: bool = field(default=False, init=False)
    fields: list[tuple[bytes, bytes]] = field(factory=list, init=False, repr=False)
    body: bytearray = field(factory=bytearray, init=False, repr=False)
    _buffer: bytearray = field(factory=bytearray, init=False, repr=False)
    _looked: int = field(default=0, init=False)  # so far there is no end of the line or head
    _read: int = field(default=0, init=False)
    _left: int | None = field(default=0, init=False)  # of the body; None: it ends with the rest
    _chunked: bool = field(default=False, init=False)
    _last_chunk: bool = field(default=False, init=False)

    def feed(self, octets: bytes) -> bool:
        """
        Take what came.

        :returns: whether the answer is complete; else it goes on until the connection ends.
        :raises NoHTTP: it is none.
        :raises TooLong: there is more of it than is read.
        """
        self._read += len(octets)
        if self._read > MOST_OCTETS:
            raise TooLong
        self._buffer += octets
        while not self.status:
            head = self._line(b"\r\n\r\n")
            if len(self._buffer if head is None else head) > MOST_OF_HEAD:
                raise TooLong
            if head is None:
                return False
            self._read_head(head)
        ended = self._chunks_ended() if self._chunked else self._body_ended()
        if ended and self._buffer:
            self.reusable = False  # octets that nobody has asked for
        return ended

    def _line(self, end: bytes) -> bytes | None:
        """What is before *end*, taken out of the buffer; None: that has not come yet."""
        at = self._buffer.find(end, self._looked)
        if at < 0:
            self._looked = max(0, len(self._buffer) - len(end) + 1)
            return None
        line = bytes(self._buffer[:at])
        del self._buffer[: at + len(end)]
        self._looked = 0
        return line

    def _body_ended(self) -> bool:
        if self._left is None:
            if self.keep:
                self.body += self._buffer
            self._buffer.clear()
            return False
        skipped = min(self._left, len(self._buffer))
        if self.keep and skipped:
            own = self._left - 2 if self._chunked else self._left  # a line end is not
            self.body += self._buffer[: min(skipped, max(0, own))]
        del self._buffer[:skipped]
        self._left -= skipped
        return not self._left

    def _chunks_ended(self) -> bool:
        while self._body_ended():
            line = self._line(b"\r\n")
            if line is None:
                return False
            if self._last_chunk:
                if not line:
                    return True
            else:
                self._begin_chunk(line)
        return False

    def _begin_chunk(self, line: bytes) -> None:
        size = _CHUNK.fullmatch(line)
        if size is None:
            raise NoHTTP
        octets = int(size[1], 16)
        self._last_chunk = octets == 0
        self._left = octets + 2 if octets else 0  # a line end is behind each

    def _read_head(self, head: bytes) -> None:
        first, *lines = head.split(b"\r\n")
        found = _STATUS_LINE.fullmatch(first)
        if found is None:
            raise NoHTTP
        status = int(found[2])
        if status == _SWITCHING:
            raise NoHTTP  # nobody has asked for that
        if status >= 200:
            self.status = status
            fields = _fields(lines)
            if self.keep:
                self.fields = fields
            self._frame(_telling(fields), current=found[1] == b"1")

    def _frame(self, fields: dict[bytes, list[bytes]], *, current: bool) -> None:
        """
        Find where the body ends (RFC 9112 section 6.3).

        :param current: it is HTTP/1.1, and not 1.0.
        """
        lengths, codings = set(fields.get(b"content-length", ())), fields.get(b"transfer-encoding")
        if len(lengths) > 1 or not all(map(_LENGTH.fullmatch, lengths)):
            raise NoHTTP
        self.retry_after = fields.get(b"retry-after", [None])[0]
        closing = b"close" in b",".join(fields.get(b"connection", ())).lower()
        self._chunked = codings is not None and [each.lower() for each in codings] == [b"chunked"]
        if self.status in _BODILESS:
            self._chunked, self._left = False, 0
        elif codings is not None:
            self._left = 0 if self._chunked else None
        else:
            self._left = int(lengths.pop()) if lengths else None
        ambiguous = codings is not None and bool(lengths)  # whoever is between us may differ
        self.reusable = current and not closing and not ambiguous and self._left is not None


def _fields(lines: list[bytes]) -> list[tuple[bytes, bytes]]:
    """All of a header section, names in lower case."""
    fields = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or name.strip() != name or not name:  # folded, or made to look like another
            raise NoHTTP
        fields.append((name.lower(), value.strip(b" \t")))
    return fields


def _telling(fields: list[tuple[bytes, bytes]]) -> dict[bytes, list[bytes]]:
    """Those that tell something of the connection, by their names."""
    telling: dict[bytes, list[bytes]] = {}
    for name, value in fields:
        if name in _TELLING:
            telling.setdefault(name, []).append(value)
    return telling
