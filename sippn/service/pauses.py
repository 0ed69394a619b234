"""
How long the server stood still while the interpreter looked for garbage.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from attrs import define, field

BOUNDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Upper bounds of the buckets, in seconds; one more bucket takes what is longer."""


@define(eq=False)
class Pauses:
    """
    All pauses since the start.

    :ivar counts: how many fell into each bucket of :data:`BOUNDS`, and above them.
    :ivar seconds: all of them together; *worst* is the longest one.
    """

    counts: list[int] = field(factory=lambda: [0] * (len(BOUNDS) + 1), init=False)
    seconds: float = field(default=0.0, init=False)
    worst: float = field(default=0.0, init=False)

    def add(self, seconds: float) -> None:
        """One more."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds
        self.worst = max(self.worst, seconds)

    def seen(self) -> Sequence[str]:
        """What there is to say of them, in a line; nothing, if there was none."""
        number = sum(self.counts)
        if not number:
            return []
        worst, total = 1000 * self.worst, self.seconds
        return [f"garbage: {number} pauses, the longest {worst:.1f} ms, in all {total:.2f} s"]
