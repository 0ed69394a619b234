"""Who looks like push, is not pushed, and would like to know why."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from zope.interface import provider

from sippn.binding import Binding, PushState, PushTarget, Record
from sippn.registrar.reading import Reading, read_register
from sippn.registrar.remarks import MISSING, MOST_AORS, STRIPPED, Remarks, warning_field
from sippn.sip import Headers, Request

AOR = "sip:a@example.com"
PLAIN = "<sip:a@192.0.2.7>"
PUSHED = "<sip:a@192.0.2.7;pn-provider=fcm;pn-param=p;pn-prid=x>"


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What the log is told."""
    found: list[str] = []

    @provider(ILogObserver)
    def observe(event: LogEvent) -> None:
        found.append(formatEvent(event))

    globalLogPublisher.addObserver(observe)
    yield found
    globalLogPublisher.removeObserver(observe)


def reading(*contacts: str) -> Reading:
    """A REGISTER of *contacts*."""
    headers = Headers([("To", f"<{AOR}>"), ("Call-ID", "1"), ("CSeq", "1 REGISTER")])
    for contact in contacts:
        headers.add("Contact", contact)
    return read_register(Request("REGISTER", "sip:example.com", headers))


def binding(target: PushTarget | None, state: PushState = PushState.ACTIVE) -> Binding:
    """The binding of :data:`PLAIN`."""
    return Binding("id", PLAIN[1:-1], "f", 1, 0, "c", 1, push_target=target, push_state=state)


def before(target: PushTarget | None, state: PushState = PushState.ACTIVE) -> Record:
    """What was stored of it."""
    return Record(AOR, 1, (binding(target, state),), None)


def test_warning_is_for_people() -> None:
    """RFC 3261 section 20.43: 399, whatever is said stays within its quotes."""
    assert warning_field("no PNS") == ("Warning", '399 sippn "no PNS"')
    _, value = warning_field('a"b\\c\r\nd\u00e9' + "x" * 999)
    assert value.startswith('399 sippn "a?b?c??d?xxx')
    assert len(value) < 250


def test_log_is_told_once_of_each_aor(lines: list[str]) -> None:
    """N-08: a UA that is refused asks every few seconds; the log has one line of it."""
    remarks = Remarks()
    for _ in range(3):
        remarks.tell(AOR, "acme is not served here")
        remarks.tell("sip:b@example.com", "acme is not served here")
    assert lines == [
        f"{AOR} is not pushed: acme is not served here",
        "sip:b@example.com is not pushed: acme is not served here",
    ]


def test_memory_is_bounded(lines: list[str]) -> None:
    """A5: who was told the longest time ago is forgotten, and may be told of again."""
    remarks = Remarks()
    remarks.tell(AOR, "x")
    for number in range(MOST_AORS - 1):
        remarks.tell(f"sip:{number}@example.com", "x")
    remarks.tell(AOR, "x")
    assert len(lines) == MOST_AORS
    for name in ("new", "0"):
        remarks.tell(f"sip:{name}@example.com", "x")
        remarks.tell(AOR, "x")
    assert [line.partition(" ")[0] for line in lines[MOST_AORS:]] == [
        "sip:new@example.com",
        "sip:0@example.com",
    ]
    assert len(remarks._told) == MOST_AORS


def test_every_answer_is_told(lines: list[str]) -> None:
    """N-08: each response has the Warning; two Contacts with one problem have one."""
    remarks = Remarks()
    for _ in range(2):
        fields = remarks.fields(AOR, reading(PUSHED), ["no", "no", "nor this"], (), None)
        assert [value for _, value in fields] == ['399 sippn "no"', '399 sippn "nor this"']
    assert len(lines) == 1


@pytest.mark.parametrize(
    ("target", "state", "told"),
    [
        (PushTarget("fcm", "p", "x"), PushState.ACTIVE, True),
        (None, PushState.ELSEWHERE, True),
        (None, PushState.ACTIVE, False),
    ],
)
def test_push_parameters_that_went_are_reported(
    lines: list[str], target: PushTarget | None, state: PushState, told: bool
) -> None:
    """P-009: a UA that had push parameters and has none now is reported, once."""
    remarks = Remarks()
    for _ in range(2):
        fields = remarks.fields(AOR, reading(PLAIN), (), (binding(None),), before(target, state))
        assert fields == ([warning_field(STRIPPED)] if told else [])
    assert len(lines) == int(told)


def test_pnsreg_without_push_is_reported(lines: list[str]) -> None:
    """P-009: a UA that refreshes by itself is one that sleeps: its parameters were removed."""
    remarks = Remarks()
    assert remarks.fields(AOR, reading(f"{PLAIN};+sip.pnsreg"), (), (), None) == [
        warning_field(MISSING)
    ]
    assert len(lines) == 1


@pytest.mark.parametrize(
    "contact",
    [
        PLAIN,
        PUSHED,
        f"{PUSHED};+sip.pnsreg",
        f"{PLAIN};+sip.pnsreg;expires=0",
        "<sip:a@192.0.2.7;pn-provider=fcm>",
        "<sip:other@192.0.2.8>",
    ],
)
def test_who_is_well_hears_nothing(lines: list[str], contact: str) -> None:
    """P-029: who takes its push back by asking what there is, or removes itself, is well."""
    had = before(PushTarget("fcm", "p", "x"))
    registered = () if contact == PLAIN else (binding(None),)
    assert Remarks().fields(AOR, reading(contact), (), registered, had) == []
    assert lines == []


def test_two_matters_are_two_lines(lines: list[str]) -> None:
    """N-24: that something strips is said although the log knows of a PNS not served."""
    remarks = Remarks()
    remarks.tell(AOR, "acme is not served here")
    remarks.fields(AOR, reading(PLAIN), (), (binding(None),), before(PushTarget("fcm", "p", "x")))
    assert lines[1:] == [f"{AOR} is not pushed: {STRIPPED}"]
