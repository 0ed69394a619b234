"""
Whether a binding's UA is awake, asleep, or out of reach (REQUIREMENTS S-03).
"""

from __future__ import annotations

from enum import Enum

from sippn.binding import Binding, PushKind, PushState, service_for
from sippn.proxy.settings import ProxySettings
from sippn.transport import Flow
from sippn.value import value_class


class Reach(Enum):
    """What has to be done to reach a UA."""

    LIVE = "send"
    HEDGED = "send, and push if it stays silent"
    SLEEPING = "push, wait for its REGISTER, then send"
    UNREACHABLE = "answer 480"


@value_class
class Moment:
    """
    Now, on both clocks.

    :ivar wall: wall clock, seconds; *monotonic* likewise.
    """

    wall: float
    monotonic: float


def reach_of(
    binding: Binding,
    flow: Flow | None,
    kind: PushKind | None,
    settings: ProxySettings,
    now: Moment,
) -> Reach:
    """
    Classify *binding* for a request whose pushes are of *kind*; None: it causes none.

    An app that is suspended may leave its connection open and answer nothing on it, so
    whatever can be pushed is hedged, however alive it looks.

    :param flow: that of its last REGISTER; None: it is gone.
    """
    if binding.push_target is None or binding.push_state is PushState.ELSEWHERE:
        return Reach.LIVE  # or a proxy on the way wakes it
    wakes = can_be_woken(binding, kind)
    if wakes and (_is_open(flow) or _is_awake(binding, flow, settings, now)):
        return Reach.HEDGED
    if wakes:
        return Reach.SLEEPING
    if _is_alive(flow, settings, now) or _is_awake(binding, flow, settings, now):
        return Reach.LIVE
    return Reach.UNREACHABLE


def can_be_woken(binding: Binding, kind: PushKind | None) -> bool:
    """Whether a push of *kind* may bring its UA back, so far as we know."""
    target = binding.push_target
    if kind is None or target is None or binding.push_state is not PushState.ACTIVE:
        return False
    return service_for(target, kind) is not None


def _is_open(flow: Flow | None) -> bool:
    return flow is not None and flow.heard_at is not None


def _is_alive(flow: Flow | None, settings: ProxySettings, now: Moment) -> bool:
    """Whether its connection gave a sign of life a moment ago."""
    if flow is None or flow.heard_at is None:
        return False
    return now.monotonic - flow.heard_at < settings.live_window


def _is_awake(binding: Binding, flow: Flow | None, settings: ProxySettings, now: Moment) -> bool:
    return flow is not None and now.wall < binding.registered_at + settings.awake_after_register
