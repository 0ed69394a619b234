"""
A second reader of SIP, for what the server emits: nothing is forgiven.

It shares no code with the server, so that no mistake is made twice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from attrs import frozen

_TOKEN = re.compile(rb"[A-Za-z0-9\-.!%*_+`'~]+")
_STATUS_LINE = re.compile(rb"SIP/2\.0 ([1-6][0-9][0-9]) ([^\r\n\x00]*)")
_REQUEST_LINE = re.compile(rb"([A-Za-z0-9\-.!%*_+`'~]+) ([^\x00-\x20\x7f]+) SIP/2\.0")
_BREAKS_OUT = re.compile(rb"[\r\n]|(?<!\\)\x00")  # RFC 3261 25.1: a quoted-pair may be of a NUL
_CSEQ = re.compile(rb"([0-9]{1,10})[ \t]+([^ \t]+)")
_COMPACT = {
    b"i": b"call-id", b"m": b"contact", b"l": b"content-length", b"c": b"content-type",
    b"f": b"from", b"s": b"subject", b"k": b"supported", b"t": b"to", b"v": b"via",
}  # fmt: skip
_ONCE = (b"from", b"to", b"call-id", b"cseq", b"content-length")
_SOURCE = re.compile(rb";[ \t]*(?:rport|received)[ \t]*(?:=[^;,]*)?(?=;|,|\Z)", re.IGNORECASE)


class Malformed(Exception):
    """What was emitted is no message; the text says why."""


@frozen
class Emitted:
    """
    One message, as it was read.

    :ivar head: start line and header section.
    :ivar status: of a response; 0: a request.
    :ivar fields: by their long name in lower case, and value, in order.
    """

    head: bytes
    start: bytes
    status: int
    method: bytes
    uri: bytes
    fields: Sequence[tuple[bytes, bytes]]
    body: bytes

    def all(self, name: bytes) -> list[bytes]:
        """The values of all fields of that name, which is in lower case."""
        return [value for key, value in self.fields if key == name]


def read(octets: bytes) -> Emitted:
    """
    Read one whole message.

    :raises Malformed: it is none.
    """
    head, end, body = octets.partition(b"\r\n\r\n")
    if not end:
        raise Malformed("no end of the header section")
    start, *lines = head.split(b"\r\n")
    status, method, uri = _start(start)
    fields = [_field(line) for line in lines]
    message = Emitted(head, start, status, method, uri, fields, body)
    _check_fields(message)
    return message


def _start(line: bytes) -> tuple[int, bytes, bytes]:
    status = _STATUS_LINE.fullmatch(line)
    if status is not None:
        return int(status[1]), b"", b""
    request = _REQUEST_LINE.fullmatch(line)
    if request is None:
        raise Malformed(f"bad start line {line[:80]!r}")
    return 0, request[1], request[2]


def _field(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    if not colon or _TOKEN.fullmatch(name) is None:
        raise Malformed(f"bad header field {line[:80]!r}")
    if _BREAKS_OUT.search(value):
        raise Malformed(f"CR, LF or NUL inside of {line[:80]!r}")
    key = name.lower()
    return _COMPACT.get(key, key), value.strip(b" \t")


def _check_fields(message: Emitted) -> None:
    names = [name for name, _ in message.fields]
    for name in _ONCE:
        if names.count(name) != 1:
            raise Malformed(f"{names.count(name)} times {name.decode()}")
    if b"via" not in names:
        raise Malformed("no Via")
    length = message.all(b"content-length")[0]
    if not re.fullmatch(rb"[0-9]{1,10}", length) or int(length) != len(message.body):
        raise Malformed(f"Content-Length {length[:20]!r}, and a body of {len(message.body)}")
    if not message.status:
        _check_request(message, names)


def _check_request(message: Emitted, names: Sequence[bytes]) -> None:
    if names.count(b"max-forwards") != 1:
        raise Malformed(f"{names.count(b'max-forwards')} times max-forwards")
    cseq = _CSEQ.fullmatch(message.all(b"cseq")[0])
    if cseq is None or cseq[2] != message.method:
        raise Malformed(f"CSeq {message.all(b'cseq')[0][:80]!r} in {message.method[:80]!r}")


def fields_of(octets: bytes) -> dict[bytes, list[bytes]]:
    """What a sender wrote, read with good will: values by name, folded lines made one."""
    head = octets.lstrip(b"\r\n").partition(b"\r\n\r\n")[0]
    found: dict[bytes, list[bytes]] = {}
    last: list[bytes] = []
    for line in head.split(b"\r\n")[1:]:
        if line[:1] in (b" ", b"\t") and last:
            last[-1] += b" " + line
            continue
        name, _, value = line.partition(b":")
        key = name.strip(b" \t").lower()
        last = found.setdefault(_COMPACT.get(key, key), [])
        last.append(value)
    return {name: [plain(value) for value in values] for name, values in found.items()}


def plain(value: bytes) -> bytes:
    """*value* with its white space as short as it can be."""
    return re.sub(rb"[ \t]+", b" ", value).strip(b" \r\n")


def answers(response: Emitted, sent: bytes) -> str:
    """What *response* repeats wrongly of the request *sent*; empty: nothing."""
    asked = fields_of(sent)
    for name in (b"from", b"call-id", b"cseq", b"to"):
        said, told = asked.get(name, [])[:1], plain(response.all(name)[0])
        if not said and response.status == 400:
            continue  # a response must have one, and any will do
        if told not in said and not (name == b"to" and said and _is_tagged(told, said[0])):
            return f"another {name.decode()} than the request"
    if _hops(response.all(b"via")) != _hops(asked.get(b"via", [])):
        return "other Vias than the request"
    return ""


def _is_tagged(told: bytes, said: bytes) -> bool:
    """Whether the one is the other with a tag, which a server adds."""
    return told.startswith(said) and told[len(said) :].startswith(b";tag=")


def _hops(vias: Sequence[bytes]) -> bytes:
    """All in one line, without blanks, case, or what the server writes into the topmost."""
    whole = b",".join(value for value in vias if value)
    return re.sub(rb"[ \t]+", b"", _SOURCE.sub(b"", whole)).lower()
