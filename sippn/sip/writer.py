"""Messages to octets, and requests to their responses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from sippn.errors import BadRequest
from sippn.sip.headers import Headers
from sippn.sip.message import Message, Request, Response

REASONS: Final = {
    100: "Trying",
    180: "Ringing",
    181: "Call Is Being Forwarded",
    182: "Queued",
    183: "Session Progress",
    199: "Early Dialog Terminated",
    200: "OK",
    202: "Accepted",
    204: "No Notification",
    300: "Multiple Choices",
    301: "Moved Permanently",
    302: "Moved Temporarily",
    305: "Use Proxy",
    380: "Alternative Service",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    410: "Gone",
    412: "Conditional Request Failed",
    413: "Request Entity Too Large",
    414: "Request-URI Too Long",
    415: "Unsupported Media Type",
    416: "Unsupported URI Scheme",
    417: "Unknown Resource-Priority",
    420: "Bad Extension",
    421: "Extension Required",
    422: "Session Interval Too Small",
    423: "Interval Too Brief",
    428: "Use Identity Header",
    429: "Provide Referrer Identity",
    430: "Flow Failed",
    433: "Anonymity Disallowed",
    436: "Bad Identity-Info",
    437: "Unsupported Certificate",
    438: "Invalid Identity Header",
    439: "First Hop Lacks Outbound Support",
    440: "Max-Breadth Exceeded",
    469: "Bad Info Package",
    470: "Consent Needed",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    483: "Too Many Hops",
    484: "Address Incomplete",
    485: "Ambiguous",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    489: "Bad Event",
    491: "Request Pending",
    493: "Undecipherable",
    494: "Security Agreement Required",
    500: "Server Internal Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Server Time-out",
    505: "Version Not Supported",
    513: "Message Too Large",
    555: "Push Notification Service Not Supported",
    580: "Precondition Failure",
    600: "Busy Everywhere",
    603: "Decline",
    604: "Does Not Exist Anywhere",
    606: "Not Acceptable",
    607: "Unwanted",
    608: "Rejected",
}

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]+")
_BREAKS_START_LINE: Final = re.compile(r"[\x00\r\n]")
_LONGEST_REASON: Final = 200
_COPIED_ONCE: Final = ("from", "to", "call-id", "cseq")
_COPIED_TO_100: Final = (*_COPIED_ONCE, "timestamp")


def write(message: Message) -> bytes:
    """
    Write *message*; its Content-Length is that of its body, whatever it said.

    :raises ValueError: a start line that would break out of its line, or text that no
        octets stand for.
    """
    headers = message.headers
    lines = [f"{name}: {value}" for name, value in headers]
    length = len(message.body)
    if "content-length" in headers.keys:
        lines = _with_length(headers, lines, length)
    else:
        lines.append(f"Content-Length: {length}")
    head = "\r\n".join([_start_line(message), *lines, "", ""])
    return head.encode("utf-8", "surrogateescape") + message.body


def _with_length(headers: Headers, lines: list[str], length: int) -> list[str]:
    at = headers.keys.index("content-length")
    lines[at] = f"{lines[at].partition(':')[0]}: {length}"
    if headers.keys.count("content-length") == 1:
        return lines
    return [
        line
        for place, (key, line) in enumerate(zip(headers.keys, lines, strict=True))
        if key != "content-length" or place == at
    ]


def _start_line(message: Message) -> str:
    if isinstance(message, Request):
        line = f"{message.method} {message.uri} SIP/2.0"
        if line.count(" ") != 2:
            raise ValueError("a space in method or Request-URI")
    elif isinstance(message, Response):
        line = f"SIP/2.0 {message.status} {message.reason}"
    else:
        raise TypeError("neither request nor response")
    if _BREAKS_START_LINE.search(line):
        raise ValueError("CR, LF or NUL in the start line")
    return line


def response_to(
    request: Request,
    status: int,
    reason: str = "",
    extra: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    to_tag: str = "",
) -> Response:
    """
    Make a response to *request* (RFC 3261 section 8.2.6).

    Works for a request that failed its check, too: what cannot be parsed is repeated.

    :param reason: the standard phrase where empty; control characters become spaces.
    :param extra: header fields behind the copied ones, as (name, value).
    :param to_tag: for a To that has no tag yet.
    :raises ValueError: *extra* would break out of its field.
    """
    headers = request.headers.only("via", _COPIED_TO_100 if status == 100 else _COPIED_ONCE)
    if to_tag and _lacks_tag(request):
        headers.set("To", f"{headers.get('To')};tag={to_tag}")
    for name, value in extra:
        headers.add(name, value)
    phrase = _CONTROLS.sub(" ", reason)[:_LONGEST_REASON] or REASONS.get(status, "")
    return Response(status, phrase, headers, body)


def _lacks_tag(request: Request) -> bool:
    try:
        return request.to.tag is None
    except BadRequest:
        return False
