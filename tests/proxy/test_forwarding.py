"""
Tests for :mod:`sippn.proxy.forwarding` and :mod:`sippn.proxy.validation`.
"""

from __future__ import annotations

import pytest

from sippn.errors import BadExtension, TooManyHops, UnsupportedURIScheme
from sippn.proxy.forwarding import forwarded_request, upstream_response, without_credentials
from sippn.proxy.validation import validate_request
from sippn.sip import Headers, Request, Response

CONTACT = "<sip:a@192.0.2.1;pn-provider=acme;pn-prid=SECRET;transport=udp>;expires=60;pn-tok=SECRET"


def request(*more: tuple[str, str], uri: str = "sip:bob@example.com") -> Request:
    """A MESSAGE with some header fields."""
    return Request("MESSAGE", uri, Headers([*more, ("X-Other", "kept")]), b"hello")


def test_max_forwards_goes_down() -> None:
    """RFC 3261 16.6, step 3."""
    assert (
        forwarded_request(request(("Max-Forwards", "9")), "sip:x").headers.get("Max-Forwards")
        == "8"
    )
    assert forwarded_request(request(), "sip:x").headers.get("Max-Forwards") == "70"


def test_routes_go_on_top() -> None:
    """RFC 3327, RFC 3261 16.6: Path and Record-Route in front of what is there."""
    copy = forwarded_request(
        request(("Record-Route", "<sip:old;lr>"), ("Route", "<sip:left;lr>")),
        "sip:x",
        ["<sip:p1;lr>", "<sip:p2;lr>"],
        ["<sip:rr;lr>"],
    )
    assert copy.headers.values("Route") == ["<sip:p1;lr>", "<sip:p2;lr>", "<sip:left;lr>"]
    assert copy.headers.values("Record-Route") == ["<sip:rr;lr>", "<sip:old;lr>"]


def test_original_stays_as_it_is() -> None:
    """One request is copied for many branches."""
    original = request(("Max-Forwards", "9"), ("Contact", CONTACT))
    before = list(original.headers)
    forwarded_request(original, "sip:x", ["<sip:p;lr>"])
    assert list(original.headers) == before


def test_what_was_told_to_us_goes_no_further() -> None:
    """S-14: the wait was for this proxy."""
    copy = forwarded_request(request(("P-Sippn-Wait", "30")), "sip:x")
    assert [name for name, _ in copy.headers] == ["X-Other", "Max-Forwards", "Max-Breadth"]


def test_credentials_for_others_are_passed_on() -> None:
    """RFC 3261 22.3: those for our realm have done their work, the rest is not ours to take."""
    fields = 'username="a", nonce="n", uri="sip:x", response="00000000000000000000000000000000"'
    ours, theirs = (
        ("Proxy-Authorization", f'Digest realm="{realm}", {fields}') for realm in ("us", "them")
    )
    token = ("Proxy-Authorization", "Bearer abc")
    passed = without_credentials(request(ours, theirs, token), "us").headers
    assert passed.get_all("Proxy-Authorization") == [theirs[1], token[1]]


def test_what_cannot_be_read_and_names_our_realm_stays_here() -> None:
    """A11: a hash or a qop that we never offered is a proof all the same, to others."""
    fields = 'username="alice", nonce="n", uri="sip:bob@us", response="0123"'
    ours = ("Proxy-Authorization", f'Digest realm="us", {fields}, algorithm=SHA-512-256')
    theirs = ("Proxy-Authorization", f'Digest realm="them", {fields}, qop=auth-int')
    passed = without_credentials(request(ours, theirs), "us").headers
    assert passed.get_all("Proxy-Authorization") == [theirs[1]]


def test_prid_stays_here() -> None:
    """P-004, P-071, T7: no Contact that passes carries a push parameter, but for pn-purr."""
    there = forwarded_request(request(("Contact", CONTACT)), "sip:x").headers.get("Contact")
    back = upstream_response(Response(200, "OK", Headers([("Contact", CONTACT)]))).headers.get(
        "Contact"
    )
    assert there == back == "<sip:a@192.0.2.1;transport=udp>;expires=60"
    purr = "<sip:a@192.0.2.1;pn-purr=abc>"
    assert forwarded_request(request(("Contact", purr)), "sip:x").headers.get("Contact") == purr


def test_our_via_is_taken_off() -> None:
    """RFC 3261 16.7, step 3; the rest of a line of several stays."""
    vias = "SIP/2.0/UDP us;branch=z9hG4bK2, SIP/2.0/UDP them;branch=z9hG4bK1"
    passed = upstream_response(Response(486, "Busy Here", Headers([("Via", vias)])))
    assert passed.headers.values("Via") == ["SIP/2.0/UDP them;branch=z9hG4bK1"]
    assert (passed.status, passed.reason) == (486, "Busy Here")


def test_validates() -> None:
    """RFC 3261 16.3: scheme, Max-Forwards, Proxy-Require."""
    validate_request(request(("Max-Forwards", "1")))
    validate_request(request(uri="SIPS:bob@example.com"))
    with pytest.raises(UnsupportedURIScheme):
        validate_request(request(uri="tel:+15551234"))
    with pytest.raises(TooManyHops):
        validate_request(request(("Max-Forwards", "0")))
    with pytest.raises(BadExtension) as refused:
        validate_request(request(("Proxy-Require", "gzip"), ("Proxy-Require", "a, b")))
    assert refused.value.headers == (("Unsupported", "gzip, a, b"),)
