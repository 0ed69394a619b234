"""
What is written is read as it was, whatever it is.
"""

from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st

from sippn.errors import SIPError
from sippn.sip import (
    URI,
    BadMessage,
    Headers,
    Message,
    NameAddr,
    Params,
    Request,
    Response,
    Via,
    check,
    escape_pvalue,
    parse_params,
    quote,
    read,
    response_to,
    same_uri,
    split_values,
    unescape,
    unquote,
    write,
    write_params,
)

TOKEN = string.ascii_letters + string.digits + "-.!%*_+`'~"
UNRESERVED = string.ascii_letters + string.digits + "-_.!~*'()"

tokens = st.text(TOKEN, min_size=1, max_size=20)
plain_texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=20)
quoted = plain_texts.map(quote)
escaped = st.text(UNRESERVED + "&=+$,;?/ é%", min_size=1, max_size=12).map(
    lambda text: escape_pvalue(text).replace(":", "%3A")
)
ports = st.none() | st.integers(0, 65535)
hosts = (
    st.sampled_from(["example.com", "192.0.2.1", "[2001:db8::1]", "h", "[::ffff:192.0.2.1]"])
    | st.from_regex(r"[a-z0-9][a-z0-9-]{0,9}(\.[a-z0-9]{1,5}){0,3}", fullmatch=True)
)  # fmt: skip
pairs = st.tuples(tokens, st.none() | tokens | quoted)
params: st.SearchStrategy[Params] = st.lists(pairs, max_size=5).map(tuple)
uri_params: st.SearchStrategy[Params] = st.lists(
    st.tuples(tokens, st.none() | escaped.map(lambda text: text.replace("?", "%3F"))), max_size=5
).map(tuple)


@st.composite
def uris(draw: st.DrawFn) -> URI:
    """Any URI of the grammar."""
    user = draw(st.none() | escaped)
    password = draw(st.none() | escaped) if user is not None else None
    headers = draw(st.sampled_from(["", "Subject=a%20b", "a=b&c="]))
    scheme = draw(st.sampled_from(["sip", "sips"]))
    return URI(scheme, user, password, draw(hosts), draw(ports), draw(uri_params), headers)


name_addrs = st.builds(NameAddr, st.just("") | quoted | tokens, uris().map(str), params)
vias = st.builds(Via, st.sampled_from(["UDP", "TCP", "WSS", "TLS-SCTP"]), hosts, ports, params)
values = st.binary(max_size=40).map(
    lambda octets: (
        octets.translate(None, b"\r\n\x00").decode("utf-8", "surrogateescape").strip(" \t")
    )
)
headers = st.lists(st.tuples(tokens, values), max_size=8).map(
    lambda found: Headers(
        [pair for pair in found if pair[0].lower() not in ("l", "content-length")]
    )
)
requests = st.builds(Request, tokens, uris().map(str), headers, st.binary(max_size=50))
responses = st.builds(
    Response, st.integers(100, 699), plain_texts.map(str.strip), headers, st.binary(max_size=50)
)


@given(params)
def test_params(value: Params) -> None:
    """Params: text and back."""
    assert parse_params(write_params(value)) == value


@given(plain_texts)
def test_quoted_strings(text: str) -> None:
    """Quoted strings: text and back."""
    assert unquote(quote(text)) == text


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=40))
def test_escapes(text: str) -> None:
    """G-03: escaped once, unescaped once."""
    assert unescape(escape_pvalue(text)) == text


@given(uris())
def test_uris(uri: URI) -> None:
    """A URI is its text, and the same as itself."""
    text = str(uri)
    assert URI.parse(text) == uri
    assert str(URI.parse(text)) == text
    assert same_uri(uri, URI.parse(text))


@given(name_addrs)
def test_addresses(address: NameAddr) -> None:
    """With brackets nothing gets lost between URI and header field."""
    assert NameAddr.parse(str(address)) == address
    assert str(address.uri) == address.uri_text


@given(st.lists(name_addrs, min_size=1, max_size=4))
def test_several_addresses_on_a_line(addresses: list[NameAddr]) -> None:
    """Commas in names, URIs and parameters separate nothing."""
    texts = [str(address) for address in addresses]
    assert split_values(", ".join(texts)) == texts


@given(vias)
def test_vias(via: Via) -> None:
    """A hop is its text."""
    assert Via.parse(str(via)) == via


@given(requests)
def test_requests(message: Request) -> None:
    """Method, URI, fields in order and letter case, every octet of the body."""
    again = read(write(message))
    assert isinstance(again, Request)
    assert (again.method, again.uri, again.body) == (message.method, message.uri, message.body)
    assert list(again.headers)[:-1] == list(message.headers)


@given(responses)
def test_responses(message: Response) -> None:
    """Status, reason, fields, body; and what was read is written the same."""
    octets = write(message)
    again = read(octets)
    assert isinstance(again, Response)
    assert (again.status, again.reason, again.body) == (
        message.status,
        message.reason,
        message.body,
    )
    assert write(again) == octets


def _checked(octets: bytes) -> Message | None:
    try:
        message = read(octets)
        check(message)
    except BadMessage as problem:
        return problem.request
    return message


PIECES = st.sampled_from(
    [
        *[b"INVITE", b" ", b"sip:a@h", b" SIP/2.0", b"\r\n", b"\r\n ", b"\r", b"\n", b"\x00", b":"],
        *[b"Via: SIP/2.0/UDP h;branch=z9hG4bK", b"From: <sip:a@h>;tag=1", b"To: ", b"\xff", b'"'],
        *[b"CSeq: 1 INVITE", b"Call-ID: c", b"Contact: ", b"l: 1", b"<", b">", b",", b";", b"="],
    ]
)


@given(st.binary(max_size=200) | st.lists(PIECES, max_size=40).map(b"".join))
def test_rubbish(octets: bytes) -> None:
    """A1, A2: no octets raise anything but a BadMessage, and every answer can be written."""
    message = _checked(octets)
    if isinstance(message, Request):
        answered = write(response_to(message, 400, to_tag="t"))
        assert answered.count(b"\r\n\r\n") == 1
        assert b"\x00" not in answered


@given(st.text(max_size=60) | st.text(' \t:;,=<>"\\@?%[].aA1*/', max_size=60))
def test_rubbish_in_values(text: str) -> None:
    """Parsers of values raise SIPErrors alone."""
    for parse in (URI.parse, NameAddr.parse, Via.parse, parse_params, split_values, unescape):
        try:
            parse(text)
        except SIPError:
            continue
