"""URIs, Via, and the quotes and brackets around them."""

from __future__ import annotations

from fuzz.draft import NEXT_HOP, SERVER, Draft
from fuzz.draw import Draw

_HOSTS = (b".1", b"[.1]", b"[", b"]", b"[]", b"[::", b"::1", b"[::1", b"[::1]",
    b"[::ffff:127.0.0.1]", b"[fe80::1%lo]", b"[fe80::1%25lo]", b"[1:2:3:4:5:6:7:8:9]",
    b"256.256.256.256", b"0", b"127.1", b"0x7f.0.0.1", b"255.255.255.255", b"224.0.0.1", b"0.0.0.0",
    b"-", b".", b"..", b"a..b", b"a.", b"\xc4\xb0.test", b"fuzz.test.", b"FUZZ.TEST", b"a" * 300,
    b"1.2.3.4.5", b"127.0.0.1:", b"%31", b"127.0.0.1:0", b"127.0.0.1:65536",
    b"127.0.0.1:99999999999", b"127.0.0.1:-1", b"127.0.0.1:+5", b"[:::]", b"[v1.a]",
    b"127.0.0.1:\xd9\xa3")  # fmt: skip
_URIS = (b"sip:phone@fuzz.test%", b"sip:phone%@fuzz.test", b"sip:%2", b"sip:", b"sip:@",
    b"sip:@fuzz.test", b":", b"", b"sip", b"sips:phone@fuzz.test", b"SIP:phone@FUZZ.TEST",
    b"tel:+1", b"tel:", b"mailto:a@b", b"http://127.0.0.1/", b"urn:service:sos",
    b"sip:a@b@fuzz.test", b"sip:a:b:c@fuzz.test", b"sip:phone@fuzz.test;", b"sip:phone@fuzz.test;;",
    b"sip:phone@fuzz.test;=x", b"sip:phone@fuzz.test;x=", b"sip:phone@fuzz.test?",
    b"sip:phone@fuzz.test?a", b"sip:phone@fuzz.test?a=b&c=d&&",
    b"sip:phone@fuzz.test?Route=%3Csip:127.0.0.1%3E", b"sip:phone@fuzz.test;method=INVITE?body=x",
    b"sip:phone@fuzz.test;transport=tls", b"sip:phone@fuzz.test;transport=%00",
    b"sip:phone@fuzz.test;lr", b"sip:phone@fuzz.test;ttl=300;maddr=255.255.255.255",
    b"sip:phone@fuzz.test;maddr=", b"sip:%70hone@fuzz.test", b"sip:phone@fuzz.test;user=phone",
    b"<sip:phone@fuzz.test>", b"sip:phone@fuzz.test>", b"sip:a b@fuzz.test", b'sip:"a"@fuzz.test',
    b"sip:phone@fuzz.test,sip:b@fuzz.test", b'sip:phone@fuzz.test;a="b;c"', b"*",
    b"sip:\xff@fuzz.test", b"sip:phone\x00@fuzz.test", b"sip:/../..@fuzz.test", b"//fuzz.test",
    b"sip:phone@fuzz.test#f", b"sip:phone@fuzz.test;gr=;ob;sub", b"sip:..@fuzz.test",
    b"sip:%ff%fe@fuzz.test")  # fmt: skip
_QUOTES = (b'"', b'"a', b'a"', b'""', b'"""', b'"\\"', b'"a" "b"', b"<", b">", b"<<", b"<>", b"><",
    b"(", b")", b"((", b"(\\)", b'"(" <', b'"<sip:x@fuzz.test>"', b";;", b";=", b';a="', b';a="b',
    b';a=b"', b",", b",,", b"\\", b'"' * 301, b"(" * 2000, b"<" * 300, b'"\\' * 500, b'";tag=x',
    b'"\\" <', b"'", b"`", b';tag="')  # fmt: skip
_PLACES = (b"From", b"To", b"Contact", b"Route", b"Record-Route", b"Path", b"Refer-To", b"Via")


def bad_uris(draft: Draft, draw: Draw) -> None:
    """URIs that are none, or that say more than one should believe."""
    uri = draw.pick(_URIS)
    if draft.method and draw.once_in(2):
        draft.start = draft.method + b" " + uri + b" SIP/2.0"
    name = draw.pick(_PLACES[:-1])
    draft.put(name, draw.pick((b"<" + uri + b">", uri, b'"x" <' + uri + b">;tag=" + draft.token)))


def odd_hosts(draft: Draft, draw: Draw) -> None:
    """Hosts and ports that are none, or of nobody: in the Request-URI and elsewhere."""
    uri = draw.pick((b"sip:phone@", b"sip:")) + draw.pick(_HOSTS)
    if draft.method and draw.once_in(2):
        draft.start = draft.method + b" " + uri + b" SIP/2.0"
    name = draw.pick(_PLACES[:-1])
    tag = b";tag=" + draft.token if name == b"From" else b""
    draft.put(name, b"<" + uri + draw.pick((b"", b";lr")) + b">" + tag)


def bad_vias(draft: Draft, draw: Draw) -> None:
    """A Via that cannot be answered, or that leads an answer elsewhere."""
    host, token = draw.pick((b":]", *_HOSTS)), draft.token
    odd = (b"SIP/2.0/UDP :]", b"SIP/2.0/UDP " + host + b";branch=z9hG4bK" + token, b"SIP/2.0/UDP",
        b"SIP/2.0/", b"SIP / 2.0 / UDP " + host + b" : 5060;branch=z9hG4bK" + token,
        b"SIP/2.0/UDP  a b;branch=" + token,
        b"SIP/2.0/UDP 127.0.0.1;maddr=255.255.255.255;branch=z9hG4bK" + token,
        b"SIP/2.0/X\xff 127.0.0.1", b"SIP/2.0/UDP 127.0.0.1;received=255.255.255.255;branch=z9hG4bK"
        + token, b"SIP/3.0/UDP 127.0.0.1:9",
        b"SIP/2.0/UDP 127.0.0.1;maddr=[::1];ttl=999;branch=z9hG4bK" + token, b"HTTP/1.1/UDP x",
        b",", b"", b"SIP/2.0/UDP 127.0.0.1;rport=99999;branch=z9hG4bK" + token,
        b"SIP/2.0/UDP 127.0.0.1;branch=" + token,
        b"SIP/2.0/UDP 127.0.0.1;rport=;received=;branch=z9hG4bK", b"SIP/2.0/UDP " + host
        + b";maddr=" + host, b'SIP/2.0/UDP 127.0.0.1:9;branch="z9hG4bK' + token,
        b"SIP/2.0/TLS 127.0.0.1:0;branch=z9hG4bK" + token, draft.get(b"Via") + b",SIP/2.0/UDP :]",
        draft.get(b"Via") + b",", b"," + draft.get(b"Via"),
        b"SIP/2.0/UDP 127.0.0.1:9 (x);branch=z9hG4bK" + token,)  # fmt: skip
    draft.put(b"Via", draw.pick(odd))


def quotes(draft: Draft, draw: Draw) -> None:
    """Quotes, brackets and comments without an end, or one inside of the other."""
    name = draw.pick((*_PLACES, b"User-Agent", b"Authorization", b"Reason", b"Accept"))
    value, bad = draft.get(name), draw.pick(_QUOTES)
    draft.put(name, draw.pick((bad + value, value + bad, bad, value[:9] + bad + value[9:])))


def bad_from(draft: Draft, draw: Draw) -> None:
    """A From, or the To that a dialog's is, with a stray quote or half a parameter."""
    tag = b";tag=" + draft.token
    odd = (b"sip:caller@fuzz.test;tag", b'"<sip:caller@fuzz.test>' + tag, b"<sip:caller@fuzz.test>;"
        + tag, b'a" <sip:caller@fuzz.test>' + tag, b"<sip:caller@fuzz.test" + tag,
        b"sip:caller@fuzz.test>" + tag, b"<sip:caller@fuzz.test>;tag=" + b"<" * 9, b"<sip:caller>"
        + tag, b"<>" + tag, b"caller" + tag, tag, b"<sip:caller@fuzz.test>" + tag + b";tag=2",
        b"<sip:caller@fuzz.test>;tag=a b", b"a b <c> d <e>" + tag,
        b"<sip:caller@fuzz.test>,<sip:b@fuzz.test>" + tag, b'"\xff\xfe" <sip:caller@fuzz.test>'
        + tag)  # fmt: skip
    draft.put(draw.pick((b"From", b"From", b"To")), draw.pick(odd))


def routes(draft: Draft, draw: Draw) -> None:
    """Many, of ours, strict, not ours, forged, broken; and back to us without an end."""
    token = b"A" * draw.pick((1, 22, 60, 3000))
    ours = b"<sip:" + SERVER + b";lr>"
    odd = (b",".join([ours] * draw.pick((2, 60, 500))), b"<sip:" + token + b"@" + SERVER + b";lr>",
        ours[:-4] + b">", ours + b",<sip:" + NEXT_HOP + b">", b"<sip:" + NEXT_HOP
        + b";transport=tcp;lr>", b"<sip:127.0.0.1:9;lr>", b"<sip:" + NEXT_HOP
        + b";maddr=255.255.255.255;lr>", b"<sips:" + NEXT_HOP + b";lr>", b"<tel:1;lr>", ours
        + b",<sip:[::1]:9;lr>", b"<sip:" + NEXT_HOP + b';lr>;x="', b"<sip:" + NEXT_HOP
        + b"?Route=x;lr>",)  # fmt: skip
    draft.put(b"Route", draw.pick(odd))
    if draft.method and draw.once_in(4):
        draft.start = draft.method + b" sip:" + token + b"@" + SERVER + b";lr SIP/2.0"


def unsendable(draft: Draft, draw: Draw) -> None:
    """Something that must be sent, where nothing can be sent to, or where it does not fit."""
    far = draw.pick(
        (b"255.255.255.255", b"224.0.0.1", b"[::1]", b"0.0.0.0", b"127.0.0.1:0", b"[ff02::1]:9")
    )
    where = b"<sip:" + far + draw.pick((b";lr>", b">", b";transport=tcp;lr>", b";transport=x;lr>"))
    draft.put(draw.pick((b"Route", b"Path", b"Contact")), where)
    if draw.once_in(3):
        draft.body = b"b" * 64_000
    if draw.once_in(3):
        draft.put(b"Via", b"SIP/2.0/UDP " + far + b";branch=z9hG4bK" + draft.token)
