"""
What the log says of how the server fares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from twisted.application.internet import TimerService
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

REPORT_EVERY = 3600.0  # seconds


class Report(TimerService):
    """
    Tells every hour, and at the end, what was counted since the start.

    Where nothing is new nothing is said.
    """

    _log: ClassVar[Logger] = Logger()

    def __init__(self, clock: IReactorTime, seen: Callable[[], Iterable[str]]) -> None:
        """
        Be ready to tell.

        :param seen: gives what there is to say now, a line each.
        """
        super().__init__(REPORT_EVERY, self.tell)
        self.clock = clock
        self._seen = seen
        self._told: set[str] = set()

    def tell(self) -> None:
        """Log what has changed since the last time."""
        lines = set(self._seen())
        for line in sorted(lines - self._told):
            self._log.info("{line}", line=line)
        self._told = lines

    def stopService(self) -> Deferred[None]:
        """Tell a last time."""
        self.tell()
        stopped: Deferred[None] = super().stopService()
        return stopped
