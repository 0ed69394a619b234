"""
Messages taken apart by hand: what judges the server must not share its reader.
"""

from __future__ import annotations

import re

from attrs import frozen

_FOLD = re.compile(rb"\r\n[ \t]+")
_COMPACT = {b"v": b"via", b"f": b"from", b"t": b"to", b"i": b"call-id", b"l": b"content-length"}
_LWS = re.compile(rb"[ \t]+")


@frozen
class Octets:
    """
    One message, as it was on the wire.

    :ivar start: its first line.
    :ivar fields: (name, value) in order, each as written but for folds and the space around it.
    :ivar body: all that follows the empty line.
    """

    start: bytes
    fields: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @classmethod
    def of(cls, message: bytes) -> Octets:
        """Take *message* apart."""
        head, _, body = message.partition(b"\r\n\r\n")
        start, *lines = _FOLD.sub(b" ", head).split(b"\r\n")
        pairs = [line.partition(b":")[::2] for line in lines]
        fields = tuple([(name.strip(b" \t"), value.strip(b" \t")) for name, value in pairs])
        return cls(start, fields, body)

    @property
    def status(self) -> int:
        """Of a response, whose version is not the sender's to choose."""
        said = re.fullmatch(rb"SIP/2\.0 ([1-6][0-9]{2}) [^\r\n]*", self.start)
        assert said is not None, self.start
        return int(said[1])

    @property
    def method(self) -> bytes:
        """Of a request; of a response that of its CSeq."""
        return self.all(b"cseq")[0].split()[-1]

    def all(self, name: bytes) -> list[bytes]:
        """The values of the fields called *name*, in lower case, one for each line."""
        return [value for written, value in self.fields if key(written) == name]

    def without(self, *names: bytes) -> list[tuple[bytes, bytes]]:
        """The fields but those called *names*, in lower case."""
        return [field for field in self.fields if key(field[0]) not in names]


def key(name: bytes) -> bytes:
    """What a field called *name* is known by."""
    lower = name.lower()
    return _COMPACT.get(lower, lower)


def closed_up(value: bytes) -> bytes:
    """*value* without the space in it that means nothing in a Via."""
    return _LWS.sub(b"", value)


def spaced(value: bytes) -> bytes:
    """*value* with one space where there are several."""
    return _LWS.sub(b" ", value)
