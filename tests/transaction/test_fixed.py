"""Tests for :mod:`sippn.transaction.fixed`."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest
from twisted.internet.task import Clock
from twisted.logger import LogEvent

from sippn.transaction import FixedTimer


class Callback:
    """Something that would be kept alive."""

    def __init__(self) -> None:
        self.calls: list[object] = []

    def __call__(self, *args: object) -> None:
        """Keep *args*."""
        self.calls.append(args)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timer(clock: Clock) -> FixedTimer:
    return FixedTimer(clock, 4)


@pytest.fixture
def no_gc() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def test_runs_when_the_time_is_over(clock: Clock, timer: FixedTimer) -> None:
    """Not before, with its arguments, and once."""
    callback = Callback()
    handle = timer.start(callback, 1, "two")
    clock.advance(3.5)
    assert callback.calls == []
    assert handle.running
    clock.advance(0.5)
    clock.advance(10)
    assert callback.calls == [(1, "two")]
    assert not handle.running
    assert clock.getDelayedCalls() == []


def test_each_runs_at_its_own_time(clock: Clock, timer: FixedTimer) -> None:
    """First in, first out."""
    ran: list[tuple[int, float]] = []
    for number in range(5):
        timer.start(lambda number=number: ran.append((number, clock.seconds())))
        clock.advance(0.5)
    clock.pump([0.5] * 20)
    assert ran == [(0, 4), (1, 4.5), (2, 5), (3, 5.5), (4, 6)]


def test_one_delayed_call_for_all(clock: Clock, timer: FixedTimer) -> None:
    """DESIGN 6: the heap of the reactor sees the head only."""
    for _ in range(100):
        timer.start(Callback())
        clock.advance(0.01)
    assert len(clock.getDelayedCalls()) == 1


def test_due_within_a_millisecond_share_a_turn(clock: Clock, timer: FixedTimer) -> None:
    """Under load a turn for each would cost more than it is worth; longer waits are kept."""
    ran: list[str] = []
    timer.start(ran.append, "first")
    clock.advance(0.0005)
    timer.start(ran.append, "half a millisecond later")
    clock.advance(0.0015)
    timer.start(ran.append, "two milliseconds later")
    clock.advance(3.998)
    assert ran == ["first", "half a millisecond later"]
    clock.advance(0.002)
    assert len(ran) == 3


def test_cancelled_does_not_run(clock: Clock, timer: FixedTimer) -> None:
    """The others do, at their times."""
    first, second = Callback(), Callback()
    handle = timer.start(first)
    clock.advance(1)
    timer.start(second)
    handle.cancel()
    assert not handle.running
    assert len(timer) == 1
    clock.advance(3.5)
    assert (first.calls, second.calls) == ([], [])
    clock.advance(0.5)
    assert (first.calls, second.calls) == ([], [()])


def test_cancelled_twice_or_too_late_changes_nothing(clock: Clock, timer: FixedTimer) -> None:
    """Whoever holds a handle need not know what became of it."""
    handle = timer.start(Callback())
    handle.cancel()
    handle.cancel()
    assert len(timer) == 0
    late = timer.start(Callback())
    clock.advance(4)
    late.cancel()
    assert len(timer) == 0


@pytest.mark.usefixtures("no_gc")
def test_cancelled_lets_go_at_once(timer: FixedTimer) -> None:
    """What has ended is not kept alive for the rest of 32 seconds."""
    callback = Callback()
    gone = weakref.ref(callback)
    handle = timer.start(callback, callback)
    del callback
    handle.cancel()
    assert gone() is None


@pytest.mark.usefixtures("no_gc")
def test_run_lets_go(clock: Clock, timer: FixedTimer) -> None:
    """Though whoever started it still holds the handle."""
    callback = Callback()
    gone = weakref.ref(callback)
    handle = timer.start(callback)
    del callback
    clock.advance(4)
    assert gone() is None
    assert not handle.running


def test_memory_follows_what_runs(timer: FixedTimer) -> None:
    """Ten thousand started and cancelled leave no ten thousand handles."""
    kept = [timer.start(Callback()) for _ in range(10)]
    for _ in range(10_000):
        timer.start(Callback()).cancel()
    assert len(timer) == 10
    assert len(timer._queue) < 200
    assert all(handle.running for handle in kept)


def test_sweep_keeps_order_and_times(clock: Clock, timer: FixedTimer) -> None:
    """What is left after a sweep runs as if there had been none."""
    ran: list[float] = []
    for _ in range(20):
        timer.start(lambda: ran.append(clock.seconds()))
        for _ in range(50):
            timer.start(Callback()).cancel()
        clock.advance(0.25)
    clock.pump([0.25] * 40)
    assert ran == [4 + 0.25 * number for number in range(20)]
    assert clock.getDelayedCalls() == []


def test_restarts_from_its_own_callback(clock: Clock, timer: FixedTimer) -> None:
    """A callback that starts another does not lose it, nor make a second delayed call."""
    ran: list[float] = []

    def again() -> None:
        ran.append(clock.seconds())
        timer.start(again)

    timer.start(again)
    clock.pump([1] * 12)
    assert ran == [4, 8, 12]
    assert len(clock.getDelayedCalls()) == 1


def test_cancels_its_neighbour_from_a_callback(clock: Clock, timer: FixedTimer) -> None:
    """Due in the same turn, and still taken back."""
    neighbour = Callback()
    timer.start(lambda: handle.cancel())  # noqa: PLW0108 - there is no handle yet
    handle = timer.start(neighbour)
    clock.advance(4)
    assert neighbour.calls == []
    assert len(timer) == 0


def test_broken_callback_is_logged(
    clock: Clock, timer: FixedTimer, nothing_fails_unseen: list[LogEvent]
) -> None:
    """One that raises does not stop the timers of the others."""
    callback = Callback()

    def broken() -> None:
        raise ZeroDivisionError

    timer.start(broken)
    timer.start(callback)
    clock.advance(1)
    timer.start(callback)
    clock.advance(4)
    assert len(callback.calls) == 2
    assert [event["log_failure"].type for event in nothing_fails_unseen] == [ZeroDivisionError]
    nothing_fails_unseen.clear()


def test_oldest_can_be_called_early(clock: Clock, timer: FixedTimer) -> None:
    """The first that runs, whatever was cancelled before it."""
    first, second = Callback(), Callback()
    timer.start(Callback()).cancel()
    timer.start(first)
    timer.start(second)
    assert timer.expire_oldest()
    assert (first.calls, second.calls) == ([()], [])
    assert timer.expire_oldest()
    assert not timer.expire_oldest()
    clock.advance(10)
    assert (first.calls, second.calls) == ([()], [()])
    assert len(timer) == 0
