"""What is measured of them, one kind of operation a module."""

from __future__ import annotations

from bench.measures.apns import APNS, APNS_MEMORY
from bench.measures.delay import DELAY
from bench.measures.growth import GROWTH
from bench.measures.herd import HERD
from bench.measures.measure import Measure
from bench.measures.memory import MEMORY
from bench.measures.outage import OUTAGE
from bench.measures.overload import OVERLOAD
from bench.measures.parked import PARKED
from bench.measures.register import DURABLE, REGISTER
from bench.measures.restart import RESTART
from bench.measures.slow import SLOW
from bench.measures.wake import WAKE, WEBHOOK

ALL: tuple[Measure, ...] = (
    REGISTER,
    DURABLE,
    WAKE,
    WEBHOOK,
    APNS,
    APNS_MEMORY,
    DELAY,
    GROWTH,
    PARKED,
    MEMORY,
    RESTART,
    HERD,
    OVERLOAD,
    OUTAGE,
    SLOW,
)
"""In the order in which they are run."""

__all__ = ["ALL", "Measure"]
