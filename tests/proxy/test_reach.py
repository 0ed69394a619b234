"""
Tests for :mod:`sippn.proxy.reach`.
"""

from __future__ import annotations

import pytest
from attrs import evolve

from sippn.binding import Binding, PushState, PushTarget
from sippn.proxy.reach import Reach, reach_of
from sippn.proxy.settings import ProxySettings

PHONE = Binding(
    "b1",
    "sip:a@192.0.2.1",
    "f",
    4000.0,
    1000.0,
    "c",
    1,
    push_target=PushTarget("acme", "", "t"),
)
DESK = evolve(PHONE, push_target=None)
DEAD = evolve(PHONE, push_state=PushState.DEAD)
AWAKE = ProxySettings(awake_after_register=30)


@pytest.mark.parametrize(
    ("binding", "method", "settings", "now", "reach"),
    [
        (DESK, "INVITE", ProxySettings(), 1500.0, Reach.LIVE),
        (DESK, "OPTIONS", ProxySettings(), 1500.0, Reach.LIVE),
        (PHONE, "INVITE", ProxySettings(), 1000.1, Reach.SLEEPING),
        (PHONE, "MESSAGE", ProxySettings(), 1500.0, Reach.SLEEPING),
        (PHONE, "OPTIONS", ProxySettings(), 1500.0, Reach.UNREACHABLE),
        (PHONE, "INVITE", AWAKE, 1029.9, Reach.LIVE),
        (PHONE, "INVITE", AWAKE, 1030.0, Reach.SLEEPING),
        (DEAD, "INVITE", ProxySettings(), 1500.0, Reach.UNREACHABLE),
        (DEAD, "INVITE", AWAKE, 1001.0, Reach.LIVE),
    ],
)
def test_classifies(
    binding: Binding, method: str, settings: ProxySettings, now: float, reach: Reach
) -> None:
    """S-03, P-050, N-05: who is sent to, who is pushed, who is out of reach."""
    assert reach_of(binding, method, settings, now) is reach
