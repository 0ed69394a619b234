"""
When the interpreter looks for garbage, and how long everybody waits for that.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Final

from twisted.application.service import Service
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from sippn.service import Pauses

_THRESHOLDS: Final = (2_000, 8, 1_000_000)  # the last: no full collection but ours
_RARELY: Final = 50  # times its length passes between two full collections
_OBJECTS_A_CALL: Final = 100
_FEW: Final = 20  # one of so many survivors may be of a call
_WORTH: Final = 0.003  # seconds that a collection of the young is to take
_SELDOM: Final = 0.5  # seconds between two of them on a quiet server: a herd may come any time
_OFTEN: Final = 0.05
_LEAST: Final = 8_000  # survivors that are worth it: to look at them takes 2 ms


class Collector(Service):
    """
    Keeps collections short, and measures them.

    What serves a message goes by reference counting; circles are left by calls that were
    given up.  A collection looks at all objects but the frozen, 0.1 to 0.4 us each: with a
    million bindings in memory that were a second in which no call is served.  So what has
    survived the collection of the young is frozen: the next one does not see it.

    The interpreter itself counts how many objects there are more, not how many are new: where
    as many old ones go, as with transactions, it would look at a hundred thousand at once.
    So the young are looked at by the clock as well, as often as keeps that short.

    What is frozen still goes by reference counting, but a circle in it stays for ever.
    Nothing is frozen therefore while more calls wait than a small share of what survived;
    then there are full collections now and then.

    :ivar pauses: all collections since the start.
    """

    def __init__(self, clock: IReactorTime, pauses: Pauses, waiting: Callable[[], int]) -> None:
        """
        Change nothing yet.

        :param waiting: how many calls wait now.
        """
        self.pauses = pauses
        self._clock = clock
        self._waiting = waiting
        self._since = 0.0
        self._before = gc.get_threshold()
        self._not_before = 0.0
        self._next: IDelayedCall | None = None
        self._unfrozen = False  # whether there is anything old
        self._interval = _SELDOM
        self._look: IDelayedCall | None = None

    def startService(self) -> None:
        """Set aside what is loaded by now, and begin."""
        super().startService()
        gc.collect()
        gc.freeze()
        self._before = gc.get_threshold()
        gc.set_threshold(*_THRESHOLDS)
        gc.callbacks.append(self._measure)
        self._look = self._clock.callLater(_OFTEN, self._collect_young)

    def stopService(self) -> None:
        """Leave all as it was."""
        super().stopService()
        gc.callbacks.remove(self._measure)
        gc.set_threshold(*self._before)
        for call in (self._next, self._look):
            if call is not None:
                call.cancel()
        self._next = self._look = None

    def _collect_young(self) -> None:
        took = -time.perf_counter()
        gc.collect(1)
        took += time.perf_counter()
        faster = min(2.0, max(0.5, took / _WORTH))
        self._interval = min(_SELDOM, max(_OFTEN, self._interval / faster))
        self._look = self._clock.callLater(self._interval, self._collect_young)

    def _measure(self, phase: str, about: dict[str, int]) -> None:
        now = time.perf_counter()
        if phase == "start":
            self._since = now
            return
        self.pauses.add(now - self._since)
        if about["generation"] == 1 and self._next is None:
            wait = max(0.0, self._not_before - self._clock.seconds())
            self._next = self._clock.callLater(wait, self._collect)

    def _collect(self) -> None:
        """Freeze what is there to stay; look through it before, if it has grown old."""
        self._next = None
        if self._unfrozen:
            began = time.perf_counter()
            gc.collect()
            took = time.perf_counter() - began
            self._not_before = self._clock.seconds() + _RARELY * took
        survivors = len(gc.get_objects(generation=2))
        self._unfrozen = survivors < max(_LEAST, _FEW * _OBJECTS_A_CALL * self._waiting())
        if not self._unfrozen:
            gc.freeze()
