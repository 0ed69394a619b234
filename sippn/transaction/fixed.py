"""Timers that all run for the same time."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from sippn.transaction.timer_queue import Handle, TimerQueue


class FixedTimer(TimerQueue):
    """
    Runs callbacks a fixed time after they were started, in that order.

    :ivar seconds: that time.
    """

    def __init__(self, clock: IReactorTime, seconds: float, *, tidy: bool = False) -> None:
        super().__init__(clock, tidy=tidy)
        self.seconds = seconds

    def start(self, callback: Callable[..., object], *args: object) -> Handle:
        """Call *callback* with *args* when the time is over, unless the handle is cancelled."""
        handle = Handle(self, self._clock.seconds() + self.seconds, callback, args)
        self._queue.append(handle)
        if self._head is None:
            self._head = self._clock.callLater(self.seconds, self._expire)
        return handle
