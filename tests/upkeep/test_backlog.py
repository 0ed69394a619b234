"""Tests for :mod:`sippn.upkeep.backlog`."""

from __future__ import annotations

from collections import Counter

import pytest

from sippn.binding import AOR, Binding, PushTarget, Record
from sippn.upkeep.backlog import Backlog

NOW = 1_800_000_000.0


@pytest.fixture
def room() -> Counter[str]:
    """How many pushes each PNS takes."""
    return Counter(acme=99, other=99)


@pytest.fixture
def backlog(room: Counter[str]) -> Backlog:
    return Backlog(room.__getitem__)


def due(aor: AOR, left: float, overdue: float = 1.0, pns: str = "acme") -> Record:
    """A record whose binding has so many seconds left, and was to be pushed a while ago."""
    at, target = NOW - overdue, PushTarget(pns, "", aor)
    binding = Binding(
        "b", "sip:x@h", "f", NOW + left, 0.0, "c", 1, push_target=target, refresh_at=at
    )
    return Record(aor, 1, (binding,), at, frozenset())


def test_who_expires_first_is_taken_first(backlog: Backlog) -> None:
    """D4: not who was due first: a week's binding is due an hour before it ends."""
    backlog.add([due("a", 3000, 600), due("b", 90), due("c", 300, 60)], NOW)
    assert backlog.take(2, NOW) == ["b", "c"]
    assert len(backlog) == 1
    assert backlog.take(2, NOW) == ["a"]
    assert backlog.take(2, NOW) == []


def test_who_has_time_is_left(backlog: Backlog) -> None:
    """S-31: while a restart is spread."""
    backlog.add([due("a", 3000), due("b", 90)], NOW)
    assert backlog.take(9, NOW, NOW + 100) == ["b"]
    assert backlog.take(9, NOW, NOW + 100) == []
    assert len(backlog) == 1


def test_who_cannot_wake_in_time_comes_last(backlog: Backlog, room: Counter[str]) -> None:
    """D4: with more due than can be saved, pushing in order of expiry would save nobody."""
    backlog.add([due("a", 12), due("b", 1), due("c", 60)], NOW)
    assert backlog.take(9, NOW + 10) == ["c"]
    room["acme"] = 0
    assert backlog.take_last(9, NOW + 10) == ["b"]
    room["acme"] = 1
    assert backlog.take_last(9, NOW + 10) == ["a"]
    assert backlog.take_last(9, NOW + 10) == []
    assert len(backlog) == 0


def test_expired_bindings_come_last(backlog: Backlog) -> None:
    """P-028: nobody is pushed for them; dropping them can wait."""
    backlog.add([due("a", -5), due("b", 60)], NOW)
    assert backlog.take(9, NOW) == ["b"]
    assert backlog.take_last(9, NOW) == ["a"]


def test_who_is_held_is_not_held_twice(backlog: Backlog) -> None:
    """The store offers again what was not attended to in time."""
    for _ in range(2):
        backlog.add([due("a", 60), due("b", -5)], NOW)
    assert len(backlog) == 2
    assert backlog.take(9, NOW) + backlog.take_last(9, NOW) == ["a", "b"]
    backlog.add([due("a", 60)], NOW)
    assert backlog.take(9, NOW) == ["a"]


def test_pns_that_is_down_keeps_no_other_waiting(backlog: Backlog, room: Counter[str]) -> None:
    """W3: its own stand aside, in order; they are not asked for, so no attempt is spent."""
    backlog.add([due("a", 60), due("b", 50), due("c", 40)], NOW)
    backlog.add([due("d", 900, pns="other"), due("e", 800, pns="other")], NOW)
    room["acme"] = 1
    assert backlog.take(9, NOW) == ["c", "e", "d"]
    room["acme"] = 0
    assert backlog.take(9, NOW) == []
    assert len(backlog) == 2
    room["acme"] = 1
    backlog.add([due("f", 55)], NOW)
    assert backlog.take(9, NOW) == ["b"]
    room["acme"] = 9
    assert backlog.take(9, NOW) == ["f", "a"]
    assert len(backlog) == 0
