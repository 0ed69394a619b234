"""Timers whose ends mostly come in the order in which they are asked for."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime

from sippn.transaction.timer_queue import Handle, TimerQueue


class Deadlines(TimerQueue):
    """
    Runs callbacks at given times.

    Requests of a kind wait equally long, so whoever comes later ends later: such a deadline
    joins the queue.  One that is earlier than the last of the queue gets a delayed call of its
    own.
    """

    def __init__(self, clock: IReactorTime) -> None:
        super().__init__(clock, tidy=True)

    def at(self, deadline: float, callback: Callable[..., object], *args: object) -> Handle:
        """
        Call *callback* with *args* at *deadline*, unless the handle is cancelled.

        :param deadline: monotonic clock, seconds; in the past: in the next turn.
        """
        if self._queue and deadline < self._queue[-1].deadline:
            return Deadlines(self._clock).at(deadline, callback, *args)
        handle = Handle(self, deadline, callback, args)
        self._queue.append(handle)
        if self._head is None:
            wait = max(0.0, deadline - self._clock.seconds())
            self._head = self._clock.callLater(wait, self._expire)
        return handle
