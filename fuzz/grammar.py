"""Messages that are as they should be: what mutators begin with."""

from __future__ import annotations

from fuzz.draft import AUTO, NEXT_HOP, SELF, SERVER, Draft, Sender
from fuzz.draw import Draw

DOMAIN = b"fuzz.test"
METHODS = (b"REGISTER", b"INVITE", b"MESSAGE", b"OPTIONS", b"SUBSCRIBE", b"CANCEL", b"ACK", b"BYE")
OTHERS = (b"NOTIFY", b"REFER", b"INFO", b"PUBLISH", b"UPDATE", b"PRACK", b"FUZZ", b"X.y-z!%*_+`'~")
USERS = (b"phone", b"phone", b"phone", b"sleeper", b"spare0", b"spare1", b"nobody")
SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n"
)
STATUSES = (100, 180, 183, 200, 202, 302, 401, 404, 407, 480, 486, 500, 503, 603)


def token_of(seed: int, number: int) -> bytes:
    """What is in each message of an iteration."""
    return b"fz%dx%dz" % (seed, number)


def message(draw: Draw, seed: int, number: int, streams: bool) -> Draft:
    """A valid one: mostly requests."""
    if draw.once_in(20):
        return _stray_response(draw, seed, number, streams)
    return request(draw, seed, number, streams, draw.pick(METHODS * 3 + OTHERS))


def request(draw: Draw, seed: int, number: int, streams: bool, method: bytes) -> Draft:
    """A request of that *method*, from anybody."""
    token = token_of(seed, number)
    register = method == b"REGISTER"
    uri = b"sip:" + DOMAIN if register else _target(draw)
    whom = b"spare%d" % draw.below(8) if register else b"caller"
    draft = Draft(number, token, method + b" " + uri + b" SIP/2.0", [], streams, method=method)
    draft.sender = draw.pick((Sender.TRUSTED, Sender.TRUSTED, Sender.STRANGER, Sender.SILENT))
    to = whom if register else draw.pick(USERS)
    draft.fields = [
        (b"Via", _via(draw, token, streams)),
        (b"Max-Forwards", b"%d" % draw.pick((70, 70, 70, 69, 1, 0))),
        (b"From", draw.pick((b"", b'"A B" ', b"C ")) + b"<sip:" + whom + b"@" + DOMAIN + b">;tag="
            + token),
        (b"To", b"<sip:" + to + b"@" + DOMAIN + b">" + _to_tag(draw, method)),
        (b"Call-ID", token + draw.pick((b"", b"@127.0.0.1"))),
        (b"CSeq", b"%d %b" % (draw.between(1, 2**31 - 1), method)),
        (b"Contact", b"<sip:" + whom + b"@" + SELF + (b";transport=tcp>" if streams else b">")),
        (b"Content-Length", AUTO),
    ]  # fmt: skip
    _routed(draw, draft)
    _usual(draw, draft)
    return draft


def _target(draw: Draw) -> bytes:
    known = b"sip:" + draw.pick(USERS) + b"@" + DOMAIN
    return draw.pick(
        (known, known, known, b"sip:" + DOMAIN, b"sip:" + SERVER, b"sip:a@" + NEXT_HOP)
    )


def _via(draw: Draw, token: bytes, streams: bool) -> bytes:
    name = b"TCP" if streams else b"UDP"
    rport = b"" if draw.once_in(8) else b";rport"
    return b"SIP/2.0/" + name + b" " + SELF + b";branch=z9hG4bK" + token + rport


def _to_tag(draw: Draw, method: bytes) -> bytes:
    return b";tag=peer" if method in (b"BYE", b"ACK") or draw.once_in(12) else b""


def _routed(draw: Draw, draft: Draft) -> None:
    if draft.method != b"REGISTER" and draw.once_in(6):
        draft.add(b"Route", b"<sip:" + NEXT_HOP + b";lr>", 1)
    if draw.once_in(8):
        draft.add(b"Route", b"<sip:" + SERVER + b";lr>", 1)


def _usual(draw: Draw, draft: Draft) -> None:
    """Fields that many have, and a body."""
    optional = (
        (b"User-Agent", b"fuzz/1 (a comment (in a comment))"),
        (b"Supported", b"path, gruu, outbound"),
        (b"Allow", b"INVITE, ACK, BYE"),
        (b"Expires", b"60"),
        (b"Subject", b"caf\xc3\xa9"),
        (b"Accept", b"application/sdp;q=0.5, */*"),
        (b"Date", b"Sat, 21 Nov 2026 12:00:00 GMT"),
        (b"Event", b"presence"),
        (b"Reason", b'SIP;cause=200;text="elsewhere"'),
    )
    for name, value in draw.several(optional, 4):
        draft.add(name, value)
    if draft.method in (b"INVITE", b"MESSAGE", b"NOTIFY", b"INFO", b"PUBLISH"):
        draft.body = draw.pick((SDP, b"hello", b"", draw.octets(draw.between(1, 300))))
        draft.add(b"Content-Type", draw.pick((b"application/sdp", b"text/plain")))
    if draw.once_in(5):
        _compact(draft)


def _compact(draft: Draft) -> None:
    short = {b"Via": b"v", b"From": b"f", b"To": b"t", b"Call-ID": b"i", b"Contact": b"m",
        b"Content-Length": b"l", b"Content-Type": b"c", b"Supported": b"k"}  # fmt: skip
    names = {long: short.get(long, long) for long, _ in draft.fields}
    draft.fields = [(names[name], value) for name, value in draft.fields]


def _stray_response(draw: Draw, seed: int, number: int, streams: bool) -> Draft:
    """One to a request that nobody has sent."""
    draft = request(draw, seed, number, streams, draw.pick(METHODS))
    draft.start = b"SIP/2.0 %d Whatever" % draw.pick(STATUSES)
    draft.remove(b"Max-Forwards")
    draft.add(b"Via", b"SIP/2.0/UDP " + SERVER + b";branch=z9hG4bKours", 0)
    draft.method = b""
    return draft
