"""What only a connection can do; a datagram does what is next to it."""

from __future__ import annotations

from fuzz.draft import SELF, Cut, Draft, End, Sender
from fuzz.draw import Draw


def split(draft: Draft, draw: Draw) -> None:
    """A message in pieces, cut where it hurts."""
    draft.cut = draw.pick((Cut.TWO, Cut.SEVERAL, Cut.ENDS, Cut.EACH))
    if draw.once_in(2):
        draft.body = b"\r\n\r\n" + draft.smuggled()


def several_at_once(draft: Draft, draw: Draw) -> None:
    """Requests on each other's heels; of a datagram all but the first are nothing."""
    if not draft.streams:
        draft.tail = draft.smuggled() + b"\r\n\r\n" + draft.smuggled()
        return
    whole = draft.octets()
    parts = [
        whole.replace(draft.token, draft.token + b"%d" % count)
        for count in range(draw.between(2, 6))
    ]
    draft.raw = draw.pick((b"", b"\r\n", b"\r\n\r\n")).join(parts)
    draft.cut = draw.pick((Cut.WHOLE, Cut.SEVERAL, Cut.ENDS))


def called(draft: Draft, draw: Draw) -> None:
    """A call that may be taken, so that there is a dialog to go on in: see :mod:`fuzz.dialogs`."""
    draft.sender = Sender.TRUSTED
    draft.method = b"INVITE"
    draft.start = b"INVITE sip:phone@fuzz.test SIP/2.0"
    draft.put(b"CSeq", b"%d INVITE" % draw.between(1, 10_000))
    draft.remove(b"Route")


def sudden_end(draft: Draft, draw: Draw) -> None:
    """INVITEs, and then nobody is there to answer."""
    draft.method = b"INVITE"
    draft.start = (
        b"INVITE sip:" + draw.pick((b"phone", b"sleeper", b"spare1")) + b"@fuzz.test SIP/2.0"
    )
    draft.put(b"CSeq", b"1 INVITE")
    draft.end = draw.pick((End.CLOSED, End.RESET))


def half_message(draft: Draft, draw: Draw) -> None:
    """A message that stops in the middle, for good or until the connection is closed."""
    whole = draft.octets()
    draft.raw = whole[: draw.between(1, len(whole) - 1)]
    draft.end = draw.pick((End.CLOSED, End.RESET, End.LEFT))


def keep_alives(draft: Draft, draw: Draw) -> None:
    """Line ends between messages, by twos and alone, few and many; NULs, STUN."""
    before = draw.pick(
        (b"\r\n\r\n", b"\r\n", b"\r", b"\n\n\n", b"\r\n" * 999, b"\r\n\r\n\r", b"\n\r")
    )
    after = draw.pick((b"", b"\r\n\r\n", b"\r\n\r\n\r\n"))
    if draft.streams:
        draft.raw = before + draft.octets() + after
    else:
        odd = (
            b"\x00",
            b"\x00" * 4,
            b"\r\n\r\n",
            b"\x00\x01\x00\x00\x21\x12\xa4\x42" + b"a" * 12,
            b"jaK",
            b"\r",
        )
        draft.raw = draw.pick((*odd, before + draft.octets()))


def idle(draft: Draft, draw: Draw) -> None:
    """A connection on which nothing comes, or hardly anything: it is closed by the server."""
    draft.raw = draw.pick((b"", b"\r\n", b"I", b"INVITE sip:phone@fuzz.test SIP/2.0\r\nVia: "))
    draft.end = End.LEFT


def floods(draft: Draft, draw: Draw) -> None:
    """The same many times, as retransmissions are, or as new requests that fail half way."""
    draft.body = b""
    whole = draft.octets().replace(SELF, b"127.0.0.1:9") if draw.once_in(4) else draft.octets()
    if draft.streams:
        draft.raw = b"".join(whole.replace(draft.token, draft.token + b"%d" % n) for n in range(30))
    else:
        draft.raw = whole
