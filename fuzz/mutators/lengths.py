"""Content-Length: where a message ends, and who believes it."""

from __future__ import annotations

from fuzz.draft import AUTO, Draft
from fuzz.draw import Draw

_LENGTH = b"Content-Length"


def huge_length(draft: Draft, draw: Draw) -> None:
    """Far more than there is, behind a Request-URI that is odd as well."""
    draft.put(_LENGTH, draw.pick((b"9" * 10, b"9" * 20, b"9" * 5000, b"%d" % 2**63, b"131073")))
    if draft.method:
        uri = draw.pick((b"sip:a@%", b"sip:" + b"A" * 5000 + b"@fuzz.test", b"sip::::@;;", b"sip:"))
        draft.start = draft.method + b" " + uri + b" SIP/2.0"
    draft.tail = draft.beyond


def wraps_to_negative(draft: Draft, draw: Draw) -> None:
    """Around 2^31, where a signed number ends."""
    draft.put(_LENGTH, b"%d" % draw.pick((2**31 - 1, 2**31, 2**31 + 1, 2**32 - 1)))
    draft.tail = draft.beyond


def wraps_to_small(draft: Draft, draw: Draw) -> None:
    """2^32 or 2^64 and what is there: truncated it would fit, and a second message follow."""
    size = len(draft.body)
    draft.put(_LENGTH, b"%d" % (draw.pick((2**32, 2**33, 2**64)) + draw.pick((size, 32))))
    draft.tail = draft.smuggled()


def negative_length(draft: Draft, draw: Draw) -> None:
    """Less than nothing."""
    draft.put(_LENGTH, draw.pick((b"-1", b"-0", b"-9999999999", b"-%d" % len(draft.body))))
    draft.tail = draft.smuggled()


def several_lengths(draft: Draft, draw: Draw) -> None:
    """Two that agree or do not, in either form and order: a second opinion on the end."""
    other = draw.pick((b"0", AUTO, b"5", b"%d" % (len(draft.body) + 20)))
    name = draw.pick((b"l", b"L", b"Content-Length", b"content-length", b"CONTENT-LENGTH"))
    draft.add(name, other, draw.pick((0, len(draft.fields))))
    draft.tail = draft.smuggled()


def written_length(draft: Draft, draw: Draw) -> None:
    """No 1*DIGIT, though some languages read a number in it."""
    size = b"%d" % len(draft.body)
    odd = (b"+" + size, b"0x" + size, size + b";x=1", size + b"," + size, b"1 0", b"1_0", size
        + b".0", b"\xd9\xa3", b"\xef\xbc\x95", b"\xc2\xb2", b"", b'"' + size + b'"', size + b"\x00",
        size + b"\x0b", size + b"e0", b"\xa0" + size)  # fmt: skip
    draft.put(_LENGTH, draw.pick(odd))
    draft.tail = draft.smuggled()


def spaced_length(draft: Draft, draw: Draw) -> None:
    """White space wherever the grammar has it, and leading zeros: all of it is right."""
    name = draw.pick((b"Content-Length ", b"l\t ", b"Content-Length", b"cOnTeNt-LeNgTh"))
    fill = draw.pick((b"", b" \t", b"\t", b"\r\n ", b" \r\n\t"))
    draft.remove(_LENGTH)
    draft.fields.append((name, fill + b"000" + AUTO + draw.pick((b"", b" ", b"\t\t"))))


def short_length(draft: Draft, draw: Draw) -> None:
    """Less than there is: of a datagram the rest is nothing, of a stream the next message."""
    draft.body = draft.body or b"hello, body"
    draft.put(_LENGTH, b"%d" % draw.below(len(draft.body)))
    if not draft.streams:
        draft.body = draft.beyond * 2
        draft.put(_LENGTH, b"0")
        draft.tail = draft.smuggled()


def long_length(draft: Draft, draw: Draw) -> None:
    """More than there is: of a stream what follows is body."""
    draft.put(_LENGTH, b"%d" % (len(draft.body) + draw.between(1, 2000)))
    if not draft.streams:
        draft.tail = b""


def missing_length(draft: Draft, draw: Draw) -> None:
    """None: the end of a datagram, and in a stream nobody knows (RFC 3261 section 20.14)."""
    draft.remove(_LENGTH)
    if draft.streams and draw.once_in(2):
        draft.tail = draft.smuggled()


def second_in_body(draft: Draft, draw: Draw) -> None:
    """A request inside of a body, which is only a body, with empty lines before it or none."""
    draft.body = draw.pick((b"", b"\r\n\r\n", b"x\r\n\r\n", b"\x00")) + draft.smuggled()
    draft.put(_LENGTH, AUTO)


def second_behind(draft: Draft, draw: Draw) -> None:
    """A request behind the end of a datagram; in a stream behind a length that is no length."""
    draft.tail = draft.smuggled() + draft.beyond
    if draft.streams:
        draft.put(_LENGTH, AUTO + draw.pick((b" 0", b"\x00", b"\xc2\xa0", b",0", b"l")))
