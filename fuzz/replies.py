"""What a phone says to a request that the server has brought it: right, or anything else."""

from __future__ import annotations

from collections.abc import Sequence

from fuzz.classes import ALL
from fuzz.draft import AUTO, SELF, Draft
from fuzz.draw import Draw
from fuzz.grammar import STATUSES
from fuzz.strict import Emitted

_COPIED = (b"via", b"record-route", b"from", b"to", b"call-id", b"cseq")
_CHALLENGE = b'Digest realm="fuzz.test",nonce="n",algorithm=SHA-256,qop="auth"'
_MOVED = (b"<sip:phone@" + SELF + b">", b"<sip:sleeper@fuzz.test;pn-provider=fuzz;pn-prid=x>", b"*",
    b"<tel:1>", b"<sip:a@255.255.255.255>", b'<sip:a@[.1]>;q="x', b"<sip:phone@fuzz.test>," * 60
    + b"<sip:a@b>")  # fmt: skip


def replies(
    seed: int, number: int, request: Emitted, streams: bool
) -> Sequence[tuple[bytes, Draft]]:
    """
    Make what a phone answers to *request*, of iteration *number*, in order.

    The last one is as it should be, so that nothing waits for it any more.
    """
    if request.method == b"ACK":
        return ()
    made: list[Draft] = []
    if request.method != b"CANCEL":
        made.append(_fuzzed(Draw(seed, number, "reply"), number, request, streams))
    made.append(_draft(486 if request.method == b"INVITE" else 200, number, request, streams))
    return [(draft.octets(), draft) for draft in made]


def _fuzzed(draw: Draw, number: int, request: Emitted, streams: bool) -> Draft:
    called = request.method == b"INVITE" and draw.once_in(2)
    status = 200 if called else draw.pick(STATUSES)
    draft = _draft(status, number, request, streams)
    if status in (401, 407):  # a server that answered it would give its own credentials away
        name = b"WWW-Authenticate" if status == 401 else b"Proxy-Authenticate"
        draft.add(name, draw.pick((_CHALLENGE, b"Digest", _CHALLENGE + b',stale="')))
    if status == 302:
        draft.put(b"Contact", draw.pick(_MOVED))
    if not draw.once_in(2 if called else 3):
        start = draft.start
        draw.pick(ALL)(draft, draw)
        if draft.start.endswith(b" SIP/2.0"):
            draft.start = start  # a request of its own would be answered with another, for ever
    return draft


def _draft(status: int, number: int, request: Emitted, streams: bool) -> Draft:
    token = b"fzreply"
    draft = Draft(number, token, b"SIP/2.0 %d Reply" % status, [], streams)
    draft.fields = [(name.title(), value) for name, value in request.fields if name in _COPIED]
    to = request.all(b"to")[0]
    if b"tag=" not in to and status != 100:
        draft.put(b"To", to + b";tag=peer")
    draft.fields.append((b"Contact", b"<sip:phone@" + SELF + b">"))
    draft.fields.append((b"Content-Length", AUTO))
    return draft
