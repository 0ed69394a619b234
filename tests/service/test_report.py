"""
Tests for :mod:`sippn.service.report`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from zope.interface import implementer

from sippn.binding import PushTarget
from sippn.service.report import REPORT_EVERY, WakeReport
from sippn.wake import WakeLatency

PHONE = PushTarget("fcm", "org.example.app", "secret-token")


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """What is logged."""
    lines: list[str] = []

    @implementer(ILogObserver)
    def observe(event: LogEvent) -> None:
        lines.append(formatEvent(event))

    globalLogPublisher.addObserver(observe)
    yield lines
    globalLogPublisher.removeObserver(observe)


def test_log_says_it_every_hour_and_at_the_end(logged: list[str]) -> None:
    """S-15: exported, until there is a page for it; unchanged lines are not repeated."""
    clock, latency = Clock(), WakeLatency()
    report = WakeReport(latency, clock)
    report.startService()
    clock.advance(REPORT_EVERY)
    assert logged == []
    latency.add(PHONE, 1.5)
    clock.advance(REPORT_EVERY)
    line = "fcm org.example.app: 1 woken, half within 2 s, 95 % within 2 s"
    assert logged == [line]
    clock.advance(REPORT_EVERY)
    assert logged == [line]
    latency.add(PHONE, 1.5)
    report.stopService()
    assert logged == [line, line.replace("1 woken", "2 woken")]
    assert "secret" not in "".join(logged)
