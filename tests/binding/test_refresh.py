"""When a UA is pushed to refresh its binding, and when no more."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from sippn.binding import (
    Binding,
    Decision,
    PushKind,
    PushTarget,
    Record,
    Refresh,
    Terms,
    attend,
    disown_prid,
)
from sippn.binding.records import LINGER
from sippn.binding.refresh import first_refresh, most_urgent, pushed
from sippn.testing.desk import ALICE, T0, Desk, contact

TARGET = PushTarget("acme", "", "p1")
PLAIN = contact("sip:alice@192.0.2.1")
CALLS_ONLY = contact("sip:alice@192.0.2.2;pn-provider=acme;pn-prid=p1", "<urn:uuid:m>")
MOBILE = evolve(CALLS_ONLY, refresh=Refresh.PUSHED)
TABLET = evolve(
    contact("sip:alice@192.0.2.3;pn-provider=acme;pn-prid=p2", "<urn:uuid:t>"),
    refresh=Refresh.PUSHED,
)


def bound(desk: Desk, place: int = 0) -> Binding:
    """A binding as it is stored."""
    assert desk.record is not None
    return desk.record.bindings[place]


def attempts_of(desk: Desk, attempts: int) -> list[float]:
    """Attend to all that becomes due, on time; how long before expiry each push is."""
    found: list[float] = []
    while desk.record is not None and desk.record.due_at is not None:
        desk.now = desk.record.due_at
        decision = attend(desk.record, desk.now, attempts)
        assert decision.record is not None
        found += [round(b.expires_at - desk.now, 3) for b in decision.refreshing]
        desk.record = None if decision.record.idle else decision.record
    return found


@pytest.mark.parametrize(
    ("seconds", "lead", "margin"),
    [
        (3600, 120, 360),
        (600, 120, 120),
        (7200, 120, 720),
        (7200, 1800, 1800),
        (36_000, 120, 3600),
        (2_592_000, 120, 3600),
    ],
)
def test_first_push_is_a_tenth_of_the_life_before_expiry(
    seconds: int, lead: int, margin: int
) -> None:
    """S-30, P-026, B 20: at the latest; at least the lead, at most an hour; a third earlier."""
    terms = Terms(refresh_lead=lead)
    latest = seconds - margin
    for number in range(50):
        at = first_refresh(Refresh.PUSHED, f"b{number}", T0, seconds, terms)
        assert at is not None
        assert latest * 2 / 3 - 0.01 <= at - T0 <= latest


def test_bindings_of_one_second_are_pushed_apart() -> None:
    """D5: and one binding always at the same time of its life, so that rules stay pure."""
    ids = [f"b{number}" for number in range(200)]
    found = [first_refresh(Refresh.PUSHED, one, T0, 3600, Terms()) for one in ids]
    assert found == [first_refresh(Refresh.PUSHED, one, T0, 3600, Terms()) for one in ids]
    quarters = {int((at - T0 - 2160) // 270) for at in found if at is not None}
    assert quarters == {0, 1, 2, 3}


@pytest.mark.parametrize("seconds", [300, 600, 3600, 86_400, 2_592_000])
def test_crowd_does_not_come_back_as_one(seconds: int) -> None:
    """
    D5: 100,000 that registered within 60 s, over the next two cycles and after them.

    Each refreshes as soon as it is pushed.  Where lives are shorter or longer than an hour,
    60 and 10 seconds are so, too.
    """
    scale = seconds / 3600
    crowd = [
        (second * 60 * scale / 100_000, _until_pushed(f"{second:x}", seconds))
        for second in range(100_000)
    ]
    cycle = sum(period for _, period in crowd) / len(crowd)
    mean = len(crowd) / (cycle / (10 * scale))
    for number in (1, 2, 3):
        pushes = Counter(int((at + number * period) // (10 * scale)) for at, period in crowd)
        assert max(pushes.values()) <= 3 * mean, number


def _until_pushed(binding_id: str, seconds: int) -> float:
    at = first_refresh(Refresh.PUSHED, binding_id, 0.0, seconds, Terms())
    assert at is not None
    return at


def test_ua_that_refreshes_itself_is_pushed_when_it_did_not() -> None:
    """P-027: a UA that refreshes itself, and has not, is pushed 120 s before expiry."""
    assert first_refresh(Refresh.LATE, "b1", T0, 36_000, Terms(refresh_lead=600)) == T0 + 35_880


@pytest.mark.parametrize(
    ("refresh", "attempts"), [(Refresh.NEVER, 4), (Refresh.PUSHED, 0), (Refresh.LATE, 0)]
)
def test_who_cannot_be_pushed_is_not(refresh: Refresh, attempts: int) -> None:
    """R-04: nor where the operator wants none; the binding just expires."""
    desk = Desk(Terms(refresh_attempts=attempts))
    desk.register((evolve(MOBILE, refresh=refresh), 3600))
    assert bound(desk).refresh_at is None
    assert desk.record is not None
    assert desk.record.due_at == T0 + 3600 + LINGER


def test_attempts_come_with_growing_pauses() -> None:
    """S-30: four, the last 30 s before expiry; then none, and the binding goes."""
    desk = Desk()
    desk.register((MOBILE, 3600))
    first, *others = attempts_of(desk, 4)
    assert 360 <= first <= 360 + 3240 / 3
    pause = (first - 30) / 7
    assert others == pytest.approx([first - pause, first - 3 * pause, 30], abs=0.01)
    assert desk.record is None


@pytest.mark.parametrize(("attempts", "asked"), [(1, 1), (2, 2), (4, 4), (20, 11)])
def test_there_is_time_to_wake_between_attempts(attempts: int, asked: int) -> None:
    """S-30: within the shortest life, however many the operator wants."""
    desk = Desk(Terms(refresh_attempts=attempts))
    desk.register((MOBILE, 300))
    found = attempts_of(desk, attempts)
    assert len(found) == asked
    assert 120 <= found[0] <= 120 + 180 / 3
    assert all(before - after > 9.99 for before, after in pairwise(found))
    assert attempts == 1 or found[-1] >= 30


def test_attempt_is_counted_before_it_leaves() -> None:
    """S-31: what is stored says that it was made, and when the next one is due."""
    desk = Desk()
    desk.register((MOBILE, 3600))
    was = bound(desk)
    assert was.refresh_at is not None
    decision = attend(desk.record, was.refresh_at, 4)
    (refreshing,) = decision.refreshing
    assert decision.record is not None
    assert decision.record.bindings == (refreshing,)
    assert refreshing.refresh_attempt == 1
    assert decision.record.due_at == refreshing.refresh_at
    assert (decision.registered, decision.removed) == ((), ())
    assert attend(decision.record, was.refresh_at, 4) == Decision(None)


def test_nothing_is_stored_where_nothing_is_due() -> None:
    """P-028: a REGISTER came between the look and this one."""
    desk = Desk()
    desk.register((MOBILE, 3600))
    due = bound(desk).refresh_at
    assert due is not None
    assert attend(desk.record, due - 1, 4) == Decision(None)
    desk.now = due - 1
    desk.register((MOBILE, 3600))
    assert attend(desk.record, due, 4) == Decision(None)
    assert attend(None, due, 4) == Decision(None)
    assert attend(Record(ALICE, 1, (), None), due, 4) == Decision(None)


def test_register_starts_anew() -> None:
    """S-30, B 20: back-off ends with the REGISTER, and the next life has all its attempts."""
    desk = Desk()
    desk.register((MOBILE, 3600))
    desk.now = bound(desk).refresh_at or 0
    desk.record = attend(desk.record, desk.now, 4).record
    assert bound(desk).refresh_attempt == 1
    desk.register((MOBILE, 3600))
    assert bound(desk).refresh_attempt == 0
    assert (bound(desk).refresh_at or 0) >= desk.now + 2160


def test_dropping_the_prid_stops_it() -> None:
    """P-029: the binding stays, and is pushed no more."""
    desk = Desk()
    desk.register((MOBILE, 3600))
    desk.register((contact("sip:alice@192.0.2.2", "<urn:uuid:m>"), 3600))
    assert (bound(desk).id, bound(desk).refresh_at) == ("b1", None)


def test_dead_prid_stops_it_until_the_next_register() -> None:
    """N-05: the PNS would say the same again."""
    desk = Desk()
    desk.register((MOBILE, 3600))
    desk.record = disown_prid(desk.record, TARGET, PushKind.CALL, desk.now, desk.now).record
    assert bound(desk).refresh_at is None
    assert desk.record is not None
    assert desk.record.due_at == T0 + 3600 + LINGER
    desk.register((MOBILE, 3600))
    assert bound(desk).refresh_at is not None


def test_expired_binding_is_not_pushed() -> None:
    """P-028: whatever was missed while the server was down."""
    desk = Desk()
    desk.register((MOBILE, 3600))
    decision = attend(desk.record, T0 + 3600, 4)
    assert decision.refreshing == ()
    assert decision.record is not None
    (kept,) = decision.record.bindings
    assert kept.refresh_at is None
    assert decision.record.due_at == T0 + 3600 + LINGER


def test_overdue_push_is_made_as_long_as_the_binding_lives() -> None:
    """S-31, D4: a server that was down; two seconds are what a wake takes as a rule."""
    desk = Desk()
    desk.register((MOBILE, 3600))
    decision = attend(desk.record, T0 + 3595, 4)
    assert [b.refresh_at for b in decision.refreshing] == [None]


def test_fewer_attempts_than_before_stop_at_once() -> None:
    """The operator has changed refresh_attempts; what is stored is older."""
    desk = Desk()
    desk.register((MOBILE, 3600))
    decision = attend(desk.record, bound(desk).refresh_at or 0, 0)
    assert decision.refreshing == ()
    assert decision.record is not None
    assert decision.record.due_at == T0 + 3600 + LINGER


def test_each_binding_has_its_own_time() -> None:
    """Of one record: due when the first of them is."""
    desk = Desk()
    desk.register((MOBILE, 3600))
    desk.register((TABLET, 7200), call_id="t")
    desk.register((PLAIN, 60), call_id="p")
    assert desk.record is not None
    assert desk.record.due_at == bound(desk, 2).expires_at + LINGER
    decision = attend(desk.record, desk.record.due_at, 4)
    assert [b.id for b in decision.removed] == ["b3"]
    assert decision.refreshing == ()
    assert decision.record is not None
    assert decision.record.due_at == bound(desk).refresh_at
    decision = attend(decision.record, bound(desk).refresh_at or 0, 4)
    assert [b.id for b in decision.refreshing] == ["b1"]
    assert decision.record is not None
    assert decision.record.bindings[1] == bound(desk, 1)


def test_most_urgent_is_the_first_of_those_due_to_expire() -> None:
    """S-31: what is not due yet, or has expired, presses nobody."""
    desk = Desk()
    desk.register((MOBILE, 3600))
    desk.register((TABLET, 7200), call_id="t")
    desk.register((PLAIN, 60), call_id="p")
    assert desk.record is not None
    first, second = bound(desk), bound(desk, 1)
    assert most_urgent(desk.record, T0) is None
    assert most_urgent(desk.record, first.refresh_at or 0) == first
    assert most_urgent(desk.record, second.refresh_at or 0) == second
    assert most_urgent(desk.record, second.expires_at) is None


@given(st.integers(121, 3_000_000), st.integers(0, 20), st.floats(0, 600), st.integers(1, 5000))
def test_no_push_is_planned_for_too_late(
    seconds: int, attempts: int, late: float, lead: int
) -> None:
    """S-30: never after expiry, never more than allowed, never sooner than the last one."""
    terms = Terms(refresh_lead=lead, refresh_attempts=attempts)
    at = first_refresh(Refresh.PUSHED, "b", 0.0, seconds, terms)
    binding = Binding("b", "sip:a@h", "f", float(seconds), 0.0, "c", 1, push_target=TARGET)
    made = 0
    while at is not None:
        assert 0 <= at <= seconds
        made += 1
        now = at + late
        binding = pushed(binding, now, attempts)
        at = binding.refresh_at
        assert at is None or now + 9.99 < at <= seconds - 30
    assert made == binding.refresh_attempt <= attempts
