"""What the log has said of a provider, so that it does not say it again at once."""

from __future__ import annotations

from typing import Final, TypeAlias

from attrs import define, field
from twisted.internet.interfaces import IReactorTime

AGAIN: Final = 3600.0  # seconds until the same is said again
RELAPSE: Final = 300.0  # seconds, where pushes were taken in between
MOST: Final = 64  # things in an hour: a PNS has fewer codes, and an operator fewer apps

_Thing: TypeAlias = tuple[str, str]  # a lane, and what is wrong with it
_ALL_ELSE: Final[_Thing] = ("", "")


@define(eq=False, repr=False)
class Told:
    """
    One for all lanes of a provider: it outlives them, as UAs may name more than are kept.

    After :data:`MOST` different things in an hour one more stands for all the others.

    :ivar _at: when each was told, the latest at the end.
    :ivar _relapsed: those of them since which pushes were taken.
    """

    _clock: IReactorTime
    _at: dict[_Thing, float] = field(factory=dict, init=False)
    _relapsed: set[_Thing] = field(factory=set, init=False)

    def __len__(self) -> int:
        return len(self._at)

    def is_news(self, lane: str, reason: str) -> bool:
        """Whether to say now what is wrong there; it counts as said then."""
        now = self._clock.seconds()
        self._forget(now - AGAIN)
        thing = (lane, reason)
        if thing not in self._at and len(self._at) >= MOST:
            thing = _ALL_ELSE
        at = self._at.get(thing)
        if at is not None and (thing not in self._relapsed or now < at + RELAPSE):
            return False
        self._at.pop(thing, None)
        self._at[thing] = now
        self._relapsed.discard(thing)
        return True

    def is_over(self, lane: str) -> None:
        """Pushes are taken there again; what is wrong after that is news sooner."""
        self._relapsed.update(thing for thing in self._at if thing[0] == lane)

    def _forget(self, before: float) -> None:
        while self._at:
            oldest = next(iter(self._at))
            if self._at[oldest] > before:
                return
            del self._at[oldest]
            self._relapsed.discard(oldest)
