"""Which refresh pushes wait for one another: those that one push service has to answer."""

from __future__ import annotations

from sys import intern
from typing import Final

from attrs import define, field

from sippn.binding import PushTarget
from sippn.interfaces import IPushLanes, IPushProvider

MOST: Final = 64  # UAs make names up, where a provider serves any


@define(eq=False, repr=False)
class Lines:
    """
    A line for each PNS, and where that fails in parts for each of its lanes.

    Of more than :data:`MOST` parts the rest stand in the line of their PNS.
    """

    _push: IPushProvider
    _lanes: IPushLanes | None = field(init=False)
    _known: set[str] = field(factory=set, init=False)

    def __attrs_post_init__(self) -> None:
        self._lanes = IPushLanes(self._push, None)

    def line_of(self, target: PushTarget) -> str:
        """The name of that of *target*; the same text for all in it, as many are held."""
        lane = "" if self._lanes is None else self._lanes.lane_of(target)
        if not lane:
            return intern(target.provider)
        line = intern(f"{target.provider} {lane}")
        if line not in self._known:
            if len(self._known) >= MOST:
                return intern(target.provider)
            self._known.add(line)
        return line
