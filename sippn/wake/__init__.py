"""
Requests that wait for sleeping phones: the bucket of RFC 8599 section 5.2.
"""

from sippn.wake.budgets import Budgets, BudgetSpent
from sippn.wake.latency import Latency, WakeLatency
from sippn.wake.parking import Caller, Parking
from sippn.wake.pushes import Pushes
from sippn.wake.queue import WakeQueue
from sippn.wake.settings import ParkingLimits
from sippn.wake.wait import Asker, Wait

__all__ = [
    "Asker",
    "BudgetSpent",
    "Budgets",
    "Caller",
    "Latency",
    "Parking",
    "ParkingLimits",
    "Pushes",
    "Wait",
    "WakeLatency",
    "WakeQueue",
]
