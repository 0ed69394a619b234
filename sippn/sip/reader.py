"""
Octets to messages: one datagram or one piece of a stream, one message, everything bounded.

RFC 3261 sections 7 and 18.3.  :func:`read` finds the fields; what is in them is looked at
when somebody asks, and by :func:`sippn.sip.syntax.check`.
"""

from __future__ import annotations

import re
from typing import Final

from sippn.errors import BadRequest
from sippn.sip.grammar import METHOD, METHODS, breaks_out, number
from sippn.sip.headers import COMPACT, Headers, parse_headers
from sippn.sip.limits import DEFAULT_LIMITS, Limits
from sippn.sip.message import Request, Response


class BadMessage(BadRequest):
    """
    What came is no message, or one that must be refused.

    :ivar request: what can be answered with :attr:`status`, statelessly; None: nothing.
        It may be less than what came, and an ACK is never answered.
    """

    def __init__(self, reason: str, request: Request | None = None) -> None:
        super().__init__(reason)
        self.request = request


class BadVersion(BadMessage):
    """A version of SIP that is not 2.0 (RFC 3261 section 21.5.6)."""

    status = 505


class BadMethod(BadMessage):
    """An unknown method in a request that is wrong besides (RFC 4475 section 3.1.2.18)."""

    status = 501


class TooLarge(BadMessage):
    """A message beyond a limit (RFC 3261 section 21.5.7)."""

    status = 513


_STATUS_LINE: Final = re.compile(
    r"SIP/2\.0 ([1-6][0-9]{2}) ([^\x00-\x08\x0a-\x1f\x7f]*)", re.IGNORECASE | re.ASCII
)
_VERSION: Final = re.compile(r"SIP/[0-9]{1,5}\.[0-9]{1,5}", re.IGNORECASE | re.ASCII)
_ANSWERED: Final = {  # what a response repeats
    "via": "Via",
    "from": "From",
    "to": "To",
    "call-id": "Call-ID",
    "cseq": "CSeq",
}
_ANY_LENGTH: Final = 9_999_999_999  # as many digits as are read at all
_NEEDED: Final = ("via", "cseq")  # by these its sender knows what is answered (17.1.3)


def read(
    octets: bytes, limits: Limits = DEFAULT_LIMITS, framed: bool = False
) -> Request | Response:
    """
    Read the one message of a datagram, or of a stream that was cut into messages.

    Empty lines before it are skipped, octets beyond its Content-Length dropped; without
    a Content-Length the body ends with the datagram (RFC 3261 section 18.3).

    :param framed: it came in a stream, where there must be a Content-Length (section 20.14).
    :raises BadMessage: it is none; see :attr:`BadMessage.request`.
    """
    if octets[:1] in (b"\r", b"\n"):
        octets = octets.lstrip(b"\r\n")
    try:
        return _read(octets, limits, framed)
    except BadMessage as problem:
        problem.request = _salvage(octets, limits)
        raise
    except BadRequest as problem:
        raise BadMessage(str(problem), _salvage(octets, limits)) from None


def _read(octets: bytes, limits: Limits, framed: bool) -> Request | Response:
    end = octets.find(b"\r\n\r\n")
    size = len(octets)
    if size > limits.message or (size if end < 0 else end) > limits.header_section:
        raise TooLarge("Message too large")
    if end < 0:
        raise BadMessage("Header section without an end")
    head = octets[:end].decode("utf-8", "surrogateescape")
    lines = head.split("\r\n")
    breaks = len(lines) - 1
    if head.count("\r") != breaks or head.count("\n") != breaks:
        raise BadMessage("CR or LF inside a line")
    if breaks > limits.header_lines:
        raise BadMessage("Too many header lines")
    start = lines[0]
    del lines[0]
    headers = parse_headers(lines)
    if "\x00" in head:
        _check_nul(start, headers)
    if framed and "content-length" not in headers.keys:
        raise BadMessage("No Content-Length")
    body = _body(headers, octets, end + 4, limits)
    method, _, rest = start.partition(" ")
    uri, _, version = rest.partition(" ")
    if version == "SIP/2.0" and method in METHODS and _plain_uri(uri):
        return Request(method, uri, headers, body)
    return _unusual(start, headers, body)


def _check_nul(start: str, headers: Headers) -> None:
    fields = zip(headers.keys, headers, strict=True)
    if "\x00" in start or any(breaks_out(key, value) for key, (_, value) in fields):
        raise BadMessage("NUL inside a line")


def _body(headers: Headers, octets: bytes, at: int, limits: Limits) -> bytes:
    keys = headers.keys
    if "content-length" not in keys:
        return octets[at:]
    if keys.count("content-length") > 1:
        raise BadRequest("Two Content-Length")  # which of them ends the body?
    text = headers.get("Content-Length") or ""
    length = number("Content-Length", text, _ANY_LENGTH)
    if at + length > limits.message:
        raise TooLarge("Message too large")
    if at + length > len(octets):
        raise BadRequest("Body shorter than its Content-Length")  # RFC 3261 section 18.3
    return octets[at : at + length]


def _plain_uri(uri: str) -> bool:
    return uri.isprintable() and "<" not in uri and ">" not in uri and uri != ""


def _unusual(start: str, headers: Headers, body: bytes) -> Request | Response:
    status_line = _STATUS_LINE.fullmatch(start)
    if status_line:
        return Response(int(status_line[1]), status_line[2], headers, body)
    method, _, rest = start.partition(" ")
    uri, _, version = rest.partition(" ")
    if METHOD.fullmatch(method) is None or not _plain_uri(uri):
        raise BadRequest("Bad request line")
    if version.isascii() and version.upper() == "SIP/2.0":
        return Request(method, uri, headers, body)
    if _VERSION.fullmatch(version):
        raise BadVersion("Version not supported")
    raise BadRequest("Bad request line")


def is_answerable(headers: Headers) -> bool:
    """Whether the sender of a request with *headers* will know an answer to it for one."""
    return all(key in headers.keys for key in _NEEDED)


def _salvage(octets: bytes, limits: Limits) -> Request | None:
    """Find what an answer to a broken request needs; None: it cannot be answered."""
    octets = octets.lstrip(b"\r\n")
    head, end, _ = octets[: limits.header_section].partition(b"\r\n\r\n")
    if not end and len(octets) > limits.header_section:
        head = head.rpartition(b"\r\n")[0]  # the last line may be half a line
    start, *lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    method, _, rest = start.partition(" ")
    if METHOD.fullmatch(method) is None or "SIP/" not in rest.upper():
        return None
    kept = Headers()
    for line in _unfolded(lines[: limits.header_lines]):
        name, _, value = line.partition(":")
        key = name.strip(" \t").lower()
        key = COMPACT.get(key, key)
        if key == "via" or (key in _ANSWERED and key not in kept.keys):
            if breaks_out(key, value):
                return None
            kept.add(_ANSWERED[key], value.strip(" \t"))
    return Request(method, "sip:invalid", kept) if is_answerable(kept) else None


def _unfolded(lines: list[str]) -> list[str]:
    whole: list[str] = []
    for line in lines:
        if line[:1] in (" ", "\t") and whole:
            whole[-1] = f"{whole[-1]} {line.strip()}"
        else:
            whole.append(line)
    return whole
