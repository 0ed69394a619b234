"""Tests for :mod:`sippn.stack.triage`, and for what the stack refuses on its behalf."""

from __future__ import annotations

import pytest
from twisted.logger import LogEvent

from sippn.errors import ServiceUnavailable
from sippn.stack import Triage
from sippn.transport import Flow
from tests.stack.bench import Bench, refuse, request

ALICE = "sip:alice@example.com"


def octets(text: str) -> bytes:
    """What is on the wire."""
    return text.replace("\n", "\r\n").encode("utf-8", "surrogateescape")


@pytest.fixture
def triage(bench: Bench) -> Triage:
    made = Triage({ALICE}, bench.entropy)
    made.stack = bench.stack
    return made


def flow_to_phone(bench: Bench) -> Flow:
    """The way to the phone of the bench."""
    found = bench.stack.flow(f"udp:{bench.server}:{bench.phone.address}")
    assert found is not None
    return found


@pytest.mark.parametrize(
    "text",
    [
        "SIP/2.0 200 OK\nVia: x\n\n",
        *[request(method) for method in ("ACK", "BYE", "CANCEL", "PRACK", "UPDATE")],
        request("INVITE", to="<sip:bob@example.com>;tag=b"),
        request("INVITE", to="<sip:bob@example.com>;x=y;TAG = b"),
        request("INFO", to="sip:bob@example.com;tag=b"),
        request("NOTIFY", to="<sip:bob@example.com>;tag=b").replace("To: ", "t:"),
        request("NOTIFY", to="<sip:bob@example.com>;tag=b").replace("To: ", "TO : "),
        request("REGISTER", to=f"<{ALICE}>"),
        request("REGISTER", to=f'"A. <> L." <{ALICE}>;x=y').replace("<> ", ""),
        request("REGISTER", to="<sips:alice@EXAMPLE.com>"),
        request("REGISTER", to="<sip:%61lice@example.com:5060;user=phone>"),
        request("REGISTER", to=ALICE).replace("To: ", "t: "),
    ],
)
def test_what_has_begun_is_vital(triage: Triage, text: str) -> None:
    """A6: responses, in-dialog requests, and the REGISTER of an AOR that an INVITE waits for."""
    assert triage.is_vital(octets(text))


@pytest.mark.parametrize(
    "text",
    [
        request("INVITE"),
        request("INVITE", to="<sip:tag=b@example.com;tagged>"),
        request("INVITE", more="X-Tag: a;tag=b\n"),
        request("OPTIONS"),
        request("REGISTER", to="<sip:bob@example.com>"),
        request("REGISTER", to="<sip:Alice@example.com>"),
        request("REGISTER", to="<sip:alice@example.com.evil>"),
        request("REGISTER", to="<sip:alice@example.com"),
        request("REGISTER").replace("To: ", "X: "),
        "REGISTER ",
        "hello",
    ],
)
def test_what_is_new_is_not(triage: Triage, text: str) -> None:
    """A6: a new REGISTER or INVITE is what can wait."""
    assert not triage.is_vital(octets(text))


def test_register_is_not_while_nobody_waits(bench: Bench) -> None:
    """A6: most of what comes after an outage is REGISTERs."""
    assert not Triage(set(), bench.entropy).is_vital(octets(request("REGISTER", to=f"<{ALICE}>")))


def test_refusal_says_when_to_come_again(bench: Bench, triage: Triage) -> None:
    """A6: 503 with a Retry-After of 5 to 30 s, not the same for all; nothing is kept of it."""
    waits = set()
    for number in range(60):
        via = f"192.0.2.1:4711;branch=z9hG4bK{number};rport"
        triage.refuse(octets(request("INVITE", via=via)), flow_to_phone(bench))
        bench.network.deliver()
        (answer,) = bench.heard()
        assert (answer.status, answer.via.branch) == (503, f"z9hG4bK{number}")
        waits.add(int(answer.headers.get("Retry-After") or ""))
    assert waits == set(range(5, 31))
    assert len(bench.stack._layer) == 0
    assert bench.core.requests == []


def test_ack_of_a_refusal_ends_here(bench: Bench, triage: Triage) -> None:
    """RFC 3261 section 8.2.7: it has no transaction, and is for nobody else."""
    triage.refuse(octets(request("INVITE")), flow_to_phone(bench))
    bench.network.deliver()
    (answer,) = bench.heard()
    bench.say(request("ACK", to=str(answer.to)))
    assert bench.core.acks == []


def test_repetition_of_what_is_served_is_not_refused(bench: Bench, triage: Triage) -> None:
    """RFC 3261 section 17.2: its sender would take the call for failed, while it rings."""
    bench.say(request("INVITE"))
    triage.refuse(octets(request("INVITE")), flow_to_phone(bench))
    bench.core.do = refuse(404)
    bench.network.deliver()
    assert bench.heard() == []


@pytest.mark.parametrize("text", ["hello", request("ACK"), "SIP/2.0 200 OK\n\n", ""])
def test_what_cannot_be_answered_is_dropped(bench: Bench, triage: Triage, text: str) -> None:
    """RFC 3261 section 17: neither an ACK nor a response is."""
    triage.refuse(octets(text), flow_to_phone(bench))
    bench.network.deliver()
    assert bench.heard() == []


def test_bug_of_ours_is_logged(
    bench: Bench, nothing_fails_unseen: list[LogEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    """B1: it must not stop the line of those who wait."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(bench.stack._layer, "knows", broken)
    bench.stack.refuse(octets(request()), flow_to_phone(bench), ServiceUnavailable())
    assert len(nothing_fails_unseen) == 1
    nothing_fails_unseen.clear()
