"""Tests for :mod:`sippn.push.waiting`."""

from __future__ import annotations

import pytest
from twisted.internet.defer import CancelledError

from sippn.binding import PushKind
from sippn.push.waiting import PRIORITY, Line, NoRoomError
from sippn.testing.results import failed, succeeded


def test_every_kind_has_a_place() -> None:
    """CALL > MID_DIALOG > MESSAGE > REFRESH > CANCEL (Appendix A)."""
    assert " ".join(kind.name for kind in PRIORITY) == "CALL MID_DIALOG MESSAGE REFRESH CANCEL"
    assert set(PRIORITY) == set(PushKind)


def test_most_urgent_goes_first_then_who_came_first() -> None:
    """A call overtakes refreshes that came before it."""
    line = Line()
    admitted: list[str] = []
    came = [
        ("cancel", PushKind.CANCEL),
        ("refresh", PushKind.REFRESH),
        ("message", PushKind.MESSAGE),
        ("call 1", PushKind.CALL),
        ("mid", PushKind.MID_DIALOG),
        ("call 2", PushKind.CALL),
    ]
    for name, kind in came:
        line.join(kind).addCallback(lambda _, name: admitted.append(name), name)
    while line.admit():
        pass
    assert admitted == ["call 1", "call 2", "mid", "message", "refresh", "cancel"]


def test_empty_line_admits_nobody() -> None:
    """Asking costs nothing and says so."""
    assert not Line().admit()
    assert Line().first is None


def test_line_says_whose_turn_it_is() -> None:
    """Who lets in has to know whom."""
    line = Line()
    said: list[PushKind | None] = []
    for kind in (PushKind.REFRESH, PushKind.CALL):
        line.join(kind)
        said.append(line.first)
    line.admit()
    assert [*said, line.first] == [PushKind.REFRESH, PushKind.CALL, PushKind.REFRESH]


def test_cancelled_waiter_is_gone_at_once() -> None:
    """S-12: a push that has not been sent is dropped, and its place is free."""
    line = Line(1)
    waiter = line.join(PushKind.CALL)
    waiter.cancel()
    failed(waiter, CancelledError)
    assert len(line) == 0
    line.join(PushKind.CALL)
    assert line.admit()


def test_full_line_turns_the_newcomer_away() -> None:
    """The line is bounded (T5)."""
    line = Line(2)
    waiters = [line.join(PushKind.CALL) for _ in range(3)]
    failed(waiters[2], NoRoomError)
    assert len(line) == 2
    assert [w.called for w in waiters[:2]] == [False, False]


@pytest.mark.parametrize("newcomer", [PushKind.REFRESH, PushKind.CANCEL])
def test_newcomer_displaces_none_as_urgent(newcomer: PushKind) -> None:
    """Who is no more urgent than the last does not take its place."""
    line = Line(1)
    first = line.join(PushKind.REFRESH)
    failed(line.join(newcomer), NoRoomError)
    assert line.admit()
    succeeded(first)


def test_call_displaces_the_youngest_of_the_least_urgent() -> None:
    """Refreshes that fill the line do not keep a call out."""
    line = Line(3)
    message = line.join(PushKind.MESSAGE)
    old, young = line.join(PushKind.REFRESH), line.join(PushKind.REFRESH)
    call = line.join(PushKind.CALL)
    failed(young, NoRoomError)
    assert len(line) == 3
    while line.admit():
        pass
    for waiter in (message, old, call):
        succeeded(waiter)
