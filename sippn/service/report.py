"""
What the log says of the phones that were woken.
"""

from __future__ import annotations

from typing import ClassVar

from twisted.application.internet import TimerService
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from sippn.wake import WakeLatency

REPORT_EVERY = 3600.0  # seconds


class WakeReport(TimerService):
    """
    Tells every hour, and at the end, how long woken phones took to come back (S-15).

    Each app has its line, with all wakes since the start; where nothing is new nothing is said.
    """

    _log: ClassVar[Logger] = Logger()

    def __init__(self, latency: WakeLatency, clock: IReactorTime) -> None:
        super().__init__(REPORT_EVERY, self.tell)
        self.clock = clock
        self._latency = latency
        self._told: set[str] = set()

    def tell(self) -> None:
        """Log what has changed since the last time."""
        lines = {str(seen) for seen in self._latency.seen()}
        for line in sorted(lines - self._told):
            self._log.info("{line}", line=line)
        self._told = lines

    def stopService(self) -> Deferred[None]:
        """Tell a last time."""
        self.tell()
        stopped: Deferred[None] = super().stopService()
        return stopped
