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
from sippn.proxy import DomainPolicy
from sippn.service import ServerSettings
from sippn.sip import Request, Response, summary
from sippn.storage.factories import MemoryStoreFactory
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


def test_bug_is_a_500_and_a_line_in_the_log(nothing_fails_unseen: list[LogEvent]) -> None:
    """DESIGN 4: whatever breaks inside, the caller gets one answer and the operator is told."""

    class Broken(DomainPolicy):
        """A plugin with a bug."""

        def determine_targets(self, request: Request, plan: RoutePlan) -> RoutePlan:
            """Break."""
            raise ZeroDivisionError(request, plan)

    broken = Broken(lambda _: True, lambda _host, _port: False)
    house = House.built(evolve(SETTINGS, policies=(lambda _: broken,)))
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
