"""Timers that all run for the same time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import ClassVar, Final

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

_SLACK: Final = 0.001  # seconds: whoever is due that soon is not worth another turn
_TOLERATED: Final = 64  # cancelled handles that are not worth a sweep


class FixedTimer:
    """
    Runs callbacks a fixed time after they were started, in that order.

    As all run equally long, the first to start is the first to end: a queue with one
    delayed call at its head does what costs a heap per callback otherwise.  A cancelled
    handle waits in the queue for its turn, empty; when those are the majority they are
    swept out, so memory follows what is running and not what was started.
    """

    _log: ClassVar[Logger] = Logger()

    def __init__(self, clock: IReactorTime, seconds: float) -> None:
        self.seconds = seconds
        self._clock = clock
        self._queue: deque[Handle] = deque()
        self._cancelled = 0
        self._head: IDelayedCall | None = None

    def __len__(self) -> int:
        return len(self._queue) - self._cancelled

    def start(self, callback: Callable[..., object], *args: object) -> Handle:
        """Call *callback* with *args* when the time is over, unless the handle is cancelled."""
        handle = Handle(self, self._clock.seconds() + self.seconds, callback, args)
        self._queue.append(handle)
        if self._head is None:
            self._head = self._clock.callLater(self.seconds, self._expire)
        return handle

    def expire_oldest(self) -> bool:
        """
        Call the callback that is next, before its time.

        :returns: whether there was one.
        """
        while self._queue:
            handle = self._queue.popleft()
            if handle.running:
                self._call(handle)
                return True
            self._cancelled -= 1
        return False

    def count_cancelled(self) -> None:
        """Learn from a handle that it is empty; sweep when most are."""
        self._cancelled += 1
        if self._cancelled > _TOLERATED and 2 * self._cancelled > len(self._queue):
            self._queue = deque(handle for handle in self._queue if handle.running)
            self._cancelled = 0

    def _expire(self) -> None:
        now = self._clock.seconds()
        while self._queue:
            handle = self._queue[0]
            if not handle.running:
                self._cancelled -= 1
            elif handle.deadline > now + _SLACK:
                break
            self._queue.popleft()
            self._call(handle)
        if self._queue:
            wait = self._queue[0].deadline - now
            self._head = self._clock.callLater(wait, self._expire)
        else:
            self._head = None

    def _call(self, handle: Handle) -> None:
        try:
            handle.expire()
        except Exception:  # noqa: BLE001 - else one broken callback stops the timers of all others
            self._log.failure("a timer of {seconds} s broke", seconds=self.seconds)


@define(eq=False)
class Handle:
    """
    One callback that is waited for.

    It lets go of the callback when it has run or is cancelled: what has ended is not kept
    alive by the queue.
    """

    _timer: FixedTimer
    deadline: float
    _callback: Callable[..., object] | None
    _args: tuple[object, ...] = field(default=())

    @property
    def running(self) -> bool:
        """Whether the callback has neither run nor been cancelled."""
        return self._callback is not None

    def cancel(self) -> None:
        """Do not call; nothing happens when it is too late."""
        if self._callback is not None:
            self._callback = None
            self._args = ()
            self._timer.count_cancelled()

    def expire(self) -> None:
        """Call now, once; the timer's own."""
        callback, args = self._callback, self._args
        self._callback = None
        self._args = ()
        if callback is not None:
            callback(*args)
