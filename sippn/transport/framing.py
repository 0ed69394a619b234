"""
Where messages end in a stream (RFC 3261 section 18.3): by their Content-Length.

Nothing is read here but that one field, and it is read as :func:`sippn.sip.read` will: two
opinions about the end of a message are a message smuggled past one of them.
"""

from __future__ import annotations

import re
from typing import Final

from attrs import define, field

_HEAD_END: Final = b"\r\n\r\n"
_FOLD: Final = re.compile(rb"\r\n[ \t]+")
_LENGTH: Final = re.compile(
    rb"\r\n(?:content-length|l)[ \t]*:[ \t]*+([^\r\n]*)(?=\r\n)", re.IGNORECASE
)
_DIGITS: Final = re.compile(rb"[0-9]{1,10}")


@define(eq=False)
class Framer:
    """
    Cuts what comes on one connection into messages.

    It looks at each octet a bounded number of times, however small the pieces are that it
    is fed.  Whoever feeds it no more than a piece at a time, and takes what is whole before
    the next, lets it keep no more than that and one message within its limits.

    :ivar pings: double line ends seen between messages: each is to be answered with a
        single one (RFC 5626 section 3.5.1) by whoever sets this back to 0.
    :ivar broken: nobody can tell any more where the next message begins.
    """

    _message_limit: int
    _header_limit: int = 65536
    pings: int = field(default=0, init=False)
    broken: bool = field(default=False, init=False)
    _buffer: bytearray = field(factory=bytearray, init=False)
    _searched: int = field(default=0, init=False)  # no end of the head before this octet
    _awaited: int = field(default=0, init=False)  # octets of a message whose head is known
    _line_ends: int = field(default=0, init=False)

    @property
    def partial(self) -> bool:
        """Whether there are octets that :meth:`next` has not given, line ends aside."""
        return bool(self._buffer)

    def feed(self, octets: bytes) -> None:
        """Take *octets*; nobody looks at them before :meth:`next` does."""
        if not self.broken:
            self._buffer += octets

    def next(self) -> bytes | None:
        """
        The next message that is whole; None: there is none yet.

        The last one before the stream is :attr:`broken` is a head that says no length,
        two, or one beyond the limit, or as much of a head as the limit allows: whoever
        reads it finds out what is wrong with it, and can answer.
        """
        if not self._awaited:
            self._skip_line_ends()
            end = self._buffer.find(_HEAD_END, self._searched)
            least = end if end >= 0 else max(0, len(self._buffer) - len(_HEAD_END) + 1)
            if least > self._header_limit:
                return self._break(self._header_limit + 1)
            if end < 0:
                self._searched = least
                return None
            head = end + len(_HEAD_END)
            length = _content_length(bytes(self._buffer[:head]))
            if length is None or 0 < self._message_limit < head + length:
                return self._break(head)
            self._awaited = head + length
        return self._take(self._awaited) if len(self._buffer) >= self._awaited else None

    def _skip_line_ends(self) -> None:
        if not self._buffer.startswith((b"\r", b"\n")):
            return
        rest = self._buffer.lstrip(b"\r\n")
        self._line_ends += self._buffer.count(b"\n", 0, len(self._buffer) - len(rest))
        self._buffer = rest
        self.pings += self._line_ends // 2
        self._line_ends %= 2

    def _take(self, size: int) -> bytes:
        message = bytes(self._buffer[:size])
        del self._buffer[:size]
        self._searched = self._awaited = self._line_ends = 0
        return message

    def _break(self, size: int) -> bytes:
        self.broken = True
        message = self._take(size)
        self._buffer.clear()
        return message


def _content_length(head: bytes) -> int | None:
    """What *head* says of its body; None: nothing, or nothing plain."""
    if b"\r\n " in head or b"\r\n\t" in head:
        head = _FOLD.sub(b" ", head)
    found = _LENGTH.findall(head)
    if len(found) != 1:
        return None
    length = found[0].rstrip(b" \t")
    return int(length) if _DIGITS.fullmatch(length) else None
