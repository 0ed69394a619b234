"""The pn-* parameters of RFC 8599, wherever they are: in a Contact, in a Request-URI."""

from __future__ import annotations

from fuzz.draft import SELF, Draft, Sender
from fuzz.draw import Draw


def _values(draft: Draft, draw: Draw) -> bytes:
    bad = (b"", b"=", b'"x"', b"%00", b"%", b"%2", b"%0d%0a" + draft.canary.replace(b" ", b""),
        b"x" * 5120, b"%61" * 1707, b"a b", b"<", b">", b'"', b",", b"@", b"?", b"\xff",
        b"\xc3\xa9", b"%ff%fe", b"a%41", b"%2541", b"[]/:&+$", b'"%0d%0a"', b'"a\\', b"x" * 4096,
        b"Beyond\x00", b"../../x", b"http://127.0.0.1:1/")  # fmt: skip
    value = draw.pick(bad)
    whole = (b";pn-provider=fuzz", b";pn-param=" + draw.pick((b"p", value)), b";pn-prid=" + value)
    said = _dialects(draw, value) if draw.once_in(3) else whole * 2
    return b"".join(draw.several(said, 4))


def _dialects(draw: Draw, value: bytes) -> tuple[bytes, ...]:
    """What else phones say, each of it once in a while with a *value* that nobody says."""
    kinds = (b"apns", b"apns.dev", b"apple", b"google", b"wp", b"fuzz:p", b"webpush", value)
    params = (b"ABCD1234.com.x.voip&remote", b"com.x.voip.dev", b"a.b.&", b"p", value)
    tokens = (b"AA:voip&BB:remote", b"AA&", b":voip&:", b"AA:voip&" + value, value)
    names = (b"timeout", b"silent", b"call-str", b"enckey", b"uri", b"methods", b"x" * 80)
    return (b";pn-provider=" + draw.pick(kinds), b";pn-type=" + draw.pick(kinds),
        b";pn-param=" + draw.pick(params), b";app-id=" + draw.pick(params), b";pn-prid="
        + draw.pick(tokens), b";PN-Tok=" + draw.pick(tokens), b";pn-" + draw.pick(names) + b"="
        + draw.pick((b"1", value)))  # fmt: skip


def push_contacts(draft: Draft, draw: Draw) -> None:
    """A REGISTER with push parameters: quoted, escaped, NUL, 5 KiB, twice, in the wrong place."""
    draft.sender = Sender.TRUSTED
    draft.method = b"REGISTER"
    draft.start = b"REGISTER sip:fuzz.test SIP/2.0"
    draft.put(b"CSeq", b"1 REGISTER")
    draft.put(b"To", b"<sip:spare%d@fuzz.test>" % draw.below(8))
    params = _values(draft, draw)
    uri = b"sip:spare@" + SELF
    odd = (b"<" + uri + params + b">", b"<" + uri + b">" + params, uri + params, b'"x" <' + uri
        + params + b">" + params, b"<" + uri + b";pn-purr=x" + params
        + b'>;+sip.instance="<urn:uuid:' + draft.token + b'>"', b"<" + uri + b'>;+sip.pnsreg="'
        + params + b'"', b"<tel:1" + params + b">")  # fmt: skip
    draft.put(b"Contact", draw.pick(odd))
    if draw.once_in(4):
        feature = draw.pick((b"+sip.pns", b"+sip.pnsreg", b"+sip.pnspurr", b"+sip.vapid"))
        draft.put(b"Feature-Caps", b"*;" + feature + b'="x' + draw.pick((b'"', b"", b'\\"')))


def push_targets(draft: Draft, draw: Draw) -> None:
    """Push parameters that a caller brings, of the sleeper or of nobody (T6)."""
    method = draw.pick((b"INVITE", b"MESSAGE", b"BYE"))
    params = draw.pick(
        (_values(draft, draw), b";pn-provider=fuzz;pn-prid=x", b";pn-purr=" + draft.token)
    )
    user = draw.pick((b"phone", b"sleeper", b"nobody", b"spare1"))
    draft.method = method
    draft.start = method + b" sip:" + user + b"@fuzz.test" + params + b" SIP/2.0"
    draft.put(b"CSeq", b"1 " + method)
    draft.put(b"To", b"<sip:" + user + b"@fuzz.test" + draw.pick((b"", params)) + b">")
    draft.remove(b"Route")


def woken(draft: Draft, draw: Draw) -> None:
    """What is pushed for: a sleeper is called, by names that a push service reads."""
    draft.sender = Sender.TRUSTED
    method = draw.pick((b"INVITE", b"MESSAGE"))
    draft.method = method
    draft.start = method + b" sip:sleeper@fuzz.test SIP/2.0"
    draft.put(b"CSeq", b"1 " + method)
    draft.put(b"To", b"<sip:sleeper@fuzz.test>")
    draft.remove(b"Route")
    odd = (b"", b'"\\', b"\x85" + draft.canary, b"%0d%0a" + draft.canary.replace(b" ", b""),
        b"\xff", b"</script>", b"{}", b"\xe2\x80\xa8", b"\\u000d", b'","prid":"x')  # fmt: skip
    if draw.once_in(2):
        draft.put(b"Call-ID", draft.token + draw.pick(odd))
