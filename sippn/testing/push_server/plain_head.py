"""
Heads of answers written without tables (RFC 7541, section 6.2.2).

That is allowed at any time, costs a few octets, and a tenth of what h2 does for a head.
"""

from __future__ import annotations

from collections.abc import Iterable

_STATUS_200 = b"\x88"  # in the static table
_STATUS = b"\x08\x03"  # a literal whose name is in the static table, three octets long
_FIELD = b"\x00"  # a literal with its name

_LONGEST = 16384  # octets in a frame that every peer takes (RFC 9113, section 4.2)
_HEADERS = b"\x01\x05"  # HEADERS; END_STREAM and END_HEADERS


def head_frame(stream: int, status: int, fields: Iterable[tuple[str, str]]) -> bytes:
    """A HEADERS frame that is a whole answer; b"": it takes more than one."""
    parts = [_STATUS_200 if status == 200 else _STATUS + b"%d" % status]
    for name, value in fields:
        parts += (_FIELD, _text(name), _text(value))
    block = b"".join(parts)
    if len(block) > _LONGEST:
        return b""
    return len(block).to_bytes(3, "big") + _HEADERS + stream.to_bytes(4, "big") + block


def _text(text: str) -> bytes:
    """A string literal, not Huffman coded (section 5.2)."""
    octets = text.encode("latin-1")
    length = len(octets)
    if length < 127:
        return bytes((length,)) + octets
    prefix, length = bytearray(b"\x7f"), length - 127
    while length >= 128:
        prefix.append(length % 128 + 128)
        length //= 128
    prefix.append(length)
    return bytes(prefix) + octets
