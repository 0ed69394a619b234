"""Tests for :mod:`sippn.push.pace`."""

from __future__ import annotations

from collections import Counter

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock

from sippn.binding import PushKind
from sippn.push import Line, Pace
from sippn.push.waiting import NoRoomError
from sippn.testing.results import failed, succeeded


def test_zero_is_no_limit(clock: Clock) -> None:
    """DESIGN section 5: 0 = off."""
    pace = Pace(clock, 0)
    for _ in range(1000):
        succeeded(pace.turn(PushKind.REFRESH))


def test_one_at_a_time_when_one_a_second(clock: Clock) -> None:
    """A small rate is a rate, not a burst."""
    pace = Pace(clock, 1)
    first, second, third = (pace.turn(PushKind.CALL) for _ in range(3))
    succeeded(first)
    clock.advance(0.999)
    assert not second.called
    clock.advance(0.001)
    succeeded(second)
    assert not third.called
    clock.advance(1)
    succeeded(third)


def test_no_second_sees_more_than_its_share(clock: Clock) -> None:
    """D4: never above the cap, measured in any 1 s window, +5 %; and not far below it."""
    pace = Pace(clock, 500)
    went: list[float] = []
    for _ in range(2000):
        pace.turn(PushKind.REFRESH).addCallback(lambda _: went.append(clock.seconds()))
    for _ in range(4000):
        clock.advance(0.001)
    assert len(went) == 2000
    for start in range(len(went)):
        inside = sum(1 for at in went[start : start + 600] if at < went[start] + 1)
        assert inside <= 525
    assert max(went) <= 4.0


def test_idle_time_saves_no_more_than_a_burst(clock: Clock) -> None:
    """A night without pushes does not become a storm in the morning."""
    pace = Pace(clock, 100)
    clock.advance(3600)
    turns = [pace.turn(PushKind.CALL) for _ in range(20)]
    assert Counter(turn.called for turn in turns) == {True: 5, False: 15}
    clock.pump([0.01] * 15)
    assert all(turn.called for turn in turns)


def test_call_goes_before_refreshes_that_wait(clock: Clock) -> None:
    """T14: wake pushes first."""
    pace = Pace(clock, 10)
    went: list[PushKind] = []
    for kind in (PushKind.REFRESH, PushKind.REFRESH, PushKind.REFRESH, PushKind.CALL):
        pace.turn(kind).addCallback(lambda _, kind: went.append(kind), kind)
    clock.pump([0.1] * 3)
    assert went == [PushKind.REFRESH, PushKind.CALL, PushKind.REFRESH, PushKind.REFRESH]


def test_last_waiter_that_leaves_takes_the_timer_with_it(clock: Clock) -> None:
    """Nothing is left to do for nobody."""
    pace = Pace(clock, 1)
    pace.turn(PushKind.CALL)
    first, second = pace.turn(PushKind.CALL), pace.turn(PushKind.CALL)
    first.cancel()
    failed(first, CancelledError)
    assert len(clock.getDelayedCalls()) == 1
    second.cancel()
    failed(second, CancelledError)
    assert clock.getDelayedCalls() == []


def test_waiter_that_comes_while_others_are_let_in_gets_its_turn(clock: Clock) -> None:
    """The next push of somebody who just had his turn."""
    pace = Pace(clock, 10)
    pace.turn(PushKind.CALL)
    again: list[Deferred[None]] = []
    waiting = pace.turn(PushKind.CALL)
    waiting.addCallback(lambda _: again.append(pace.turn(PushKind.CALL)))
    clock.advance(0.1)
    assert not again[0].called
    assert len(clock.getDelayedCalls()) == 1
    clock.advance(0.1)
    succeeded(again[0])


def test_waiter_that_comes_and_is_let_in_with_the_others_leaves_no_timer(clock: Clock) -> None:
    """The reactor was late, so there are turns for more than those who waited."""
    pace = Pace(clock, 100)
    for _ in range(5):
        pace.turn(PushKind.CALL)
    again: list[Deferred[None]] = []
    pace.turn(PushKind.CALL).addCallback(lambda _: again.append(pace.turn(PushKind.CALL)))
    clock.advance(0.05)
    succeeded(again[0])
    assert clock.getDelayedCalls() == []


def test_waiters_that_leave_while_others_are_let_in_leave_no_timer(clock: Clock) -> None:
    """One call that is let in may end the others that wait."""
    pace = Pace(clock, 10)
    pace.turn(PushKind.CALL)
    first, second = pace.turn(PushKind.CALL), pace.turn(PushKind.CALL)
    first.addCallback(lambda _: second.cancel())
    clock.advance(0.1)
    failed(second, CancelledError)
    assert clock.getDelayedCalls() == []


def test_too_many_waiting_are_turned_away(clock: Clock) -> None:
    """The line is bounded, and whoever is turned away leaves the timer of the others alone."""
    pace = Pace(clock, 1, Line(1))
    pace.turn(PushKind.CALL)
    waiting = pace.turn(PushKind.CALL)
    failed(pace.turn(PushKind.CALL), NoRoomError)
    clock.advance(1)
    succeeded(waiting)
