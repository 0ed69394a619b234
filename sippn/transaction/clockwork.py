"""The timers of all transactions of a layer."""

from __future__ import annotations

from typing import Final

from twisted.internet.interfaces import IReactorTime

from sippn.transaction.fixed import FixedTimer
from sippn.transaction.machine import Input
from sippn.transaction.timers import Timers


class Clockwork:
    """
    One queue for all timers of one length, however many transactions run.

    Of timers A, E and G, whose intervals grow, each interval has a queue as well: all double
    the same T1, and there are few of them before timer B, F or H ends it.

    :ivar clock: monotonic time.
    :ivar queues: whether the flow is reliable, to timer, to its queue; None: it takes no time.
    :ivar lingering: timer J's queue: those who wait there have answered, and only listen
        for repetitions.
    """

    def __init__(self, clock: IReactorTime, timers: Timers) -> None:
        self.clock: Final = clock
        self.timers: Final = timers
        self.lingering: Final = FixedTimer(clock, timers.j(reliable=False))
        self._by_length: Final[dict[float, FixedTimer]] = {}
        self._by_interval: Final[dict[float, FixedTimer]] = {}
        self.queues: Final = {reliable: self._queues(reliable) for reliable in (False, True)}

    def repeating(self, interval: float) -> FixedTimer:
        """The queue of all timers A, E and G that are at *interval*, in seconds."""
        queue = self._by_interval.get(interval)
        if queue is None:
            queue = self._by_interval[interval] = FixedTimer(self.clock, interval, tidy=True)
        return queue

    def _queues(self, reliable: bool) -> dict[Input, FixedTimer | None]:
        lengths = _lengths(self.timers, reliable)
        queues = {event: self._queue(seconds) for event, seconds in lengths.items()}
        queues[Input.TIMER_J] = self.lingering if self.timers.j(reliable) else None
        return queues

    def _queue(self, seconds: float) -> FixedTimer | None:
        if seconds == 0:
            return None
        return self._by_length.setdefault(seconds, FixedTimer(self.clock, seconds))


def _lengths(timers: Timers, reliable: bool) -> dict[Input, float]:
    return {
        Input.TIMER_B: timers.b,
        Input.TIMER_D: timers.d(reliable),
        Input.TIMER_F: timers.f,
        Input.TIMER_H: timers.h,
        Input.TIMER_I: timers.i(reliable),
        Input.TIMER_K: timers.k(reliable),
        Input.TIMER_L: timers.l,
        Input.TIMER_M: timers.m,
        Input.TIMER_CANCEL: timers.b,
        Input.TIMER_TRYING: timers.trying,
    }
