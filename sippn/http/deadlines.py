"""The ends of many waits, by one timer."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from itertools import count

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from sippn.http.exchange import Exchange

_LITTLE = 64  # that may be over and in the queue all the same
_SLACK = 1e-6  # seconds: a sum of floats may be a little off


@define(eq=False)
class Deadlines:
    """
    Tells of exchanges that are not over in time.

    Those that are over stay in the queue until they are more than those that are not: to
    take each out would cost more than to wait does.
    """

    _clock: IReactorTime
    _late: Callable[[Exchange], None]
    _queue: list[tuple[float, int, Exchange]] = field(factory=list, init=False)
    _numbers: count[int] = field(factory=count, init=False)
    _over: int = field(default=0, init=False)
    _timer: IDelayedCall | None = field(default=None, init=False)
    _due: float = field(default=0.0, init=False)

    def __len__(self) -> int:
        return len(self._queue)

    def add(self, exchange: Exchange) -> None:
        """Wait for its end."""
        heappush(self._queue, (exchange.deadline, next(self._numbers), exchange))
        if self._timer is None or exchange.deadline < self._due:
            self._set_timer()

    def ended(self) -> None:
        """One of them is over."""
        self._over += 1
        if self._over > _LITTLE and 2 * self._over > len(self._queue):
            self._queue = [each for each in self._queue if not each[2].over]
            heapify(self._queue)
            self._over = 0

    def close(self) -> None:
        """Wait for none of them."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._queue.clear()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._due = self._queue[0][0]
        wait = max(0.0, self._due - self._clock.seconds())
        self._timer = self._clock.callLater(wait, self._expire)

    def _expire(self) -> None:
        self._timer = None
        now = self._clock.seconds() + _SLACK
        while self._queue and (self._queue[0][2].over or self._queue[0][0] <= now):
            exchange = heappop(self._queue)[2]
            if not exchange.over:
                self._late(exchange)
            self._over = max(0, self._over - 1)  # it was counted when it ended
        if self._queue and self._timer is None:
            self._set_timer()
