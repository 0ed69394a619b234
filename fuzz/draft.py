"""A message while it is made: fields that a mutator may bend, before they are octets."""

from __future__ import annotations

from enum import Enum

from attrs import define, field

AUTO = b"@LENGTH@"
"""The value of a Content-Length that is right."""

SERVER, NEXT_HOP, SELF = b"@SERVER@", b"@HOP@", b"@SELF@"
"""Where host and port of the server, the next hop and the sender go when it is sent."""

NONCE, RESPONSE = b"@NONCE@", b"@RESPONSE@"
"""Where a nonce of the server, and what proves the password with it, go."""


_LONG = {b"v": b"via", b"f": b"from", b"t": b"to", b"i": b"call-id", b"m": b"contact",
    b"l": b"content-length", b"c": b"content-type", b"k": b"supported"}  # fmt: skip


def key_of(name: bytes) -> bytes:
    """What a field is known by: lower case, never compact."""
    key = name.lower()
    return _LONG.get(key, key)


class Sender(Enum):
    """Whose socket it is sent from."""

    STRANGER = "from an unknown address, acknowledges answers"
    SILENT = "the same, never says another word"
    TRUSTED = "a peer that is not challenged"


class End(Enum):
    """What becomes of the connection afterwards."""

    MARKED = "a marker request follows"
    CLOSED = "closed at once"
    RESET = "reset at once"
    LEFT = "left open, without another octet"


class Cut(Enum):
    """In what pieces a stream is sent."""

    WHOLE = "one"
    TWO = "two, cut anywhere"
    SEVERAL = "up to twelve, cut anywhere"
    ENDS = "cut inside of every line end"
    EACH = "octet by octet"


@define
class Proof:
    """What credentials are made from, when there is a nonce."""

    user: bytes
    method: bytes
    uri: bytes
    nc: bytes = b"00000001"
    cnonce: bytes = b"0a4f113b"
    algorithm: bytes = b"SHA-256"
    password: bytes = b""


@define(eq=False)
class Draft:
    """
    One message that is being made.

    :ivar token: in it, and in all that comes of it: whose it is.
    :ivar start: the first line.
    :ivar fields: names and values in order; the value :data:`AUTO` is worked out.
    :ivar tail: octets behind its end.
    :ivar raw: the whole, once it is more than fields; then nothing else counts.
    :ivar streams: it goes over TCP.
    """

    number: int
    token: bytes
    start: bytes
    fields: list[tuple[bytes, bytes]]
    streams: bool
    body: bytes = b""
    tail: bytes = b""
    colon: bytes = b": "
    raw: bytes | None = None
    sender: Sender = Sender.TRUSTED
    end: End = End.MARKED
    cut: Cut = Cut.WHOLE
    proof: Proof | None = None
    method: bytes = field(default=b"")

    @property
    def canary(self) -> bytes:
        """A header field that nobody may ever see as one, without line ends."""
        return b"X-Canary-%d: 1" % self.number

    @property
    def beyond(self) -> bytes:
        """Octets that nobody may ever see."""
        return b"Beyond-%d-" % self.number

    def smuggled(self) -> bytes:
        """A request that nobody may take for one."""
        name = b"Smuggled-%d-" % self.number
        return (
            b"MESSAGE sip:phone@fuzz.test SIP/2.0\r\n"
            b"Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK" + name + b"\r\n"
            b"Max-Forwards: 9\r\nFrom: <sip:x@fuzz.test>;tag=" + name + b"\r\n"
            b"To: <sip:phone@fuzz.test>\r\nCall-ID: " + name + b"\r\nCSeq: 1 MESSAGE\r\n"
            b"X-Canary-%d: 1\r\nContent-Length: 0\r\n\r\n" % self.number
        )

    def index(self, name: bytes) -> int:
        """Where the first field of that name is; the last place if there is none."""
        key = key_of(name)
        for at, (one, _) in enumerate(self.fields):
            if one == name or key_of(one) == key:
                return at
        return len(self.fields) - 1

    def get(self, name: bytes) -> bytes:
        """The value of the first field of that name."""
        return self.fields[self.index(name)][1]

    def put(self, name: bytes, value: bytes) -> None:
        """Give the field that value, or add it, before the Content-Length."""
        at = self.index(name)
        if self.fields and key_of(self.fields[at][0]) == key_of(name):
            self.fields[at] = (self.fields[at][0], value)
        else:
            self.add(name, value)

    def add(self, name: bytes, value: bytes, at: int | None = None) -> None:
        """Add a field before the Content-Length, or *at* a place."""
        self.fields.insert(self.index(b"Content-Length") if at is None else at, (name, value))

    def remove(self, name: bytes) -> None:
        """Leave every field of that name out."""
        self.fields = [one for one in self.fields if key_of(one[0]) != key_of(name)]

    def head(self) -> bytes:
        """The start line and all fields, with the empty line."""
        length = b"%d" % len(self.body)
        lines = [name + self.colon + value for name, value in self.fields]
        return b"\r\n".join([self.start, *lines, b"", b""]).replace(AUTO, length)

    def octets(self) -> bytes:
        """The whole, with what stands behind its end."""
        return self.head() + self.body + self.tail if self.raw is None else self.raw
