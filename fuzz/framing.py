"""A second opinion on where messages end in a stream (RFC 3261 sections 7.5 and 18.3)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from attrs import frozen

MOST_OF_A_HEAD = 65_536
MOST_OF_A_MESSAGE = 131_072


@frozen
class Frames:
    """
    A stream, as far as its messages can be told apart.

    :ivar messages: those that are whole.
    :ivar rest: what is left, of a message that is not whole yet.
    :ivar broken: behind the last one nobody knows where the next begins.
    """

    messages: Sequence[bytes]
    rest: bytes
    broken: bool


def frames(stream: bytes) -> Frames:
    """Cut *stream* into messages."""
    messages: list[bytes] = []
    while True:
        stream = stream.lstrip(b"\r\n")
        head, end, _ = stream.partition(b"\r\n\r\n")
        if len(head) > MOST_OF_A_HEAD:
            return Frames(messages, b"", True)
        if not end:
            return Frames(messages, stream, False)
        length = _length(head)
        if length is None or len(head) + 4 + length > MOST_OF_A_MESSAGE:
            return Frames([*messages, head + end], b"", True)
        size = len(head) + 4 + length
        if size > len(stream):
            return Frames(messages, stream, False)
        messages.append(stream[:size])
        stream = stream[size:]


def _length(head: bytes) -> int | None:
    lines = re.sub(rb"\r\n[ \t]+", b" ", head).split(b"\r\n")[1:]
    fields = [line.partition(b":") for line in lines]
    found = [
        value.strip(b" \t")
        for name, colon, value in fields
        if colon and name.rstrip(b" \t").lower() in (b"content-length", b"l")
    ]
    if len(found) != 1 or re.fullmatch(rb"[0-9]{1,10}", found[0]) is None:
        return None
    return int(found[0])
