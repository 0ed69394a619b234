"""
Whether a binding's UA is awake, asleep, or out of reach (REQUIREMENTS S-03).
"""

from __future__ import annotations

from enum import Enum

from sippn.binding import Binding, PushState
from sippn.proxy.settings import ProxySettings


class Reach(Enum):
    """What has to be done to reach a UA."""

    LIVE = "send"
    SLEEPING = "push, wait for its REGISTER, then send"
    UNREACHABLE = "answer 480"


def reach_of(binding: Binding, method: str, settings: ProxySettings, now: float) -> Reach:
    """
    Classify *binding* for a request of *method*.

    :param now: wall clock, seconds.
    """
    if binding.push_target is None:
        return Reach.LIVE
    if now < binding.registered_at + settings.awake_after_register:
        return Reach.LIVE
    if binding.push_state is PushState.DEAD or method not in settings.methods:
        return Reach.UNREACHABLE
    return Reach.SLEEPING
