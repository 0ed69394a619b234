"""
How many requests may wait for sleeping phones; 0 means no limit.
"""

from __future__ import annotations

from attrs import frozen


@frozen
class ParkingLimits:
    """
    The bounds of the bucket (RELIABILITY W5).

    :ivar parked: in all; beyond it 503.
    :ivar parked_per_callee: per AOR; beyond it 480 with Retry-After.
    :ivar parked_per_caller: per authenticated user or source address; likewise.
    :ivar pushes_per_hour_stranger: pushes that strangers may cause an hour, each stranger
        and to each device.
    """

    parked: int = 10000
    parked_per_callee: int = 5
    parked_per_caller: int = 20
    pushes_per_hour_stranger: int = 20
