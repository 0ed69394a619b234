"""What a caller says when its call was taken: right at first, then anything, then it hangs up."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fuzz.classes import SECOND
from fuzz.draft import AUTO, SELF, Draft
from fuzz.draw import Draw
from fuzz.strict import Emitted

_URI = re.compile(rb"<([^<>]*)>")
_METHODS = (b"BYE", b"INFO", b"UPDATE", b"MESSAGE", b"REFER", b"NOTIFY")


def in_dialog(seed: int, number: int, token: bytes, response: Emitted) -> Sequence[Draft]:
    """The requests, in order, after the 2xx *response* to the INVITE of iteration *number*."""
    draw = Draw(seed, number, "dialog")
    taken = int(response.all(b"cseq")[0].split()[0])
    after = min(taken + 1, 2**31 - 2)
    bent = _request(number, token + b"m", draw.pick(_METHODS), after, response)
    start = bent.start
    draw.pick(SECOND)(bent, draw)
    if draw.once_in(2):
        bent.start = start
    bent.put(b"Route", _bent_route(draw, bent.get(b"Route")))
    return (
        _request(number, token + b"a", b"ACK", taken, response),
        bent,
        _request(number, token + b"b", b"BYE", after + 1, response),
    )


def _request(number: int, branch: bytes, method: bytes, cseq: int, response: Emitted) -> Draft:
    target = _URI.search(b"".join(response.all(b"contact")[:1]))
    uri = target[1] if target else b"sip:phone@fuzz.test"
    fields = [
        (b"Via", b"SIP/2.0/UDP " + SELF + b";branch=z9hG4bK" + branch + b";rport"),
        (b"Max-Forwards", b"70"),
        *((b"Route", value) for value in reversed(response.all(b"record-route"))),
        (b"From", response.all(b"from")[0]),
        (b"To", response.all(b"to")[0]),
        (b"Call-ID", response.all(b"call-id")[0]),
        (b"CSeq", b"%d " % cseq + method),
        (b"Content-Length", AUTO),
    ]
    start = method + b" " + uri + b" SIP/2.0"
    return Draft(number, branch, start, fields, streams=False, method=method)


def _bent_route(draw: Draw, route: bytes) -> bytes:
    """The token of the server as it was, with an octet changed, twice, or of a strict router."""
    place = draw.between(0, max(0, len(route) - 1))
    changed = route[:place] + draw.pick((b"A", b"", b"%41", b"\xff")) + route[place + 1 :]
    return draw.pick((route, route, changed, route.replace(b";lr", b""), route + b"," + route))
