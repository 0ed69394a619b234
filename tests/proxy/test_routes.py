"""
Tests for :mod:`sippn.proxy.route`, :mod:`sippn.proxy.record_route`, :mod:`sippn.proxy.forwarder`.
"""

from __future__ import annotations

import itertools

import pytest

from sippn.errors import BadRequest
from sippn.proxy.forwarder import strict_routed
from sippn.proxy.record_route import Dialog, read_token, write_token
from sippn.proxy.route import RouteReader
from sippn.seal import Keyring
from sippn.sip import Headers, Request

_counter = itertools.count()


def entropy(count: int) -> bytes:
    """Different every time, the same every run."""
    return next(_counter).to_bytes(count, "big")


KEYS = Keyring(b"k" * 32, entropy)
FOREIGN_KEYS = Keyring(b"x" * 32, entropy)
READER = RouteReader(lambda host, port: (host, port) == ("192.0.2.1", 5060), KEYS)
US = "<sip:192.0.2.1:5060;lr>"


def request(
    uri: str = "sip:bob@example.com", *routes: str, to: str = "<sip:bob@example.com>"
) -> Request:
    """An INVITE with a Route."""
    fields = [
        ("Via", "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1"),
        *(("Route", route) for route in routes),
        ("From", "<sip:alice@example.com>;tag=a1"),
        ("To", to),
        ("Call-ID", "c1"),
        ("CSeq", "1 INVITE"),
    ]
    return Request("INVITE", uri, Headers(fields))


def in_dialog(call_id: str, from_tag: str, to_tag: str) -> Request:
    """A BYE."""
    fields = [
        ("Call-ID", call_id),
        ("From", f"<sip:bob@example.com>;tag={from_tag}"),
        ("To", f"<sip:alice@example.com>;tag={to_tag}"),
    ]
    return Request("BYE", "sip:alice@192.0.2.9", Headers(fields))


def test_own_route_is_used_up() -> None:
    """RFC 3261 16.4: a Route value that names us has done its work."""
    routed = READER.preprocess_route(request("sip:bob@example.com", f"{US}, <sip:next.example;lr>"))
    assert routed.request.headers.get_all("Route") == ["<sip:next.example;lr>"]
    assert routed.next_hop is not None
    assert routed.next_hop.host == "next.example"


def test_request_without_route_is_as_it_was() -> None:
    """RFC 3261 16.4: nothing to do."""
    routed = READER.preprocess_route(request())
    assert (routed.request.uri, routed.next_hop, routed.dialog) == (
        "sip:bob@example.com",
        None,
        None,
    )


def test_request_that_needs_no_change_is_not_copied() -> None:
    """P-030: what others have parsed of it is not parsed again."""
    for plain in (request(), request("sip:bob@example.com", "<sip:next.example;lr>")):
        assert READER.preprocess_route(plain).request is plain


def test_own_values_are_used_up_whoever_wrote_them_how() -> None:
    """RFC 3261 16.4: on one line or several, and only those on top."""
    token = write_token(Dialog("x", "caller-flow", "callee-flow"), KEYS)
    ours, theirs = f"<sip:{token}@192.0.2.1;lr>", "<sip:next.example;lr>"
    routed = READER.preprocess_route(
        request("sip:bob@h", f"{US}, {ours}", ours, theirs, ours, to="<sip:bob@h>;tag=b1")
    )
    assert routed.request.headers.values("Route") == [theirs, ours]
    assert routed.dialog == Dialog("x", "caller-flow", "callee-flow")
    assert routed.request.request_uri.user == "bob"


def test_token_says_the_same_each_time_it_comes() -> None:
    """RFC 5626 5.3: read once or remembered; and many of them push each other out."""
    reader = RouteReader(lambda *_: False, KEYS)
    for number in range(3):
        token = write_token(Dialog(f"{number}", "caller-flow", "callee-flow"), KEYS)
        for _ in range(2):
            come = request("sip:bob@h", f"<sip:{token}@us;lr>", to="<sip:bob@h>;tag=b1")
            assert reader.preprocess_route(come).dialog == Dialog(
                f"{number}", "caller-flow", "callee-flow"
            )


def test_memory_of_tokens_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """T9: nothing grows with what passes by."""
    monkeypatch.setattr("sippn.proxy.route._MOST_UNSEALED", 10)
    reader = RouteReader(lambda *_: False, KEYS)
    for number in range(25):
        token = write_token(Dialog(f"{number}", "a", "b"), KEYS)
        come = request("sip:bob@h", f"<sip:{token}@us;lr>", to="<sip:bob@h>;tag=b1")
        assert reader.preprocess_route(come).dialog == Dialog(f"{number}", "a", "b")
        assert len(reader._unsealed) <= 10


def test_strict_router_before_us_is_undone() -> None:
    """RFC 3261 16.4: a Request-URI of ours takes the last Route value's place back."""
    routed = READER.preprocess_route(
        request("sip:192.0.2.1:5060;lr", "<sip:next.example;lr>", "<sip:bob@192.0.2.77>")
    )
    assert routed.request.uri == "sip:bob@192.0.2.77"
    assert routed.request.headers.get_all("Route") == ["<sip:next.example;lr>"]


def test_strict_router_behind_us_is_served() -> None:
    """RFC 3261 16.6, step 6: a next hop without lr gets its own URI as Request-URI."""
    routed = strict_routed(
        request("sip:bob@example.com", "<sip:old.example>", "<sip:n.example;lr>")
    )
    assert routed.uri == "sip:old.example"
    assert routed.headers.values("Route") == ["<sip:n.example;lr>", "<sip:bob@example.com>"]


def test_push_params_of_a_stranger_are_dropped() -> None:
    """T6: whom to push is read from bindings, never from a Request-URI."""
    uri = "sip:bob@example.com;pn-provider=acme;pn-prid=EVIL;user=phone"
    assert READER.preprocess_route(request(uri)).request.uri == "sip:bob@example.com;user=phone"


def test_bad_route_is_refused() -> None:
    """RFC 3261 16.4: what is no URI routes nowhere."""
    with pytest.raises(BadRequest):
        READER.preprocess_route(request("sip:bob@example.com", "<nonsense"))


def test_token_names_both_sides() -> None:
    """RFC 5626 5.3: in-dialog requests follow the flows, from either side."""
    begun = request()
    dialog = Dialog.begun_by(begun, "caller-flow", "callee-flow")
    assert read_token(write_token(dialog, KEYS), KEYS) == dialog
    forth = request(to="<sip:bob@example.com>;tag=b1")
    assert dialog.flow_of(in_dialog("c1", "b1", "a1")) == "caller-flow"
    assert dialog.flow_of(in_dialog("c1", "z", "y")) is None
    assert dialog.flow_of(in_dialog("another", "b1", "a1")) is None, "one token, one Call-ID"
    assert dialog.flow_of(forth) == "callee-flow"


@pytest.mark.parametrize("token", ["", "alice", "AAAA", "%00", "a" * 5000])
def test_token_of_somebody_else_is_none(token: str) -> None:
    """A13: nobody makes us a relay with a token of their own."""
    assert read_token(token, KEYS) is None
    theirs = write_token(Dialog("x", "y", "z"), FOREIGN_KEYS)
    assert read_token(theirs, KEYS) is None


def test_token_is_ours_under_any_address() -> None:
    """P-068: behind a NAT our address is not what others send to; the token says it is we."""
    token = write_token(Dialog.begun_by(request(), "one", "two"), KEYS)
    routed = READER.preprocess_route(
        request(
            "sip:bob@10.0.0.1", f"<sip:{token}@203.0.113.5;lr>", to="<sip:bob@example.com>;tag=b1"
        )
    )
    assert routed.dialog is not None
    assert routed.dialog.flow_of(routed.request) == "two"


def test_token_means_nothing_outside_a_dialog() -> None:
    """A13: a request without a To tag is looked up like any other."""
    token = write_token(Dialog.begun_by(request(), "one", "two"), KEYS)
    routed = READER.preprocess_route(
        request("sip:bob@10.0.0.1", f"<sip:{token}@192.0.2.1:5060;lr>")
    )
    assert routed.dialog is None
    assert "Route" not in routed.request.headers
