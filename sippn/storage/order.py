"""AORs in their order, for who pages through all of them now and then."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping

from attrs import define, field

from sippn.binding import AOR

_SLACK = 64


@define(eq=False, repr=False)
class AOROrder:
    """
    The keys of a mapping, sorted when they are asked for.

    Between two pages only the newcomers are sorted in; AORs that are gone are passed over.
    Where nobody pages, nothing is kept.

    :ivar _held: the mapping; the truth.
    """

    _held: Mapping[AOR, object]
    _sorted: list[AOR] | None = field(default=None, init=False)
    _newcomers: list[AOR] = field(factory=list, init=False)

    def add(self, aor: AOR) -> None:
        """*aor* is in the mapping now, and was not before."""
        if self._sorted is None:
            return
        self._newcomers.append(aor)
        if len(self._sorted) + len(self._newcomers) > 2 * len(self._held) + _SLACK:
            self._sorted = None  # most of it is gone
            self._newcomers = []

    def after(self, aor: AOR, limit: int) -> list[AOR]:
        """The next *limit* AORs that come after *aor*, by code points."""
        ordered = self._refreshed()
        page: list[AOR] = []
        last = aor
        for place in range(bisect_right(ordered, aor), len(ordered)):
            if len(page) >= limit:
                break
            candidate = ordered[place]
            if candidate != last and candidate in self._held:
                page.append(candidate)
            last = candidate
        return page

    def _refreshed(self) -> list[AOR]:
        if self._sorted is None:
            self._sorted = sorted(self._held)
        elif self._newcomers:
            self._sorted.extend(self._newcomers)
            self._sorted.sort()  # one long run and a short one: a merge
            self._newcomers = []
        return self._sorted
