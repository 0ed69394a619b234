"""
How calls get to push services: what a server wires around its providers.
"""

from __future__ import annotations

from collections.abc import Sequence

from sippn.auth import Budget
from sippn.containment import ContainedProvider
from sippn.events import Bus
from sippn.interfaces import IPushProvider, IRoutingPolicy, Surroundings
from sippn.location import LocationService
from sippn.push import (
    Breaker,
    Departures,
    Dispatcher,
    Limited,
    Metered,
    Pace,
    PushLimits,
    Retrying,
    Slots,
)
from sippn.wake import ParkingLimits, Pushes, WakeQueue


def dispatcher_of(
    providers: Sequence[IPushProvider],
    policies: Sequence[IRoutingPolicy],
    limits: PushLimits,
    departures: Departures,
    around: Surroundings,
    bus: Bus,
) -> Dispatcher:
    """
    Each provider contained, metered, limited, spared when down, and retried; all at one pace.

    :param policies: contained ones.
    """
    clock, pace = around.clock, Pace(around.clock, limits.pushes_per_second)

    def wrapped(provider: IPushProvider) -> IPushProvider:
        slots = Slots(limits.in_flight_per_provider)
        contained = ContainedProvider(provider, clock)
        metered = Metered(contained, clock, bus, departures)
        limited = Limited(metered, clock, slots, pace, contained.cannot_cancel)
        return Retrying(Breaker(limited, clock), clock, around.entropy)

    return Dispatcher([wrapped(provider) for provider in providers], policies)


def wake_queue(
    limits: ParkingLimits,
    dispatcher: Dispatcher,
    departures: Departures,
    location: LocationService,
    around: Surroundings,
    bus: Bus,
) -> WakeQueue:
    """Where requests wait, and how strangers' pushes are counted."""
    per_hour = limits.pushes_per_hour_stranger
    pushes = Pushes(
        push=dispatcher,
        departures=departures,
        clock=around.clock,
        wall=around.wall,
        entropy=around.entropy,
        by_stranger=Budget(per_hour, around.clock),
        to_device=Budget(per_hour, around.clock),
        disown=location.disown_prid,
    )
    return WakeQueue(pushes, around.clock, bus)
