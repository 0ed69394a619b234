"""Tests for :mod:`sippn.transaction.deadlines` and what it has in common with fixed timers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from twisted.internet.task import Clock

from sippn.transaction import Deadlines, FixedTimer


@pytest.fixture
def clock() -> Clock:
    """Time, from 0."""
    return Clock()


def noting(clock: Clock, came: list[tuple[str, float]]) -> Callable[[str], None]:
    """Note what was due, and when it ran."""
    return lambda name: came.append((name, clock.seconds()))


def test_each_runs_at_its_time_in_whatever_order_they_were_asked_for(clock: Clock) -> None:
    """DESIGN 6: what is earlier than the last one is not held up by it."""
    deadlines, came = Deadlines(clock), list[tuple[str, float]]()
    for name, at in (("b", 20.0), ("a", 10.0), ("c", 20.0), ("d", 30.0), ("now", -1.0)):
        deadlines.at(at, noting(clock, came), name)
    for _ in range(31):
        clock.advance(1)
    assert came == [("now", 1.0), ("a", 10.0), ("b", 20.0), ("c", 20.0), ("d", 30.0)]
    assert clock.getDelayedCalls() == []


def test_those_in_order_share_one_delayed_call(clock: Clock) -> None:
    """DESIGN 6: nothing grows in the reactor with the number of calls that wait."""
    deadlines = Deadlines(clock)
    for at in range(1, 101):
        deadlines.at(at, print)
    assert len(clock.getDelayedCalls()) == 1


@pytest.mark.parametrize("at", [10.0, 30.0])
def test_cancelled_does_not_run(clock: Clock, at: float) -> None:
    """Whether it had a delayed call of its own or not."""
    deadlines, came = Deadlines(clock), list[tuple[str, float]]()
    deadlines.at(20, noting(clock, came), "stays")
    deadlines.at(at, noting(clock, came), "goes").cancel()
    clock.advance(40)
    assert [name for name, _ in came] == ["stays"]


def test_nobody_left_means_no_delayed_call(clock: Clock) -> None:
    """An idle server sleeps: the last one to be cancelled takes the reactor's call along."""
    deadlines = Deadlines(clock)
    handles = [deadlines.at(at, print) for at in (20, 10, 20)]
    for handle in handles:
        handle.cancel()
    assert clock.getDelayedCalls() == []
    came: list[tuple[str, float]] = []
    deadlines.at(5, noting(clock, came), "later")
    clock.advance(5)
    assert came == [("later", 5.0)]


def test_tidy_timer_goes_on_after_its_last_one_was_cancelled_by_a_callback(clock: Clock) -> None:
    """The call that runs is not the next one's: whoever starts meanwhile is not forgotten."""
    timer, came = FixedTimer(clock, 1, tidy=True), list[tuple[str, float]]()

    def first() -> None:
        second.cancel()
        timer.start(noting(clock, came), "third")

    timer.start(first)
    second = timer.start(noting(clock, came), "second")
    clock.advance(1)
    clock.advance(1)
    assert came == [("third", 2.0)]
    assert clock.getDelayedCalls() == []
