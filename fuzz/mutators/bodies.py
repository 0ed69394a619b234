"""Bodies, of which a proxy knows nothing."""

from __future__ import annotations

from fuzz.draft import AUTO, Draft
from fuzz.draw import Draw


def multipart(draft: Draft, draw: Draw) -> None:
    """Boundaries that are broken, missing, of hundreds of octets; parts in parts."""
    mark = draw.pick((b"x", b"", b"x" * 300, b"--", b"\xff", b'x" ', b"x\\"))
    inner = b"Content-Type: text/plain\r\n\r\nhello"
    for _ in range(draw.pick((0, 1, 2, 400))):
        inner = (
            b"Content-Type: multipart/mixed;boundary="
            + mark
            + b"\r\n\r\n--"
            + mark
            + b"\r\n"
            + inner[-20_000:]
        )
    whole = b"--" + mark + b"\r\n" + inner + b"\r\n--" + mark + draw.pick((b"--\r\n", b"", b"-"))
    draft.body = draw.pick((whole, draft.smuggled() + whole))
    types = (b'multipart/mixed;boundary="' + mark + b'"', b"multipart/mixed",
        b'multipart/mixed;boundary="', b"multipart/", b"/", b"multipart/mixed;boundary=" + mark,
        b"a/b;" * 500)  # fmt: skip
    draft.put(b"Content-Type", draw.pick(types))
    draft.put(b"Content-Length", AUTO)


def session_descriptions(draft: Draft, draw: Draw) -> None:
    """SDP that breaks who reads it: payload type 2^32, NUL in an attribute, a line cut short."""
    lines = (b"v=0", b"v=", b"o=- 1", b"m=audio 40000 RTP/AVP 4294967296",
        b"a=rtpmap:4294967296 x/0", b"a=\x00x", b"m=", b"c=IN IP4", b"a=fmtp:",
        b"m=audio 99999 RTP/AVP " + b"0 " * 500, b"a" * 3000, b"=", b"t=\xff",
        b"a=candidate:" * 9)  # fmt: skip
    draft.body = b"\r\n".join(draw.several(lines, 9)) + draw.pick(
        (b"\r\n", b"", b"\n", b"\r\n\r\n")
    )
    draft.put(b"Content-Type", b"application/sdp")
    draft.put(b"Content-Length", AUTO)


def encodings(draft: Draft, draw: Draw) -> None:
    """A body that says it is packed, and one of a size that is odd."""
    draft.put(b"Content-Encoding", draw.pick((b"gzip", b"deflate", b"gzip, gzip", b"\x00", b"br")))
    draft.body = draw.pick(
        (
            b"\x1f\x8b\x08\x00" + draw.octets(99),
            b"\x00" * draw.pick((1, 1300, 50_000)),
            b"\r\n\r\n" * 9,
        )
    )
    draft.put(b"Content-Length", AUTO)
