"""Lines: where a header field ends, and what its name is."""

from __future__ import annotations

from fuzz.draft import Draft
from fuzz.draw import Draw

_BREAKS = (b"\r", b"\n", b"\x00", b"\n\r", b"\r\r", b"\x0b", b"\x0c", b"\x1c", b"\x85", b"\xc2\x85",
    b"\xe2\x80\xa8", b"\x00\r\x00\n", b"\r\x00\n", b"\xc4\x8d\xc4\x8a")  # fmt: skip
_ESCAPED = (b"%0d%0a", b"%0D%0A", b"%250d%250a", b"%00", b"%0a", b"%0d", b"\\r\\n", b"&#13;&#10;",
    b"%E5%98%8D%E5%98%8A", b"%u000d%u000a")  # fmt: skip
_WORD = b"X-Subject"


def folding(draft: Draft, draw: Draw) -> None:
    """Values that go on in the next line, as they may."""
    fold = draw.pick((b"\r\n ", b"\r\n\t", b" \r\n  \t ", b"\r\n \r\n "))
    draft.fields = [
        (name, value if draw.once_in(2) else value.replace(b" ", fold, 1) or fold)
        for name, value in draft.fields
    ]
    draft.add(b"Subject", b"one" + fold + draft.canary)


def folded_start(draft: Draft, draw: Draw) -> None:
    """White space where no line can go on: behind the start line, or as a line of its own."""
    name, value = draft.fields[0]
    if draw.once_in(2):
        draft.fields[0] = (b" " + name, value)
    else:
        draft.add(draw.pick((b" ", b"\t", b" : ", b"\t\t:")), b"x", draw.below(3))


def injection(draft: Draft, draw: Draw) -> None:
    """A line end that is none, in any value, with a header field behind it (T11)."""
    at = draw.below(len(draft.fields))
    name, value = draft.fields[at]
    place = draw.between(0, len(value))
    broken = draw.pick(_BREAKS) + draft.canary + draw.pick((b"", b"\r", b"\n", b"\n\n"))
    draft.fields[at] = (name, value[:place] + broken + value[place:])


def injected_start(draft: Draft, draw: Draw) -> None:
    """The same in the start line."""
    place = draw.between(0, len(draft.start))
    broken = draw.pick(_BREAKS) + draft.canary + draw.pick((b"", b"\r", b"\n"))
    draft.start = draft.start[:place] + broken + draft.start[place:]


def escaped_injection(draft: Draft, draw: Draw) -> None:
    """A line end that is escaped, where somebody may unescape it."""
    bad = draw.pick(_ESCAPED) + draft.canary.replace(b" ", b"%20")
    uri = draw.pick((b"sip:phone" + bad + b"@fuzz.test", b"sip:phone@fuzz.test;x=" + bad,
        b"sip:phone@fuzz.test;" + bad + b"=1", b"sip:phone:" + bad + b"@fuzz.test",
        b"sip:phone@fuzz.test?Subject=" + bad, b"sip:phone@fuzz.test;maddr=" + bad,
        b"sip:phone@fuzz.test;pn-prid=" + bad, b"sip:sleeper" + bad + b"@fuzz.test",))  # fmt: skip
    where = draw.pick((b"", b"From", b"To", b"Contact", b"Route", b"Refer-To", b"Reason"))
    if where:
        draft.put(where, b"<" + uri + b">;tag=" + draft.token + bad)
    elif draft.method:
        draft.start = draft.method + b" " + uri + b" SIP/2.0"


def quoted_pairs(draft: Draft, draw: Draw) -> None:
    """Backslashes before what they cannot quote, and at the end."""
    bad = draw.pick((b"\\\r", b"\\\n", b"\\\x00", b"\\\\\\", b"\\\xff", b"\\", b'\\"', b"\\\\"))
    quoted = b'"a' + bad + draft.canary + draw.pick((b'"', b'\\"', b""))
    name = draw.pick((b"From", b"To", b"Contact", b"Reason", b"Subject", b"Via"))
    draft.put(name, quoted + b" " + draft.get(name))


def spaced_colon(draft: Draft, draw: Draw) -> None:
    """White space before the colon, of fields that a proxy has to find."""
    credentials = (
        b'Digest username="x",realm="fuzz.test",nonce="n",uri="u",response="'
        + draw.pick((b"0", b"z")) * 64
        + b'"'
    )
    added = (
        (b"Proxy-Authorization", credentials),
        (b"P-Sippn-Wait", b"170"),
        (b"Proxy-Require", b"fuzz"),
        (b"X-Header", b"v"),
        (b"Route", b"<sip:127.0.0.1:9;lr>"),
    )
    name, value = draw.pick(added)
    draft.add(name + draw.pick((b" ", b"\t", b" \t ")), value)
    if draw.once_in(2):
        draft.colon = draw.pick((b" : ", b":", b"\t:\t", b" :"))


def control_names(draft: Draft, draw: Draw) -> None:
    """Control octets that are taken for white space, around a name."""
    bad = draw.pick((b"\x01", b"\x00", b"\x0b", b"\x0c", b"\x1f", b"\x7f", b"\xa0", b"\xc2\xa0"))
    at = draw.below(len(draft.fields))
    name, value = draft.fields[at]
    odd = draw.pick((name + bad, bad + name, name[:1] + bad + name[1:]))
    if draw.once_in(2):
        draft.fields[at] = (odd, value)
    else:
        draft.add(odd, value, at)


def odd_names(draft: Draft, draw: Draw) -> None:
    """Names that are none, or long."""
    odd = (b"", b":", b"X Y", b"X/Y", b"(x)", b'"x"', b"X" * 257, b"X" * 20000, b"\xff", b"X;y",
        b"Via,Via", b"From\\", b"<", b"X\xc4\xb0")  # fmt: skip
    draft.add(draw.pick(odd), b"v", draw.below(len(draft.fields)))


def no_colon(draft: Draft, draw: Draw) -> None:
    """A line without one, or with nothing else."""
    at = draw.below(len(draft.fields) + 1)
    lines = draft.head().split(b"\r\n")
    lines.insert(
        at + 1, draw.pick((b"Subject", b":", b"x", b": v", b"\xff\xfe", b"SIP/2.0 200 OK"))
    )
    draft.raw = b"\r\n".join(lines) + draft.body


def nul_octets(draft: Draft, draw: Draw) -> None:
    """NULs, anywhere."""
    octets = bytearray(draft.octets())
    for _ in range(draw.between(1, 5)):
        octets.insert(draw.between(0, len(octets)), 0)
    draft.raw = bytes(octets)


def no_utf8(draft: Draft, draw: Draw) -> None:
    """Octets that are no UTF-8, or UTF-8 that is none: overlong, surrogates."""
    odd = (b"\xff", b"\xc0\x8a", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x28\xa1", b"\x80\x80",
        b"\xc0\x80", b"\xef\xbf\xbf", b"\xf0\x9f\x98\x80")  # fmt: skip
    for at in draw.several(range(len(draft.fields)), 3):
        name, value = draft.fields[at]
        place = draw.between(0, len(value))
        draft.fields[at] = (name, value[:place] + draw.pick(odd) + value[place:])


def duplicates(draft: Draft, draw: Draw) -> None:
    """A field twice that may be there once; the second To has an empty tag."""
    names = (b"To", b"To", b"From", b"Call-ID", b"CSeq", b"Max-Forwards", b"Contact", b"Expires")
    name = draw.pick(names)
    value = draft.get(name)
    if draw.once_in(2):
        value = value.partition(b";")[0] + draw.pick(
            (b";tag=", b";tag", b";tag=x", b"", b";tag=;tag")
        )
    short = {b"To": b"t", b"From": b"f", b"Call-ID": b"i"}.get(name, name)
    draft.add(draw.pick((name, short, name.upper())), value, draw.below(len(draft.fields)))


def missing(draft: Draft, draw: Draw) -> None:
    """A field is not there, or empty."""
    name = draw.pick((b"Via", b"From", b"To", b"Call-ID", b"CSeq", b"Max-Forwards", b"Contact"))
    if draw.once_in(2):
        draft.remove(name)
    else:
        draft.put(name, b"")


def versions(draft: Draft, draw: Draw) -> None:
    """Other versions of SIP, and what a status line might repeat of them."""
    start = draft.start.rpartition(b" ")[0]
    odd = (b"sip/2.0", b"SIP/2.0SIP/2.0", b"SIP/3.0", b"SIP/2.00", b"SIP/02.0", b"SIP/2.0 ", b"",
        b"HTTP/1.1", b"SIP/2", b"SIP/99999999999.0", b"SIP/2.0\t", b"S\xc4\xb0P/2.0",
        b"SIP/2.\xd9\xa0", b"SIP/-1.0", b"SIP/2.0\r")  # fmt: skip
    draft.start = start + b" " + draw.pick(odd)


def methods(draft: Draft, draw: Draw) -> None:
    """Methods cut short, in another case, overlong, or no tokens."""
    known = draft.method or b"INVITE"
    odd = (known[:3], known[:1], b"", known.lower(), known * 100, known + b"\x00", b"IN VITE",
        b"\xff" * 5, known + b"/", b'"' + known + b'"', b"%s%n", b"@", b"M" * 33,
        b"M" * 32)  # fmt: skip
    method = draw.pick(odd)
    _, _, rest = draft.start.partition(b" ")
    draft.start = method + b" " + rest
    if draw.once_in(2):
        draft.put(b"CSeq", b"1 " + method)


def start_lines(draft: Draft, draw: Draw) -> None:
    """No start line, half of one, one of a response, or one with white space in it."""
    known = draft.start
    odd = (b"", b"SIP/2.0 099 x", b"SIP/2.0 700 x", b"SIP/2.0 2000 x", b"SIP/2.0 200", b"SIP/2.0",
        b"SIP/2.0 \xd9\xa2\xd9\xa0\xd9\xa0 OK", known.replace(b" ", b"  "), known.replace(b" ",
        b"\t"), b" " + known, known + b" ", known[: draw.below(len(known))], b"SIP/2.0 +20 OK",
        b"SIP/2.0 200 " + b"\x01" * 99, known * 3, b"GET / HTTP/1.1", draw.octets(40))  # fmt: skip
    draft.start = draw.pick(odd)


def flipped(draft: Draft, draw: Draw) -> None:
    """Any octets of it changed, left out or doubled, blindly."""
    octets = bytearray(draft.octets())
    for _ in range(draw.between(1, 8)):
        place, size = draw.below(len(octets)), draw.between(1, 6)
        piece = octets[place : place + size]
        octets[place : place + size] = draw.pick((b"", draw.octets(size), bytes(piece) * 2))
    draft.raw = bytes(octets) or b"x"
