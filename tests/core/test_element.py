"""
Tests for :mod:`sippn.core.element`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.logger import LogEvent

from sippn.binding import RoutePlan
from sippn.proxy import DomainPolicy, RouteReader
from sippn.proxy.route import Routed
from sippn.registrar.settings import RegistrarSettings
from sippn.service import ServerSettings
from sippn.sip import Request, Response, read, summary, write
from sippn.storage.factories import MemoryStoreFactory
from sippn.testing.calls_received import ring
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.transport.settings import ListenSettings

SETTINGS = ServerSettings(
    listen=(ListenSettings("udp", "192.0.2.1", 5060),),
    domains=("example.com",),
    storage=MemoryStoreFactory().parse({}),
    providers=(),
)


@pytest.fixture
def house() -> Iterator[House]:
    house = House.built(SETTINGS)
    yield house
    house.server.stopService()


def ask(house: House, method: str, uri: str, *more: str, cseq: str = "") -> list[int]:
    """Send a request as it stands; the status codes that came back."""
    phone = house.endpoint()
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: SIP/2.0/UDP {phone.address};branch=z9hG4bKask",
        "From: <sip:x@example.com>;tag=1",
        "To: <sip:alice@example.com>",
        "Call-ID: ask",
        f"CSeq: 1 {cseq or method}",
        "Content-Length: 0",
        *more,
    ]
    phone.send(("\r\n".join(lines) + "\r\n\r\n").encode(), house.address)
    house.run()
    return [m.status for m in house.sent_to(phone.address) if isinstance(m, Response)]


@pytest.mark.parametrize(
    ("method", "uri", "more", "status"),
    [
        ("OPTIONS", "sip:192.0.2.1", (), 200),
        ("OPTIONS", "sip:example.com", (), 200),
        ("OPTIONS", "sip:alice@example.com", (), 480),
        ("INVITE", "tel:+15551234", (), 416),
        ("INVITE", "sip:alice@example.com", ("Max-Forwards: 0",), 483),
        ("INVITE", "sip:alice@example.com", ("Proxy-Require: gzip",), 420),
        ("INVITE", "sip:example.com", (), 404),
        ("INVITE", "sip:alice@192.0.2.1", (), 404),
        ("INVITE", "sip:alice@elsewhere.example", (), 403),
        ("INVITE", "sip:alice@example.com", ("Route: <nonsense",), 400),
        ("CANCEL", "sip:alice@example.com", (), 481),
        ("REGISTER", "sip:example.com", ("Require: gzip",), 420),
        ("FROBNICATE", "sip:alice@example.com", (), 480),
        ("FROBNICATE", "sip:example.com", (), 501),
        ("FROBNICATE", "sip:192.0.2.1", (), 501),
        ("FROBNICATE", "sip:elsewhere.example", (), 403),
        ("FROBNICATE", "sip:alice@example.com", ("Max-Forwards: 0",), 483),
        ("FROBNICATE", "sip:alice@example.com", ("Proxy-Require: gzip",), 420),
        ("OPTIONS", "sip:alice@example.com", ("Max-Forwards: 0",), 483),
        ("OPTIONS", "sip:alice@elsewhere.example", ("Max-Forwards: 0",), 483),
        ("OPTIONS", "tel:+15551234", ("Max-Forwards: 0",), 416),
        ("OPTIONS", "sip:example.com", ("Max-Forwards: 0",), 200),
        ("OPTIONS", "sip:example.com", ("Max-Forwards: x",), 400),
        ("OPTIONS", "sip:example.com", ("Route: <sip:192.0.2.1;lr>",), 200),
        ("OPTIONS", "sip:example.com", ("Route: <sip:192.0.2.1;lr>, <sip:192.0.2.9;lr>",), 403),
        ("OPTIONS", "sip:example.com", ("Route: <nonsense",), 400),
        ("OPTIONS", "sip:example.com", ("Require: path, outbound",), 200),
        ("OPTIONS", "sip:example.com", ("Require: 100rel",), 420),
        ("OPTIONS", "sip:example.com", ('Require: "x, y',), 400),
        ("OPTIONS", "sip:alice@example.com", ("Require: 100rel",), 480),
        ("REGISTER", "sip:example.com", ("Max-Forwards: 0",), 200),
        ("REGISTER", "sip:example.com", ("Proxy-Require: gzip",), 200),
        ("CANCEL", "sip:alice@example.com", ("Require: gzip", "Proxy-Require: gzip"), 481),
    ],
)
def test_every_request_has_its_answer(
    house: House, method: str, uri: str, more: tuple[str, ...], status: int
) -> None:
    """RFC 3261 8.2, 16.3: an error has a status, in the right place."""
    assert ask(house, method, uri, *more)[-1] == status


def test_answer_of_ours_has_a_tag(house: House) -> None:
    """RFC 3261 8.2.6.2: a final response without a To tag is no final response."""
    bob = house.phone("bob")
    answer = house.get(bob.request("OPTIONS", "sip:example.com"))
    assert answer.to.tag
    assert "INVITE" in (answer.headers.get("Allow") or "")


def test_unexpected_ack_is_never_answered(house: House) -> None:
    """RFC 3261 17: an ACK has no response, whatever is wrong with it."""
    assert ask(house, "ACK", "sip:alice@elsewhere.example") == []


def test_bug_is_a_500_and_a_line_in_the_log(
    house: House, nothing_fails_unseen: list[LogEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    """DESIGN 4: whatever breaks inside, the caller gets one answer and the operator is told."""

    def broken(_: RouteReader, request: Request) -> Routed:
        raise ZeroDivisionError(request)

    monkeypatch.setattr(RouteReader, "preprocess_route", broken)
    call = house.phone("bob").call("sip:alice@example.com")
    house.run()
    assert succeeded(call.failed).status == 500
    assert [event["log_failure"].type for event in nothing_fails_unseen] == [ZeroDivisionError]
    nothing_fails_unseen.clear()


def test_cancel_finds_a_request_whose_targets_are_not_known_yet() -> None:
    """RFC 3261 9.2: from the first moment a CANCEL finds its INVITE, and nothing is sent later."""
    plans: list[Deferred[RoutePlan]] = []

    class Slow(DomainPolicy):
        """A plugin that asks somebody else."""

        def determine_targets(  # type: ignore[override]  # it may wait
            self, _request: Request, _plan: RoutePlan
        ) -> Deferred[RoutePlan]:
            """Answer later."""
            plans.append(Deferred())
            return plans[-1]

    slow = Slow(lambda _: True, lambda _host, _port: False)
    house = House.built(evolve(SETTINGS, policies=(lambda _: slow,)))
    desk, bob = house.phone("desk"), house.phone("bob")
    assert house.get(desk.register()).status == 200
    call = bob.call("sip:desk@example.com")
    house.run()
    assert house.get(call.cancel()).status == 200
    assert succeeded(call.failed).status == 487
    plans[0].callback(RoutePlan(("sip:desk@example.com",), None))
    house.run()
    assert desk.incoming == []
    heard = [summary(message) for message in house.sent_to(bob.address)]
    assert heard.count("487 Request Terminated (INVITE)") == 1


def answers(house: House, method: str, uri: str, *more: str) -> list[Response]:
    """Send a request as it stands; what came back."""
    before = set(map(id, house.network.carried))
    ask(house, method, uri, *more)
    new = [one for one in house.network.carried if id(one) not in before]
    messages = [read(one.octets) for one in new if one.source == house.address]
    return [message for message in messages if isinstance(message, Response)]


def test_options_says_what_the_server_can(house: House) -> None:
    """RFC 3261 11.2: Allow, Accept, Accept-Encoding, Accept-Language, Supported; no body."""
    (answer,) = answers(house, "OPTIONS", "sip:example.com")
    for name in ("Allow", "Accept", "Accept-Encoding", "Accept-Language"):
        assert answer.headers.get(name), name
    assert answer.headers.values("Supported") == ["outbound", "path"]
    assert answer.body == b""


def test_supported_is_what_the_registrar_understands() -> None:
    """RFC 3261 20.37: without Path there is none to support."""
    house = House.built(evolve(SETTINGS, registrar=RegistrarSettings(path="off")))
    (answer,) = answers(house, "OPTIONS", "sip:example.com")
    assert answer.headers.values("Supported") == ["outbound"]
    (refused,) = answers(house, "OPTIONS", "sip:example.com", "Require: path, 100rel")
    assert refused.headers.values("Unsupported") == ["path", "100rel"]
    house.server.stopService()


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "MESSAGE", "FROBNICATE"])
def test_every_option_that_a_proxy_lacks_is_named(house: House, method: str) -> None:
    """RFC 3261 16.3, step 5: all of them, of all lines."""
    more = ("Proxy-Require: gzip,  a", "Proxy-Require: b")
    (refused,) = answers(house, method, "sip:alice@example.com", *more)
    assert refused.status == 420
    assert refused.headers.values("Unsupported") == ["gzip", "a", "b"]


def test_unknown_method_to_the_server_is_told_the_known_ones(house: House) -> None:
    """RFC 3261 8.2.1, 21.5.2: what is implemented."""
    (refused,) = answers(house, "FROBNICATE", "sip:example.com")
    assert refused.headers.values("Allow") == ["REGISTER", "OPTIONS"]


def test_unknown_method_is_proxied_with_its_body(house: House) -> None:
    """RFC 3261 16.3, step 1: an element must not refuse a method because it is new."""
    alice = house.phone("alice")
    assert house.get(alice.register()).status == 200
    alice.replies["FROBNICATE"] = 299
    answer = house.get(house.phone("bob").request("FROBNICATE", "sip:alice@example.com", b"x"))
    assert answer.status == 299
    assert [(one.method, one.body) for one in alice.requests] == [("FROBNICATE", b"x")]
    # RFC 3261 16.6, step 4: whoever stands between a phone and the world stays on its way
    assert "Record-Route" in alice.requests[0].headers
    house.get(house.phone("bob").message("sip:alice@example.com", "x"))
    assert "Record-Route" not in alice.requests[1].headers


@pytest.mark.parametrize("method", ["CANCEL", "ACK"])
def test_what_cannot_be_refused_is_not_refused_for_its_options(house: House, method: str) -> None:
    """RFC 3261 8.2.2.3: Require and Proxy-Require of CANCEL and ACK are ignored."""
    desk, bob = house.phone("alice"), house.phone("bob")
    desk.policy = ring
    house.get(desk.register())
    call = bob.call("sip:alice@example.com")
    house.run()
    if method == "ACK":
        desk.incoming[0].answer()
        house.run()
        desk.incoming[0].acks.clear()
        ack = next(one for one in bob.sent if isinstance(one, Request) and one.method == "ACK")
        follow, via = ack, ack.headers.required("Via").replace("branch=", "branch=z9hG4bKnew-")
    else:
        follow, via = call.invite, call.invite.headers.required("Via")
    headers = follow.headers.copy()
    headers.set("Via", via)
    headers.set("CSeq", f"{call.invite.cseq.number} {method}")
    headers.add("Proxy-Require", "gzip")
    headers.add("Require", "gzip")
    bob.endpoint.send(write(Request(method, follow.uri, headers)), house.address)
    house.run()
    if method == "ACK":
        assert len(desk.incoming[0].acks) == 1
    else:
        assert succeeded(call.failed).status == 487
