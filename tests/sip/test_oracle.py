"""
Well-formed messages mean to us what they mean to somebody else's parser.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import sipmessage

from sippn.sip import NameAddr, Params, Request, Response, read, unescape, unquote, write

MESSAGES = [
    b"""INVITE sip:bob@biloxi.com;transport=tcp SIP/2.0
v: SIP/2.0/TCP pc33.atlanta.com:5061;branch=z9hG4bK776asdhds;rport, SIP/2.0/UDP [2001:db8::1]
Via: SIP/2.0/TLS 192.0.2.1;received=192.0.2.4
Max-Forwards: 70
To: Bob <sip:bob@biloxi.com>
From: "Alice \\"A\\"" <sip:alice@atlanta.com:5062>;tag=1928301774
Call-ID: a84b4c76e66710@pc33.atlanta.com
CSeq: 314159 INVITE
m: <sip:alice@pc33.atlanta.com;ob>;expires=60, "B" <sip:b@h:1>;q=0.5
Route: <sip:p1.example.com;lr>, <sip:p2.example.com;lr>
Content-Type: application/sdp
Content-Length: 5

v=0
""",
    b"""SIP/2.0 200 OK
Via: SIP/2.0/UDP server10.biloxi.com;branch=z9hG4bKnashds8;received=192.0.2.3
To: Bob <sip:bob@biloxi.com>;tag=a6c85cf
From: Alice <sip:alice@atlanta.com>;tag=1928301774
Call-ID: a84b4c76e66710
CSeq: 314159 INVITE
Contact: <sip:bob@192.0.2.4>
Record-Route: <sip:p1.example.com;lr>
Content-Length: 0

""",
]


def _read_both(
    octets: bytes,
) -> tuple[Request | Response, sipmessage.Request | sipmessage.Response]:
    octets = octets.replace(b"\n", b"\r\n")
    return read(octets), sipmessage.Message.parse(octets)


def _same_params(ours: Params, theirs: Mapping[str, str | None]) -> bool:
    return {name: value and unquote(value) for name, value in ours} == dict(theirs)


def _same_address(ours: NameAddr, theirs: sipmessage.Address) -> bool:
    uri = ours.uri
    return (
        (uri.scheme, uri.host, uri.port) == (theirs.uri.scheme, theirs.uri.host, theirs.uri.port)
        and (uri.user and unescape(uri.user)) == theirs.uri.user
        and unquote(ours.display) == theirs.name
        and _same_params(uri.params, theirs.uri.parameters)
        and _same_params(ours.params, theirs.parameters)
    )


@pytest.mark.parametrize("octets", MESSAGES)
def test_fields_mean_the_same(octets: bytes) -> None:
    """Via, From, To, CSeq, Contact and Route, name by name and parameter by parameter."""
    ours, theirs = _read_both(octets)
    assert _same_address(ours.from_, theirs.from_address)
    assert _same_address(ours.to, theirs.to_address)
    assert (ours.cseq.number, ours.cseq.method) == (theirs.cseq.sequence, theirs.cseq.method)
    assert ours.call_id == theirs.call_id
    assert ours.max_forwards == theirs.max_forwards
    assert ours.body == theirs.body
    assert (ours.via.transport, ours.via.host, ours.via.port) == (
        theirs.via[0].transport,
        theirs.via[0].host,
        theirs.via[0].port,
    )
    assert len(ours.headers.values("Via")) == len(theirs.via)
    assert _same_params(ours.via.params, theirs.via[0].parameters)
    assert len(ours.contacts) == len(theirs.contact)
    assert all(map(_same_address, ours.contacts, theirs.contact))
    routes = [NameAddr.parse(value) for value in ours.headers.values("Route")]
    assert all(map(_same_address, routes, theirs.route))


@pytest.mark.parametrize("octets", MESSAGES)
def test_what_we_write_is_understood(octets: bytes) -> None:
    """Somebody else's parser sees in our octets what it saw in the original."""
    ours, theirs = _read_both(octets)
    assert bytes(sipmessage.Message.parse(write(ours))) == bytes(theirs)
