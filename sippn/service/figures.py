"""
What a server counts of itself.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import field, frozen

from sippn.service.pauses import Pauses
from sippn.transport import Intake
from sippn.wake import Parking, WakeLatency


@frozen(eq=False)
class Figures:
    """
    All since the start, for whoever shows them.

    :ivar parking: how many requests wait for sleeping phones.
    :ivar latency: how long woken phones took to come back (S-15).
    :ivar intake: what waits while more comes than can be served, and what was lost by it.
    :ivar pauses: how long everything stood still for garbage; who collects it adds them.
    """

    parking: Parking
    latency: WakeLatency
    intake: Intake
    pauses: Pauses = field(factory=Pauses)

    def seen(self) -> Iterable[str]:
        """What there is to say, in lines."""
        yield from map(str, self.latency.seen())
        yield from self.pauses.seen()
        yield from self.intake.seen()
