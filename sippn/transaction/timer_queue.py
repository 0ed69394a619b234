"""Callbacks that are due in the order in which they were started."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import ClassVar, Final

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

_SLACK: Final = 0.001  # seconds: whoever is due that soon is not worth another turn
_TOLERATED: Final = 64  # cancelled handles that are not worth a sweep


class TimerQueue:
    """
    Runs callbacks at their times, of which each is no earlier than the one before it.

    Then a queue with one delayed call at its head does what costs a heap per callback
    otherwise.  A cancelled handle waits in the queue for its turn, empty; when those are the
    majority they are swept out, so memory follows what is running and not what was started.

    :ivar _tidy: wake the reactor for nobody: when all are cancelled the delayed call is, too.
        That costs as much as the call did, so it is for timers that mostly overlap.
    """

    _log: ClassVar[Logger] = Logger()

    def __init__(self, clock: IReactorTime, *, tidy: bool = False) -> None:
        self._clock = clock
        self._tidy = tidy
        self._queue: deque[Handle] = deque()
        self._cancelled = 0
        self._head: IDelayedCall | None = None

    def __len__(self) -> int:
        return len(self._queue) - self._cancelled

    def expire_oldest(self) -> bool:
        """
        Call the callback that is next, before its time.

        :returns: whether there was one.
        """
        while self._queue:
            handle = self._queue.popleft()
            if handle.callback is not None:
                self._call(handle)
                return True
            self._cancelled -= 1
        return False

    def count_cancelled(self) -> None:
        """Learn from a handle that it is empty; sweep when most are."""
        self._cancelled += 1
        if self._tidy and self._cancelled == len(self._queue):
            self._rest()
        elif self._cancelled > _TOLERATED and 2 * self._cancelled > len(self._queue):
            self._queue = deque([one for one in self._queue if one.callback is not None])
            self._cancelled = 0

    def _rest(self) -> None:
        self._queue.clear()
        self._cancelled = 0
        if self._head is not None and self._head.active():  # else it is what runs now
            self._head.cancel()
            self._head = None

    def _expire(self) -> None:
        now = self._clock.seconds()
        while self._queue:  # read anew each time: a callback may have it swept
            handle = self._queue[0]
            if handle.callback is None:
                self._queue.popleft()
                self._cancelled -= 1
            elif handle.deadline > now + _SLACK:
                break
            else:
                self._queue.popleft()
                self._call(handle)
        if self._queue:
            wait = self._queue[0].deadline - now
            self._head = self._clock.callLater(wait, self._expire)
        else:
            self._head = None

    def _call(self, handle: Handle) -> None:
        callback, args = handle.callback, handle.args
        handle.callback, handle.args = None, ()
        try:
            callback(*args)  # type: ignore[misc]  # who calls this has looked
        except Exception:  # noqa: BLE001 - else one broken callback stops the timers of all others
            self._log.failure("a timer broke")


@define(eq=False)
class Handle:
    """
    One callback that is waited for.

    It lets go of the callback when it has run or is cancelled: what has ended is not kept
    alive by the queue.

    :ivar callback: the timer's own, like *args*; None: it has run or was cancelled.
    """

    _timer: TimerQueue
    deadline: float
    callback: Callable[..., object] | None = field(repr=False)
    args: tuple[object, ...] = field(default=(), repr=False)

    @property
    def running(self) -> bool:
        """Whether the callback has neither run nor been cancelled."""
        return self.callback is not None

    def cancel(self) -> None:
        """Do not call; nothing happens when it is too late."""
        if self.callback is not None:
            self.callback, self.args = None, ()
            self._timer.count_cancelled()
