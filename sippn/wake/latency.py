"""
How long woken UAs take to come back (REQUIREMENTS S-15).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from attrs import define, field, frozen

from sippn.binding import PushTarget

BOUNDS = (0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 20.0, 30.0)
"""Upper bounds of the buckets, in seconds; one more bucket takes what is longer."""

MOST_APPS = 100  # pn-param comes from the network
OTHERS = ("other", "")


@frozen
class Latency:
    """
    What was seen of one app on one push service.

    :ivar counts: wakes in each bucket of :data:`BOUNDS`, and above them.
    :ivar seconds: of all of them together.
    """

    provider: str
    app: str
    counts: tuple[int, ...]
    seconds: float

    @property
    def count(self) -> int:
        """How many wakes."""
        return sum(self.counts)

    def quantile(self, share: float) -> float:
        """The bound that *share* of the wakes, 0 to 1, did not pass; infinite above the last."""
        left = share * self.count
        for bound, count in zip(BOUNDS, self.counts, strict=False):
            left -= count
            if left <= 0:
                return bound
        return float("inf")

    def __str__(self) -> str:
        name = f"{self.provider} {self.app}".strip()
        half, most = self.quantile(0.5), self.quantile(0.95)
        return f"{name}: {self.count} woken, half within {half:g} s, 95 % within {most:g} s"


@define(eq=False)
class _Histogram:
    counts: list[int] = field(factory=lambda: [0] * (len(BOUNDS) + 1))
    seconds: float = 0.0


@define(eq=False)
class WakeLatency:
    """
    A histogram for each app of each provider: from the push to the REGISTER.

    It names apps and never a PRID; of more than :data:`MOST_APPS` apps the rest are one.
    """

    _apps: dict[tuple[str, str], _Histogram] = field(factory=dict, init=False)

    def add(self, target: PushTarget, seconds: float) -> None:
        """A UA behind *target* came back *seconds* after its push was asked for."""
        key = (target.provider, target.app or target.param)
        if key not in self._apps and len(self._apps) >= MOST_APPS:
            key = OTHERS
        histogram = self._apps.setdefault(key, _Histogram())
        histogram.counts[bisect_left(BOUNDS, seconds)] += 1
        histogram.seconds += seconds

    def seen(self) -> Sequence[Latency]:
        """What was seen so far, by app."""
        return [
            Latency(provider, app, tuple(seen.counts), seen.seconds)
            for (provider, app), seen in self._apps.items()
        ]
