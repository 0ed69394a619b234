"""What is due, without a timer and without a walk for each thing that is held."""

from __future__ import annotations

from heapq import heapify, heappop, heappush

from attrs import define, field

from sippn.binding import AOR

_SLACK = 64


@define(eq=False, repr=False)
class DueQueue:
    """
    AORs by the time at which somebody must look at them, as a heap with lazy deletion.

    What is put off, as every refresh does, costs one look-up: its old entry stays, and is
    moved when it comes up.  Times are wall clock, in seconds.

    :ivar _due: when each AOR is due; the truth.
    :ivar _entries: the heap; the entry of an AOR is never later than it is due.
    :ivar _entered: the time under which an AOR's entry is; an entry of another time is void.
    """

    _due: dict[AOR, float] = field(factory=dict, init=False)
    _entries: list[tuple[float, AOR]] = field(factory=list, init=False)
    _entered: dict[AOR, float] = field(factory=dict, init=False)

    def set(self, aor: AOR, due_at: float | None) -> None:
        """Look at *aor* again at *due_at*; None: never."""
        if due_at is None:
            self._due.pop(aor, None)
            return
        self._due[aor] = due_at
        entered = self._entered.get(aor)
        if entered is None or due_at < entered:
            self._enter(aor, due_at)

    def claim(self, before: float, limit: int, lease: float) -> list[AOR]:
        """
        At most *limit* AORs that are due *before*, the longest overdue first.

        Each is due again *lease* seconds after *before*, unless it is set anew.
        """
        claimed: list[AOR] = []
        while self._entries and self._entries[0][0] < before and len(claimed) < limit:
            when, aor = heappop(self._entries)
            if self._entered.get(aor) != when:
                continue
            del self._entered[aor]
            due_at = self._due.get(aor)
            if due_at is None:
                continue
            if due_at == when:
                claimed.append(aor)
                due_at = self._due[aor] = before + lease
            self._enter(aor, due_at)  # if it was put off: at its place among the others
        return claimed

    def __len__(self) -> int:
        return len(self._entries)

    def _enter(self, aor: AOR, when: float) -> None:
        self._entered[aor] = when
        heappush(self._entries, (when, aor))
        if len(self._entries) > 2 * len(self._due) + _SLACK:  # void entries are the most
            self._entered = dict(self._due)
            self._entries = [(due_at, aor) for aor, due_at in self._due.items()]
            heapify(self._entries)
