"""
Tests for :mod:`sippn.proxy.route`, :mod:`sippn.proxy.record_route`, :mod:`sippn.proxy.forwarder`.
"""

from __future__ import annotations

import itertools

import pytest

from sippn.errors import BadRequest
from sippn.proxy.forwarder import strict_routed
from sippn.proxy.record_route import Dialog, Side, read_token, write_token
from sippn.proxy.route import RouteReader
from sippn.seal import Keyring, Reference, write_purr
from sippn.sip import Headers, Request

_counter = itertools.count()


def entropy(count: int) -> bytes:
    """Different every time, the same every run."""
    return next(_counter).to_bytes(count, "big")


KEYS = Keyring(b"k" * 32, entropy)
FOREIGN_KEYS = Keyring(b"x" * 32, entropy)
READER = RouteReader(lambda host, port: (host, port) == ("192.0.2.1", 5060), KEYS)
US = "<sip:192.0.2.1:5060;lr>"
REFERENCE = Reference("sip:bob@example.com", "b1")
CALLER, CALLEE = SIDES = (Side("caller-flow"), Side("callee-flow"))


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
    """What others have parsed of it is not parsed again."""
    for plain in (request(), request("sip:bob@example.com", "<sip:next.example;lr>")):
        assert READER.preprocess_route(plain).request is plain


def test_own_values_are_used_up_whoever_wrote_them_how() -> None:
    """RFC 3261 16.4: on one line or several, and only those on top."""
    token = write_token(Dialog("x", *SIDES), KEYS)
    ours, theirs = f"<sip:{token}@192.0.2.1;lr>", "<sip:next.example;lr>"
    routed = READER.preprocess_route(
        request("sip:bob@h", f"{US}, {ours}", ours, theirs, ours, to="<sip:bob@h>;tag=b1")
    )
    assert routed.request.headers.values("Route") == [theirs, ours]
    assert routed.dialog == Dialog("x", *SIDES)
    assert routed.request.request_uri.user == "bob"


def test_token_says_the_same_each_time_it_comes() -> None:
    """RFC 5626 5.3: read once or remembered; and many of them push each other out."""
    reader = RouteReader(lambda *_: False, KEYS)
    for number in range(3):
        token = write_token(Dialog(f"{number}", *SIDES), KEYS)
        for _ in range(2):
            come = request("sip:bob@h", f"<sip:{token}@us;lr>", to="<sip:bob@h>;tag=b1")
            assert reader.preprocess_route(come).dialog == Dialog(f"{number}", *SIDES)


def test_memory_of_tokens_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """T9: nothing grows with what passes by."""
    monkeypatch.setattr("sippn.proxy.route._MOST_UNSEALED", 10)
    reader = RouteReader(lambda *_: False, KEYS)
    for number in range(25):
        token = write_token(Dialog(f"{number}", *SIDES), KEYS)
        come = request("sip:bob@h", f"<sip:{token}@us;lr>", to="<sip:bob@h>;tag=b1")
        assert reader.preprocess_route(come).dialog == Dialog(f"{number}", *SIDES)
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
    dialog = Dialog.begun_by(begun, *SIDES)
    assert read_token(write_token(dialog, KEYS), KEYS) == dialog
    forth = request(to="<sip:bob@example.com>;tag=b1")
    assert dialog.sides(in_dialog("c1", "b1", "a1")) == (CALLEE, CALLER)
    assert dialog.sides(in_dialog("c1", "z", "y")) is None
    assert dialog.sides(in_dialog("another", "b1", "a1")) is None, "one token, one Call-ID"
    assert dialog.sides(forth) == SIDES


@pytest.mark.parametrize("vouched", list(itertools.product([False, True], repeat=2)))
@pytest.mark.parametrize("known", list(itertools.product([None, REFERENCE], repeat=2)))
def test_token_knows_of_each_side_what_is_told_of_it(
    vouched: tuple[bool, bool], known: tuple[Reference | None, Reference | None]
) -> None:
    """S-22, T2: who answers for it, and by which binding it is woken; its flow alone if need be."""
    flows = ("caller-flow", "callee-flow")
    sides = [Side(*one) for one in zip(flows, vouched, known, strict=True)]
    dialog = Dialog.begun_by(request(), *sides)
    assert read_token(write_token(dialog, KEYS), KEYS) == dialog


def test_token_of_a_dialog_of_last_week() -> None:
    """S-20: what a server said that knew less of each side is good for as long as its dialog."""
    old = KEYS.seal("record-route", b"x\ncaller-flow\ncallee-flow")
    assert read_token(old, KEYS) == Dialog("x", *SIDES)


def test_token_is_short() -> None:
    """G-07: it is in every request of its dialog, over UDP as well."""
    flow = "udp:192.0.2.1:5060:203.0.113.77:49152"
    woken = Reference("sip:alice@example.com", "0123456789abcdef")
    plain = Dialog.begun_by(request(), Side(flow), Side(flow, vouched=True))
    full = Dialog.begun_by(request(), Side(flow, True, woken), Side(flow, True, woken))
    assert len(write_token(plain, KEYS)) < 200
    assert len(write_token(full, KEYS)) < 320


def test_token_has_no_binding_of_an_endless_name() -> None:
    """S-22: then its sleeper is woken by a PURR, or not; nobody's call fails for it."""
    endless = Reference(f"sip:{'a' * 5000}@example.com", "b1")
    dialog = Dialog.begun_by(request(), CALLER, Side("callee-flow", reference=endless))
    read = read_token(write_token(dialog, KEYS), KEYS)
    assert read is not None
    assert read.callee == CALLEE


PURR = write_purr(REFERENCE, KEYS)
REPLACES = ("Replaces", "c9;to-tag=1;from-tag=2")


def with_purr(purr: str = PURR) -> str:
    """A Contact URI that has it."""
    return f"sip:bob@192.0.2.77;pn-purr={purr}"


def proved(uri: str, *routes: str) -> Request:
    """A request in a dialog that our token proves."""
    token = write_token(Dialog.begun_by(request(), *SIDES), KEYS)
    return request(uri, f"<sip:{token}@us;lr>", *routes, to="<sip:bob@example.com>;tag=b1")


@pytest.mark.parametrize(
    "come",
    [
        proved(with_purr()),
        proved(with_purr().upper().replace(PURR.upper(), PURR)),
        proved("sip:bob@192.0.2.77", "<sip:next.example;lr>", f"<{with_purr()}>"),
        proved(with_purr("guess"), f"<{with_purr()}>"),
    ],
)
def test_purr_is_found_in_a_dialog(come: Request) -> None:
    """P-065: A PURR is found in the Request-URI, or in a Route value that is left."""
    routed = READER.preprocess_route(come)
    assert routed.reference == REFERENCE
    assert routed.request.uri == come.uri


@pytest.mark.parametrize(
    "uri",
    [
        "sip:bob@192.0.2.77",
        with_purr(""),
        with_purr("guess"),
        with_purr(write_purr(REFERENCE, FOREIGN_KEYS)),
        with_purr(write_token(Dialog("x", *SIDES), KEYS)),
        "sip:bob@192.0.2.77;pn-purr",
    ],
)
def test_foreign_purr_means_nothing(uri: str) -> None:
    """T2, vector 14: forged, another server's, a token of ours for something else."""
    assert READER.preprocess_route(proved(uri)).reference is None


def test_purr_means_nothing_outside_of_dialogs() -> None:
    """T2: without a To tag it is a parameter like any other."""
    for come in (request(with_purr()), request(with_purr(), US)):
        assert READER.preprocess_route(come).reference is None


def test_purr_is_read_on_our_own_route() -> None:
    """P-065: a PURR counts on any Route of a request in a dialog, also on one that names us."""
    ours = US.replace(";lr", f";lr;pn-purr={with_purr().partition('pn-purr=')[2]}")
    come = request("sip:bob@192.0.2.9", ours, to="<sip:bob@example.com>;tag=b1")
    assert READER.preprocess_route(come).reference == REFERENCE


def test_purr_is_found_in_an_invite_that_replaces_a_dialog() -> None:
    """P-069: A PURR is read in an INVITE with Replaces and without a To tag."""
    for uri, routes in ((with_purr(), ()), (with_purr(), (US,))):
        come = request(uri, *routes)
        come.headers.add(*REPLACES)
        assert READER.preprocess_route(come).reference == REFERENCE


def test_only_so_many_purrs_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """T2: a Route full of them costs no more than a few."""
    looked_at: list[str] = []
    monkeypatch.setattr("sippn.proxy.route.read_purr", lambda purr, _: looked_at.append(purr))
    READER.preprocess_route(proved(with_purr(), *[f"<{with_purr()}>"] * 40))
    assert len(looked_at) <= 8


@pytest.mark.parametrize("token", ["", "alice", "AAAA", "%00", "a" * 5000])
def test_token_of_somebody_else_is_none(token: str) -> None:
    """A13: nobody makes us a relay with a token of their own."""
    assert read_token(token, KEYS) is None
    theirs = write_token(Dialog("x", *SIDES), FOREIGN_KEYS)
    assert read_token(theirs, KEYS) is None


def test_token_is_ours_under_any_address() -> None:
    """P-068: behind a NAT our address is not what others send to; the token says it is we."""
    token = write_token(Dialog.begun_by(request(), *SIDES), KEYS)
    routed = READER.preprocess_route(
        request(
            "sip:bob@10.0.0.1", f"<sip:{token}@203.0.113.5;lr>", to="<sip:bob@example.com>;tag=b1"
        )
    )
    assert routed.dialog is not None
    assert routed.dialog.sides(routed.request) == SIDES


def test_token_means_nothing_outside_a_dialog() -> None:
    """A13: a request without a To tag is looked up like any other."""
    token = write_token(Dialog.begun_by(request(), *SIDES), KEYS)
    routed = READER.preprocess_route(
        request("sip:bob@10.0.0.1", f"<sip:{token}@192.0.2.1:5060;lr>")
    )
    assert routed.dialog is None
    assert "Route" not in routed.request.headers
