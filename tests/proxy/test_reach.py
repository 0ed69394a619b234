"""
Tests for :mod:`sippn.proxy.reach`.
"""

from __future__ import annotations

from typing import cast

import pytest
from attrs import define, evolve

from sippn.binding import Binding, PushState, PushTarget
from sippn.proxy.reach import Moment, Reach, reach_of
from sippn.proxy.settings import ProxySettings
from sippn.transport import Flow

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
PLAIN = ProxySettings()
AWAKE = ProxySettings(awake_after_register=30)


@define(eq=False)
class SomeFlow:
    """As much of a flow as matters here."""

    heard_at: float | None


GONE = None
DATAGRAMS = SomeFlow(None)
ALIVE = SomeFlow(470.1)  # 29.9 seconds ago
STALE = SomeFlow(469.9)


@pytest.mark.parametrize(
    ("binding", "flow", "method", "settings", "wall", "reach"),
    [
        (DESK, DATAGRAMS, "INVITE", PLAIN, 1500.0, Reach.LIVE),
        (DESK, GONE, "OPTIONS", PLAIN, 1500.0, Reach.LIVE),
        (PHONE, DATAGRAMS, "INVITE", PLAIN, 1000.1, Reach.SLEEPING),
        (PHONE, GONE, "MESSAGE", PLAIN, 1500.0, Reach.SLEEPING),
        (PHONE, DATAGRAMS, "OPTIONS", PLAIN, 1500.0, Reach.UNREACHABLE),
        (PHONE, DATAGRAMS, "INVITE", AWAKE, 1029.9, Reach.HEDGED),
        (PHONE, DATAGRAMS, "OPTIONS", AWAKE, 1029.9, Reach.LIVE),
        (PHONE, GONE, "INVITE", AWAKE, 1029.9, Reach.SLEEPING),
        (PHONE, DATAGRAMS, "INVITE", AWAKE, 1030.0, Reach.SLEEPING),
        (PHONE, ALIVE, "INVITE", PLAIN, 1500.0, Reach.HEDGED),
        (PHONE, STALE, "INVITE", PLAIN, 1500.0, Reach.HEDGED),
        (PHONE, ALIVE, "OPTIONS", PLAIN, 1500.0, Reach.LIVE),
        (PHONE, STALE, "OPTIONS", PLAIN, 1500.0, Reach.UNREACHABLE),
        (DEAD, DATAGRAMS, "INVITE", PLAIN, 1500.0, Reach.UNREACHABLE),
        (DEAD, DATAGRAMS, "INVITE", AWAKE, 1001.0, Reach.LIVE),
        (DEAD, ALIVE, "INVITE", PLAIN, 1500.0, Reach.LIVE),
        (DEAD, STALE, "INVITE", PLAIN, 1500.0, Reach.UNREACHABLE),
        (DEAD, GONE, "INVITE", PLAIN, 1500.0, Reach.UNREACHABLE),
    ],
)
def test_classifies(
    binding: Binding,
    flow: SomeFlow | None,
    method: str,
    settings: ProxySettings,
    wall: float,
    reach: Reach,
) -> None:
    """S-03, P-050, N-05: who is sent to, who is pushed, who is out of reach."""
    now = Moment(wall, monotonic=500.0)
    assert reach_of(binding, cast("Flow | None", flow), method, settings, now) is reach
