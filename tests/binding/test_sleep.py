"""Bindings that may be woken though they expired (REQUIREMENTS S-32)."""

from __future__ import annotations

from contextlib import suppress

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from sippn.binding import (
    Decision,
    PushKind,
    PushTarget,
    Refresh,
    RegisteredContact,
    Terms,
    asleep,
    attend,
    disown_prid,
    live,
    reachable,
)
from sippn.binding.records import LINGER
from sippn.errors import Forbidden, SIPError
from sippn.testing.desk import T0, Desk, contact

TARGET = PushTarget("acme", "", "p1")
MOBILE = evolve(
    contact("sip:alice@192.0.2.2;pn-provider=acme;pn-prid=p1", "<urn:uuid:m>"),
    refresh=Refresh.PUSHED,
)
TABLET = contact("sip:alice@192.0.2.3;pn-provider=acme;pn-prid=p2", "<urn:uuid:t>")
DESK = contact("sip:alice@192.0.2.1")
NIGHT = 10 * 3600
SLEEPING = Terms(sleep_after_expiry=NIGHT)


def reached(desk: Desk) -> list[str]:
    """The ids of those whom a call may reach, now."""
    return [b.id for b in reachable(desk.record, desk.now)]


def expired(*phones: RegisteredContact, terms: Terms = SLEEPING) -> Desk:
    """A desk at which *phones* registered for 600 s, the last of them 600 s ago."""
    desk = Desk(terms)
    for number, phone in enumerate(phones):
        desk.register((phone, 600), call_id=f"of-{number}")
    desk.now += 599
    return desk


def test_expired_push_binding_sleeps_on() -> None:
    """S-32: calls reach it, and nobody is told that it is registered."""
    desk = expired(DESK, MOBILE)
    assert live(desk.record, desk.now) == ()
    assert reached(desk) == ["b2"]
    assert desk.record is not None
    plain, mobile = desk.record.bindings
    assert (asleep(plain, desk.now), asleep(mobile, desk.now)) == (False, True)
    assert (plain.asleep_until, mobile.asleep_until) == (None, mobile.expires_at + NIGHT)
    desk.now += NIGHT
    assert reached(desk) == []
    assert reachable(None, desk.now) == ()


def test_without_the_option_nothing_sleeps_on() -> None:
    """P-028: no binding is pushed for once it expired."""
    desk = expired(MOBILE, terms=Terms())
    assert reached(desk) == []
    assert desk.record is not None
    assert desk.record.bindings[0].asleep_until is None


def test_who_is_awake_is_reachable_as_before() -> None:
    """S-02: in the same order: by preference, the latest first."""
    desk = Desk(SLEEPING)
    for number, q in enumerate([None, 500, 1000, 500]):
        phone = evolve(MOBILE if number == 1 else DESK, q=q, instance=f"i{number}")
        desk.register((phone, 60 if number == 1 else 600), call_id=f"c{number}")
    desk.now = T0 + 100
    assert reached(desk) == ["b3", "b1", "b4", "b2"]


def test_sleeper_is_not_pushed_to_refresh() -> None:
    """P-028, S-32: after expiry a call wakes it, and nothing else does."""
    desk = expired(MOBILE)
    decision = attend(desk.record, desk.now, 4)
    assert decision.refreshing == ()
    assert decision.record is not None
    (kept,) = decision.record.bindings
    assert kept.refresh_at is None
    assert decision.record.due_at == kept.expires_at + NIGHT + LINGER
    assert attend(decision.record, decision.record.due_at - 1, 4) == Decision(None)
    decision = attend(decision.record, decision.record.due_at, 4)
    assert [b.id for b in decision.removed] == ["b1"]
    assert decision.record is not None
    assert decision.record.idle


def test_register_of_another_keeps_a_sleeper() -> None:
    """S-32: it stays until its time is over, whatever is written meanwhile."""
    desk = expired(MOBILE)
    desk.now += NIGHT - 100
    desk.register((DESK, 60), call_id="other")
    assert reached(desk) == ["b2", "b1"]
    desk.now += 100 + LINGER
    decision = desk.register((DESK, 60), call_id="other")
    assert [b.id for b in decision.removed] == ["b1"]


def test_register_revives_a_sleeper() -> None:
    """S-32, S-08: under its old id, so that the call that woke it is released."""
    desk = expired(MOBILE)
    desk.now += 5 * 3600
    decision = desk.register((MOBILE, 600), call_id="new", cseq=1)
    assert [b.id for b in decision.registered] == ["b1"]
    assert list(desk.held) == ["b1"]
    (binding,) = decision.registered
    assert binding.asleep_until == binding.expires_at + NIGHT
    assert binding.refresh_at is not None


@pytest.mark.parametrize("star", [False, True])
def test_de_register_ends_a_sleep(*, star: bool) -> None:
    """P-028, P-029: who takes its registration back is pushed no more."""
    desk = expired(MOBILE)
    gone = desk.remove_all("new") if star else desk.register((MOBILE, 0), call_id="new")
    assert [b.id for b in gone.removed] == ["b1"]
    assert reached(desk) == []


def test_register_without_a_prid_ends_the_sleep_to_come() -> None:
    """P-029: who gives its PRID up is not woken when it has expired."""
    desk = Desk(SLEEPING)
    desk.register((MOBILE, 600))
    decision = desk.register((contact("sip:alice@192.0.2.2", "<urn:uuid:m>"), 600))
    assert [(b.id, b.asleep_until) for b in decision.registered] == [("b1", None)]


def test_dead_prid_ends_a_sleep() -> None:
    """N-05: nothing is left that could wake it."""
    desk = expired(MOBILE)
    desk.now += LINGER
    decision = disown_prid(desk.record, TARGET, PushKind.CALL, desk.now, desk.now)
    assert [b.id for b in decision.removed] == ["b1"]
    desk = Desk(SLEEPING)
    desk.register((MOBILE, 600))
    decision = disown_prid(desk.record, TARGET, PushKind.CALL, desk.now, desk.now)
    assert decision.record is not None
    assert [b.asleep_until for b in decision.record.bindings] == [None]


@pytest.mark.parametrize("overflow", ["reject", "replace_oldest"])
def test_sleepers_make_room_first(overflow: str) -> None:
    """Q-07: before who is there, reached or not, and before anybody is refused."""
    terms = Terms(max_contacts=2, overflow=overflow, sleep_after_expiry=NIGHT)
    desk = Desk(terms)
    desk.register((DESK, NIGHT), call_id="d")
    desk.register((MOBILE, 600), call_id="m")
    desk.now += 600
    desk.terms = evolve(terms, unreachable=frozenset(["b1"]))
    decision = desk.register((TABLET, 600), call_id="t")
    assert [b.id for b in decision.removed] == ["b2"]
    assert list(desk.held) == ["b3", "b1"]


def test_short_lives_leave_no_crowd_of_sleepers() -> None:
    """Q-07: each would be pushed for a call, one after the other."""
    desk = Desk(Terms(max_contacts=3, sleep_after_expiry=NIGHT))
    for number in range(20):
        uri = f"sip:alice@192.0.2.9;pn-provider=acme;pn-prid=n{number}"
        desk.register((contact(uri), 60), call_id=f"c{number}")
        desk.now += 60
    assert reached(desk) == ["b20", "b19", "b18"]


def test_sleeper_comes_back_into_a_full_house_as_a_new_contact_does() -> None:
    """Q-07: the operator allows fewer by now, and those who are there stay."""
    desk = Desk(SLEEPING)
    desk.register((MOBILE, 600), call_id="m")
    desk.register((DESK, NIGHT), call_id="d")
    desk.now += 600
    desk.terms = Terms(max_contacts=1, sleep_after_expiry=NIGHT)
    with pytest.raises(Forbidden):
        desk.register((MOBILE, 600), call_id="m")


def _phone(number: int, pushable: bool) -> RegisteredContact:
    push = f";pn-provider=acme;pn-prid=p{number}" if pushable else ""
    return contact(f"sip:alice@192.0.2.{number}{push}", f"<urn:uuid:{number}>")


_PHONES = st.builds(_phone, st.integers(1, 9), st.sampled_from([True, True, True, False]))
_STEPS = st.tuples(
    st.lists(st.tuples(_PHONES, st.sampled_from([60, 60, 600, 0])), min_size=1, max_size=2),
    st.sampled_from([90, 30, 700, 3000]),
)


@settings(deadline=None)
@given(st.lists(_STEPS, max_size=12), st.sampled_from([2000, 0]))
def test_what_holds_however_they_sleep(
    steps: list[tuple[list[tuple[RegisteredContact, int]], int]], sleep: int
) -> None:
    """S-32: at every moment, whatever was registered and however much time went by."""
    desk = Desk(Terms(max_contacts=3, sleep_after_expiry=sleep))
    for contacts, seconds in steps:
        with suppress(SIPError):
            desk.register(*contacts)
        desk.now += seconds
        decision = attend(desk.record, desk.now, 4)
        if decision.record is not None:
            desk.record = None if decision.record.idle else decision.record
        _holds(desk, decision, sleep)


def _holds(desk: Desk, decision: Decision, sleep: int) -> None:
    there, awake = reachable(desk.record, desk.now), live(desk.record, desk.now)
    stored = desk.record.bindings if desk.record is not None else ()
    assert set(awake) <= set(there) <= set(stored)
    assert len(there) <= 3
    assert all(b.expires_at > desk.now for b in decision.refreshing)
    for binding in decision.removed:
        assert binding.expires_at + LINGER + (sleep if binding.push_target else 0) <= desk.now
    for binding in stored:
        due = sleep if binding.push_target is not None else 0
        assert binding.asleep_until == (binding.expires_at + due if due else None)
        assert (binding in there) == (desk.now < binding.expires_at + due)
        assert desk.now < binding.expires_at + due + LINGER
    assert desk.record is None or desk.record.due_at is not None
