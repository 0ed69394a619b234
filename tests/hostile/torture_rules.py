"""
What holds for each message that the server passes on, and for each answer that it gives.
"""

from __future__ import annotations

import re
from typing import Final

from tests.hostile.octets import Octets, closed_up, spaced

_CHANGED: Final = (
    b"max-forwards",
    b"max-breadth",  # RFC 5393 section 5.3.3; no message here has one
    b"content-length",
    b"route",
    b"record-route",
    b"via",
)
_NO_DIALOG: Final = (b"OPTIONS", b"MESSAGE", b"BYE")  # a method that nobody knows may begin one
_REPEATED: Final = (b"from", b"to", b"call-id", b"cseq")
_SOURCE: Final = re.compile(rb";(?:received|rport)(?:=[^;,]*)?")


def check_forwarded(sent: bytes, passed_on: Octets, contact: str) -> None:
    """
    All of *sent* is in *passed_on*, in its order and as it was, and no octet beyond its end.

    Only what RFC 3261 section 16.6 wants changed is different: the Request-URI is *contact*,
    Max-Forwards is one less, Via and Record-Route are one more, our own Route is used up.
    """
    original = Octets.of(sent)
    assert passed_on.start == b"%s %s SIP/2.0" % (original.method, contact.encode())
    check_record_routes(original, passed_on)
    assert passed_on.without(*_CHANGED) == original.without(*_CHANGED)
    assert passed_on.all(b"route") == []
    hops = original.all(b"max-forwards")
    assert [int(left) for left in passed_on.all(b"max-forwards")] == [
        int(hops[0]) - 1 if hops else 70
    ]
    length = original.all(b"content-length")
    assert passed_on.body == original.body[: int(length[0]) if length else None]
    assert passed_on.all(b"content-length") == [b"%d" % len(passed_on.body)]
    first, *others = passed_on.all(b"via")
    assert re.fullmatch(rb"SIP/2\.0/UDP [^;]+;branch=z9hG4bK[0-9a-z]+;rport", first)
    check_vias(original.all(b"via"), others)


def check_record_routes(original: Octets, passed_on: Octets) -> None:
    """Ours are in front, one for each side, where *original* may begin a dialog; the rest stay."""
    kept = original.all(b"record-route")
    got = passed_on.all(b"record-route")
    ours = got[: len(got) - len(kept)]
    assert got[len(ours) :] == kept
    begins = original.method not in _NO_DIALOG and b"tag" not in original.all(b"to")[0]
    assert (1 <= len(ours) <= 2) if begins else not ours
    assert all(re.fullmatch(rb"<sip:[\w-]+@[^>;]+(;transport=\w+)?;lr>", one) for one in ours)


def check_answer(sent: bytes, answer: Octets) -> None:
    """*answer* is whole, and repeats what it has to (RFC 3261 section 8.2.6.2) of *sent*."""
    original = Octets.of(sent)
    assert answer.status >= 100
    check_vias(original.all(b"via"), answer.all(b"via"))
    for name in _REPEATED:
        wanted, got = original.all(name)[:1], answer.all(name)
        if name == b"to" and got != wanted:
            got = [got[0].rpartition(b";tag=")[0]]
        assert len(got) == 1
        assert not wanted or spaced(got[0]) == spaced(wanted[0])
    assert answer.all(b"content-length") == [b"%d" % len(answer.body)]


def check_vias(sent: list[bytes], got: list[bytes]) -> None:
    """All of them, in order; the first one says where it really came from."""
    assert [spaced(one) for one in got[1:]] == [spaced(one) for one in sent[1:]]
    claimed = closed_up(sent[0]).split(b",")[0]
    told, *others = closed_up(got[0]).split(b",")
    assert others == closed_up(sent[0]).split(b",")[1:]
    assert _SOURCE.sub(b"", told) == _SOURCE.sub(b"", claimed)
    if told != claimed:
        assert b";received=127." in told
