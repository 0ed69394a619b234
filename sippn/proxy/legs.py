"""
All copies of a request that a branch has sent to its UA.
"""

from __future__ import annotations

from attrs import define, field

from sippn.proxy.leg import Leg
from sippn.sip import Response

_MERGED = 482  # RFC 3261 section 8.2.2.2: it has this request by another way already
_OUT_OF_ORDER = 500  # section 12.2.2


@define(eq=False)
class Legs:
    """
    At most one of them counts; the others were left for it, and may still be answered.

    :ivar current: the one that counts.
    """

    current: Leg | None = field(default=None, init=False)
    _abandoned: list[Leg] = field(factory=list, init=False)

    @property
    def any_abandoned(self) -> bool:
        """Whether something may come of a copy that was left for another one."""
        return bool(self._abandoned)

    def abandon(self) -> None:
        """Leave the one that counts, for a copy on another flow."""
        leg, self.current = self.current, None
        if leg is not None:
            leg.abandon()
            self._abandoned.append(leg)

    def has_abandoned(self, leg: Leg) -> bool:
        """Whether *leg* was left, and is not over."""
        return leg in self._abandoned

    def forget(self, leg: Leg) -> None:
        """Nothing more comes of *leg*, which was left."""
        self._abandoned.remove(leg)

    def take_back(self, leg: Leg) -> bool:
        """Let *leg* count again, if it was left and the one on the other flow is lost."""
        if leg.cancelled or leg not in self._abandoned:
            return False
        if self.current is not None and not self.current.lost:
            return False
        self._abandoned.remove(leg)
        if self.current is not None:
            self._abandoned.append(self.current)
        self.current = leg
        return True

    def keep_first(self) -> bool:
        """Let the first that is alive count, in place of the one that does; False: none is."""
        self.current = self._first
        if self.current is None:
            return False
        self._abandoned.remove(self.current)
        return True

    def prefers_first(self, leg: Leg, refused: Response) -> bool:
        """
        Whether its UA has *refused* one for the sake of an earlier one, which it has (S-06).

        In a dialog it may say that with a 500 as well (RFC 3261 section 14.2), which is the
        answer to the request where no earlier one is alive.
        """
        if not leg.second:
            return False
        if refused.status == _OUT_OF_ORDER and leg.in_dialog:
            return self._first is not None
        return refused.status == _MERGED

    def cancel(self, reason: str, but: Leg | None = None) -> None:
        """Take them back, with that Reason."""
        if self.current is not None and self.current is not but:
            self.current.cancel(reason)
        for leg in tuple(self._abandoned):  # one that cannot be taken back any more is forgotten
            if leg is not but:
                leg.cancel(reason)

    def end(self, reason: str) -> None:
        """
        Take back what is not over, with that Reason, and let go.

        They know their branch: so no cycle is left for the collector.
        """
        self.cancel(reason)
        if self.current is not None:
            self.current.end()
            self.current = None
        if self._abandoned:
            for leg in self._abandoned:
                leg.end()
            self._abandoned = []

    @property
    def _first(self) -> Leg | None:
        alive = (leg for leg in self._abandoned if not leg.cancelled and not leg.lost)
        return next(alive, None)
