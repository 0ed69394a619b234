"""
How calls get to push services: what a server wires around its providers.
"""

from __future__ import annotations

from collections.abc import Sequence

from sippn.auth import Budget
from sippn.containment import ContainedProvider
from sippn.events import Bus
from sippn.interfaces import IPushProvider, Surroundings
from sippn.location import LocationService
from sippn.push import (
    Alarms,
    Breaker,
    Departures,
    Dispatcher,
    Lane,
    Lanes,
    Limited,
    Metered,
    Pace,
    PushLimits,
    Retrying,
    Slots,
    Told,
)
from sippn.wake import Budgets, ParkingLimits, Pushes, WakeQueue


def ways_of(
    providers: Sequence[IPushProvider],
    limits: PushLimits,
    departures: Departures,
    around: Surroundings,
    bus: Bus,
) -> list[IPushProvider]:
    """
    Each provider contained, metered, limited, spared when down, and retried; all at one pace.

    One that has lanes is so in each of them (RELIABILITY W3).
    """
    clock, pace = around.clock, Pace(around.clock, limits.pushes_per_second)

    def way(provider: IPushProvider) -> IPushProvider:
        contained, told = ContainedProvider(provider, clock), Told(clock)

        def lane(name: str) -> Lane:
            slots = Slots(limits.in_flight_per_provider)
            alarms = Alarms(contained, told, name)
            metered = Metered(contained, clock, bus, departures, alarms)
            limited = Limited(metered, clock, slots, pace, contained.cannot_cancel)
            breaker = Breaker(limited, clock, name)
            return Lane(Retrying(breaker, clock, around.entropy), slots, breaker)

        return Lanes(contained, contained.lane_of, lane) if contained.has_lanes else lane("").way

    return [way(provider) for provider in providers]


def wake_queue(
    limits: ParkingLimits,
    dispatcher: Dispatcher,
    departures: Departures,
    location: LocationService,
    around: Surroundings,
    bus: Bus,
) -> WakeQueue:
    """Where requests wait, and how their pushes are counted."""
    clock = around.clock
    budgets = Budgets(
        stranger=Budget(limits.pushes_per_hour_stranger, clock),
        strangers_to_device=Budget(limits.pushes_per_hour_stranger, clock),
        caller=Budget(limits.pushes_per_hour_caller, clock),
        device=Budget(limits.pushes_per_hour_device, clock),
    )
    pushes = Pushes(
        push=dispatcher,
        departures=departures,
        clock=clock,
        wall=around.wall,
        entropy=around.entropy,
        budgets=budgets,
        disown=location.disown_prid,
    )
    return WakeQueue(pushes, clock, bus)
