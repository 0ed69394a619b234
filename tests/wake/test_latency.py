"""
Tests for :mod:`sippn.wake.latency`.
"""

from __future__ import annotations

import pytest

from sippn.binding import PushTarget
from sippn.wake import WakeLatency
from sippn.wake.latency import BOUNDS, MOST_APPS

PHONE = PushTarget("fcm", "org.example.app", "secret-token")


def test_nothing_is_seen_at_first() -> None:
    """S-15: no app, no line."""
    assert WakeLatency().seen() == []


def test_each_wake_is_in_one_bucket() -> None:
    """S-15: a bound belongs to its own bucket; what is longer than all has one more."""
    latency = WakeLatency()
    for seconds in (0.1, 0.25, 0.26, 29.0, 31.0):
        latency.add(PHONE, seconds)
    (seen,) = latency.seen()
    assert (seen.provider, seen.app, seen.count) == ("fcm", "org.example.app", 5)
    assert seen.counts[:2] == (2, 1)
    assert seen.counts[-2:] == (1, 1)
    assert seen.seconds == pytest.approx(60.61)
    assert len(seen.counts) == len(BOUNDS) + 1


def test_quantiles_are_bounds() -> None:
    """S-15: what an operator asks is how long most take."""
    latency = WakeLatency()
    for _ in range(95):
        latency.add(PHONE, 0.9)
    for _ in range(5):
        latency.add(PHONE, 25.0)
    (seen,) = latency.seen()
    assert (seen.quantile(0.5), seen.quantile(0.95), seen.quantile(0.96)) == (1.0, 1.0, 30.0)
    latency.add(PHONE, 60.0)
    assert latency.seen()[0].quantile(1.0) == float("inf")


def test_apps_are_bounded() -> None:
    """``pn-param`` comes from the network: who makes names up makes one row."""
    latency = WakeLatency()
    for number in range(2 * MOST_APPS):
        latency.add(PushTarget("fcm", f"app-{number}", "t"), 1.0)
    seen = latency.seen()
    assert len(seen) == MOST_APPS + 1
    assert (seen[-1].provider, seen[-1].count) == ("other", MOST_APPS)


def test_services_of_an_app_are_one_app() -> None:
    """S-15: however a phone writes its pn-param, its app is the one that an operator knows."""
    latency = WakeLatency()
    for param in ("ABCD1234.com.x.voip", "com.x.remote"):
        latency.add(PushTarget("apns", param, "t", (("voip", "t"),), app="com.x"), 1.0)
    assert [(seen.app, seen.count) for seen in latency.seen()] == [("com.x", 2)]
