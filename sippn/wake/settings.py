"""
How many requests may wait for sleeping phones; 0 means no limit.
"""

from __future__ import annotations

from attrs import frozen


@frozen
class ParkingLimits:
    """
    The bounds of the bucket (RELIABILITY W5), and of what requests cost phones (Q-03).

    Trusted peers are in none that is per caller, and their pushes are not counted.

    :ivar parked: in all; beyond it 503.
    :ivar parked_per_callee: per AOR; beyond it 480 with Retry-After.
    :ivar parked_per_caller: per authenticated user or source address; likewise.
    :ivar pushes_per_hour_stranger: pushes that strangers may cause an hour, each stranger
        and to each device.
    :ivar pushes_per_hour_caller: likewise, each authenticated user.
    :ivar pushes_per_hour_device: pushes that all callers together may cause to one device;
        those that have it refresh its registration are not counted, and one that takes a
        call back is counted but never refused.
    """

    parked: int = 10000
    parked_per_callee: int = 5
    parked_per_caller: int = 20
    pushes_per_hour_stranger: int = 20
    pushes_per_hour_caller: int = 600
    pushes_per_hour_device: int = 240
