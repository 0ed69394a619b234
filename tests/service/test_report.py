"""
Tests for :mod:`sippn.service.report`.
"""

from __future__ import annotations

from twisted.internet.task import Clock

from sippn.binding import PushTarget
from sippn.service import Pauses
from sippn.service.report import REPORT_EVERY, Report
from sippn.wake import WakeLatency

PHONE = PushTarget("fcm", "org.example.app", "secret-token")


def test_log_says_it_every_hour_and_at_the_end(logged: list[str]) -> None:
    """S-15: exported, until there is a page for it; unchanged lines are not repeated."""
    clock, latency = Clock(), WakeLatency()
    report = Report(clock, lambda: map(str, latency.seen()))
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


def test_log_tells_of_pauses(logged: list[str]) -> None:
    """Issue 4: how long a call may have stood still for garbage is seen by the operator."""
    clock, pauses = Clock(), Pauses()
    report = Report(clock, pauses.seen)
    report.startService()
    assert logged == []
    for seconds in (0.0004, 0.0031, 0.0012):
        pauses.add(seconds)
    report.stopService()
    assert logged == ["garbage: 3 pauses, the longest 3.1 ms, in all 0.00 s"]
    assert (pauses.counts[:4], pauses.worst) == ([1, 1, 1, 0], 0.0031)
