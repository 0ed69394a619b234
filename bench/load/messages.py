"""The messages, of the size that phones send, made before they are needed."""

from __future__ import annotations

from collections.abc import Iterable

DOMAIN = "bench.test"

_D = DOMAIN.encode()

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 40000 RTP/AVP 96 0\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:0 PCMU/8000\r\n"
    b"a=sendrecv\r\n"
)

MARK = b";branch=z9hG4bK."
"""Before the eight hexadecimal digits by which an answer is told from others."""

EXPIRES = 3600
"""Seconds a binding is registered for: more than any run takes."""

_REGISTER = (
    b"REGISTER sip:" + _D + b" SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP %(at)b" + MARK + b"%(mark)08x;rport\r\n"
    b"Max-Forwards: 70\r\n"
    b"From: <sip:u%(user)d@" + _D + b">;tag=r%(user)d\r\n"
    b"To: <sip:u%(user)d@" + _D + b">\r\n"
    b"Call-ID: r%(user)d-5f0e3a61c4@phone.invalid\r\n"
    b"CSeq: %(mark)d REGISTER\r\n"
    b"Contact: <sip:u%(user)d@%(at)b;pn-provider=apns"
    b";pn-param=ABCD123456.com.example.phone.remote;pn-prid=%(prid)b>"
    b';+sip.instance="<urn:uuid:00000000-0000-4000-8000-%(user)012d>"\r\n'
    b"Expires: %(expires)d\r\n"
    b"Supported: path, gruu, outbound\r\n"
    b"Allow: INVITE, ACK, BYE, CANCEL, OPTIONS\r\n"
    b"User-Agent: bench/1\r\n"
    b"Content-Length: 0\r\n\r\n"
)

_INVITE = (
    b"INVITE sip:u%(user)d@" + _D + b" SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP %(at)b" + MARK + b"%(mark)08x;rport\r\n"
    b"Max-Forwards: 70\r\n"
    b"From: <sip:caller@" + _D + b">;tag=c%(mark)d\r\n"
    b"To: <sip:u%(user)d@" + _D + b">\r\n"
    b"Call-ID: %(mark)08x@caller.invalid\r\n"
    b"CSeq: 1 INVITE\r\n"
    b"Contact: <sip:caller@%(at)b>\r\n"
    b"User-Agent: bench/1\r\n"
    b"Content-Type: application/sdp\r\n"
    b"Content-Length: " + b"%d" % len(SDP) + b"\r\n\r\n" + SDP
)

_OTHER = (
    b"%(method)b %(uri)b SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP %(at)b" + MARK + b"%(branch)b;rport\r\n"
    b"Max-Forwards: 70\r\n"
    b"%(route)b"
    b"From: <sip:caller@" + _D + b">;tag=c%(mark)d\r\n"
    b"To:%(to)b\r\n"
    b"Call-ID: %(mark)08x@caller.invalid\r\n"
    b"CSeq: %(cseq)d %(method)b\r\n"
    b"Content-Length: 0\r\n\r\n"
)


def prid(user: int) -> bytes:
    """The PRID of the phone of *user*, 64 hexadecimal digits that begin with the number."""
    return b"%08x" % user * 8


def register(user: int, mark: int, at: bytes) -> bytes:
    """
    A REGISTER of the phone of *user*.

    :param mark: of this request, and its CSeq: more than any that the phone has sent.
    :param at: host and port of the phone.
    """
    return _REGISTER % {
        b"user": user,
        b"mark": mark,
        b"at": at,
        b"prid": prid(user),
        b"expires": EXPIRES,
    }


def registers(users: Iterable[int], first_mark: int, at: bytes) -> list[bytes]:
    """One of each of *users*, with marks from *first_mark* on; the CSeq grows with them."""
    return [register(user, mark, at) for mark, user in enumerate(users, first_mark)]


def invite(user: int, mark: int, at: bytes) -> bytes:
    """The INVITE of call *mark*, from a caller *at* host and port to *user*."""
    return _INVITE % {b"user": user, b"mark": mark, b"at": at}


def in_call(method: bytes, mark: int, at: bytes, to: bytes, **of: bytes) -> bytes:
    """
    An ACK or a BYE of call *mark*.

    :param of: its *uri*, its *branch* and its *route*, lines.
    """
    values: dict[bytes, object] = {name.encode(): value for name, value in of.items()}
    values |= {b"method": method, b"mark": mark, b"at": at, b"to": to}
    return _OTHER % (values | {b"cseq": 2 if method == b"BYE" else 1})


def mark_of(message: bytes) -> int:
    """The mark of the request that *message* answers; -1 where it has none of ours."""
    at = message.find(MARK)
    if at < 0:
        return -1
    try:
        return int(message[at + len(MARK) : at + len(MARK) + 8], 16)
    except ValueError:
        return -1
