"""Too much of something: everything that may be repeated, and everything that has a length."""

from __future__ import annotations

from fuzz.draft import Draft
from fuzz.draw import Draw

_DATAGRAM = 60_000  # octets that fit, with the rest of a message


def _times(draft: Draft, draw: Draw, piece: bytes) -> int:
    """How often: at a limit that somebody may have, or as often as it fits."""
    most = _DATAGRAM // len(piece)
    return min(draw.pick((69, 71, 199, 201, 1000, 10_000)), most * 2 if draft.streams else most)


def many_vias(draft: Draft, draw: Draw) -> None:
    """Up to 10,000 hops, in a line or in lines."""
    via = b"SIP/2.0/UDP a"
    count = _times(draft, draw, b"v:" + via + b"\r\n")
    if draw.once_in(2):
        draft.put(b"Via", draft.get(b"Via") + b"," + b",".join([via] * count))
    else:
        at = draft.index(b"Via") + 1
        draft.fields[at:at] = [(b"v", via)] * count


def many_fields(draft: Draft, draw: Draw) -> None:
    """Up to 10,000 fields that mean nothing."""
    at = draft.index(b"Content-Length")
    draft.fields[at:at] = [(b"X", b"")] * _times(draft, draw, b"X: \r\n")


def many_params(draft: Draft, draw: Draw) -> None:
    """Up to 10,000 parameters of a URI or a field, or as many headers of a URI."""
    piece = draw.pick((b";a", b";a=b", b';a="b"', b";"))
    params = piece * _times(draft, draw, piece)
    name = draw.pick((b"From", b"To", b"Contact", b"Via", b"Route"))
    kind = draw.below(3)
    if kind == 0:
        draft.put(name, draft.get(name) + params)
    elif kind == 1:
        draft.put(name, b"<sip:phone@fuzz.test" + params + b">;tag=" + draft.token)
    elif draft.method:
        headers = params.replace(b";", b"&").replace(b"&", b"?", 1)
        uri = b"sip:phone@fuzz.test" + draw.pick((params, headers))
        draft.start = draft.method + b" " + uri + b" SIP/2.0"


def long_tokens(draft: Draft, draw: Draw) -> None:
    """A From tag, a branch, a Call-ID of thousands of octets; some of them twice."""
    long = draw.pick((b"x", b"%41", b"9", b".")) * draw.pick((256, 1025, 4097, 20_000))
    kind = draw.below(4)
    if kind == 0:
        draft.put(b"From", b"<sip:caller@fuzz.test>;tag=" + draft.token + long)
    elif kind == 1:
        draft.put(b"Via", draft.get(b"Via").replace(draft.token, draft.token + long))
    elif kind == 2:
        draft.put(b"Call-ID", draft.token + long)
    else:
        draft.put(b"To", b"<sip:phone@fuzz.test>;tag=" + long)
    if draw.once_in(4):
        name = draw.pick((b"From", b"Call-ID", b"Via"))
        draft.add(name, draft.get(name), 1)


def long_values(draft: Draft, draw: Draw) -> None:
    """Any value, longer than a buffer may be: just below a limit, or just above."""
    at = draw.below(len(draft.fields))
    name, value = draft.fields[at]
    size = draw.pick((1023, 1024, 4095, 4097, 8193, 30_000, 60_000))
    fill = draw.pick((b"A", b" ", b"\t", b"%", b"\\", b",", b"\xc3\xa9"))
    draft.fields[at] = (name, value + (fill * size)[:size])


def long_uri(draft: Draft, draw: Draw) -> None:
    """A Request-URI around and beyond 4 KiB."""
    part = b"u" * draw.pick((4000, 4096, 4097, 9000, 50_000))
    uri = draw.pick(
        (b"sip:" + part + b"@fuzz.test", b"sip:phone@fuzz.test;x=" + part, b"sip:" + part)
    )
    draft.start = (draft.method or b"INVITE") + b" " + uri + b" SIP/2.0"


def long_cseq_method(draft: Draft, draw: Draw) -> None:
    """A CSeq with a method of thousands of octets, and a Via without a branch."""
    method = draw.pick((b"M", b"INVITE", b"\xff", b"a ")) * draw.pick((33, 1000, 5000))
    draft.put(b"CSeq", draw.pick((b"1 ", b"1\t", b"1" * 5000 + b" ", b"")) + method)
    draft.put(b"Via", draft.get(b"Via").partition(b";")[0])
    if draw.once_in(3):
        draft.start = method + b" sip:phone@fuzz.test SIP/2.0"


def many_accepts(draft: Draft, draw: Draw) -> None:
    """50 Accepts in a SUBSCRIBE, and more."""
    for count in range(draw.pick((32, 50, 190))):
        draft.add(b"Accept", b"application/x%d;q=0.%d" % (count, count))
    draft.start = b"SUBSCRIBE sip:phone@fuzz.test SIP/2.0"
    draft.put(b"CSeq", b"1 SUBSCRIBE")


def many_contacts(draft: Draft, draw: Draw) -> None:
    """Up to 10,000 Contacts, and a star among them."""
    one = draw.pick((b"<sip:a@b>", b"sip:a@b;expires=1", b"*", b"<sip:a@b;pn-provider=fuzz>"))
    draft.put(b"Contact", b",".join([one] * _times(draft, draw, one + b",")))


def nested(draft: Draft, draw: Draw) -> None:
    """Comments in comments, quotes in quotes, thousands deep."""
    depth = draw.pick((100, 5000, 25_000))
    opening, closing = draw.pick(
        ((b"(", b")"), (b"(\\(", b")"), (b'"\\"', b'"'), (b"<", b">"), (b"[", b"]"))
    )
    value = opening * depth + closing * (depth if draw.once_in(2) else 0)
    draft.put(
        draw.pick((b"User-Agent", b"From", b"To", b"Date", b"Warning", b"Contact")), value[:60_000]
    )


def numbers(draft: Draft, draw: Draw) -> None:
    """Numbers that no 32 bits hold, of thousands of digits, of other scripts, or none at all."""
    odd = (b"4294967295", b"4294967296", b"2147483648", b"18446744073709551616", b"9" * 5000, b"-1",
        b"+5", b"1_0", b" 5 5", b"\xd9\xa3", b"\xc2\xb2", b"1e3", b"0x10", b"",
        b"00000000000000000001", b"1.5", b"NaN", b"\xef\xbc\x91", b"256", b"0", b"1;x")  # fmt: skip
    number = draw.pick(odd)
    fields = ((b"CSeq", number + b" " + (draft.method or b"INVITE")), (b"Max-Forwards", number),
        (b"Expires", number), (b"Contact", b"<sip:a@b>;expires=" + number), (b"RSeq", number),
        (b"Contact", b"<sip:a@b>;q=" + number), (b"Contact", b"<sip:a@b>;reg-id=" + number),
        (b"P-Sippn-Wait", number), (b"Session-Expires", number), (b"Timestamp", number),
        (b"Retry-After", number), (b"Via", b"SIP/2.0/UDP 127.0.0.1:" + number), (b"Max-Breadth",
        number), (b"Contact", b"<sip:a@127.0.0.1:" + number + b">"), (b"Min-Expires",
        number))  # fmt: skip
    name, value = draw.pick(fields)
    draft.put(name, value)


def overflows(draft: Draft, draw: Draw) -> None:
    """What PROTOS c07-sip did to an INVITE: long fields, format strings, encodings, separators."""
    filler = draw.pick((b"a", b"%s%n%x", b"%n%n%n", b"/", b"\\", b"../", b"\xff", b"\x7f", b":",
        b"@", b";", b"=", b"&", b"?", b",", b" ", b"\xe0\x80\xaf", b"%00", b"1", b"<>", b"${x}",
        b"{0}", b"%(x)s", b"{log_time}"))  # fmt: skip
    bad = filler * (2 ** draw.between(0, 12))
    if draft.method and draw.once_in(4):
        words = draft.start.split(b" ")
        words[draw.below(len(words))] = bad
        draft.start = b" ".join(words)
        return
    at = draw.below(len(draft.fields))
    name, value = draft.fields[at]
    place = draw.between(0, len(value))
    draft.fields[at] = (name, draw.pick((bad, value[:place] + bad + value[place:])))
