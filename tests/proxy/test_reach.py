"""
Tests for :mod:`sippn.proxy.reach`.
"""

from __future__ import annotations

from typing import cast

import pytest
from attrs import define, evolve

from sippn.binding import Binding, PushKind, PushState, PushTarget
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
ELSEWHERE = evolve(PHONE, push_state=PushState.ELSEWHERE)
RINGS = evolve(PHONE, push_target=PushTarget("apns", "", "t", tokens=(("voip", "t"),)))
CALL, MID_DIALOG = PushKind.CALL, PushKind.MID_DIALOG
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
    ("binding", "flow", "kind", "settings", "wall", "reach"),
    [
        (DESK, DATAGRAMS, CALL, PLAIN, 1500.0, Reach.LIVE),
        (DESK, GONE, None, PLAIN, 1500.0, Reach.LIVE),
        (PHONE, DATAGRAMS, CALL, PLAIN, 1000.1, Reach.SLEEPING),
        (PHONE, GONE, PushKind.MESSAGE, PLAIN, 1500.0, Reach.SLEEPING),
        (PHONE, DATAGRAMS, None, PLAIN, 1500.0, Reach.UNREACHABLE),
        (PHONE, DATAGRAMS, CALL, AWAKE, 1029.9, Reach.HEDGED),
        (PHONE, DATAGRAMS, None, AWAKE, 1029.9, Reach.LIVE),
        (PHONE, GONE, CALL, AWAKE, 1029.9, Reach.SLEEPING),
        (PHONE, DATAGRAMS, CALL, AWAKE, 1030.0, Reach.SLEEPING),
        (PHONE, ALIVE, CALL, PLAIN, 1500.0, Reach.HEDGED),
        (PHONE, STALE, CALL, PLAIN, 1500.0, Reach.HEDGED),
        (PHONE, ALIVE, None, PLAIN, 1500.0, Reach.LIVE),
        (PHONE, STALE, None, PLAIN, 1500.0, Reach.UNREACHABLE),
        (DEAD, DATAGRAMS, CALL, PLAIN, 1500.0, Reach.UNREACHABLE),
        (DEAD, DATAGRAMS, CALL, AWAKE, 1001.0, Reach.LIVE),
        (DEAD, ALIVE, CALL, PLAIN, 1500.0, Reach.LIVE),
        (DEAD, STALE, CALL, PLAIN, 1500.0, Reach.UNREACHABLE),
        (DEAD, GONE, CALL, PLAIN, 1500.0, Reach.UNREACHABLE),
        (PHONE, DATAGRAMS, MID_DIALOG, PLAIN, 1500.0, Reach.SLEEPING),
        (PHONE, STALE, MID_DIALOG, PLAIN, 1500.0, Reach.HEDGED),
        (ELSEWHERE, DATAGRAMS, CALL, PLAIN, 1500.0, Reach.LIVE),
        (ELSEWHERE, GONE, None, PLAIN, 1500.0, Reach.LIVE),
        (RINGS, DATAGRAMS, CALL, PLAIN, 1500.0, Reach.SLEEPING),
        (RINGS, DATAGRAMS, MID_DIALOG, PLAIN, 1500.0, Reach.UNREACHABLE),
        (RINGS, ALIVE, PushKind.MESSAGE, PLAIN, 1500.0, Reach.LIVE),
    ],
)
def test_classifies(
    binding: Binding,
    flow: SomeFlow | None,
    kind: PushKind | None,
    settings: ProxySettings,
    wall: float,
    reach: Reach,
) -> None:
    """S-03, P-050, N-05: a phone that seems awake is sent to; a sleeper is pushed."""
    now = Moment(wall, monotonic=500.0)
    assert reach_of(binding, cast("Flow | None", flow), kind, settings, now) is reach
