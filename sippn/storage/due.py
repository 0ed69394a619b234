"""What is due, without a timer and without a walk for each thing that is held."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush

from attrs import define, field

from sippn.binding import AOR

_SLACK = 64


@define(eq=False, repr=False)
class DueQueue:
    """
    AORs by the time at which somebody must look at them, as a heap with lazy deletion.

    What is put off, as every refresh does, costs nothing: its entry stays, and is moved when
    it comes up.  So each AOR that is due some time has one entry that counts, at that time or
    before.  Times are wall clock, in seconds.

    :ivar _due_at: when an AOR is due, as its record says; that is asked of each that comes up.
    :ivar _entries: the heap.
    :ivar _void: AORs with entries that do not count: the time of the one that does, if any,
        and how many do not.
    :ivar _leased: when those are due again that were claimed and not moved since.
    :ivar _size: how many entries count.
    """

    _due_at: Callable[[AOR], float | None]
    _entries: list[tuple[float, AOR]] = field(factory=list, init=False)
    _void: dict[AOR, tuple[float | None, int]] = field(factory=dict, init=False)
    _leased: dict[AOR, float] = field(factory=dict, init=False)
    _size: int = field(default=0, init=False)

    def move(self, aor: AOR, old: float | None, new: float | None) -> None:
        """*aor* was due at *old*, and is due at *new* now; None: never."""
        if self._leased:
            old = self._leased.pop(aor, old)
        if old is not None:
            if new is not None and new >= old:
                return
            self._size -= 1
            _, number = self._void.get(aor, (None, 0))
            self._void[aor] = (None, number + 1)
        if new is not None:
            self._size += 1
            self._enter(aor, new)
        if len(self._entries) > 2 * self._size + _SLACK:  # those that do not count are the most
            self._clear_out()

    def claim(self, before: float, limit: int, lease: float) -> list[AOR]:
        """
        At most *limit* AORs that are due *before*, the longest overdue first.

        Each is due again *lease* seconds after *before*, unless it is moved.
        """
        claimed: list[AOR] = []
        while self._entries and self._entries[0][0] < before and len(claimed) < limit:
            when, aor = heappop(self._entries)
            if aor in self._void and self._is_void(aor, when):
                continue
            due_at = self._leased.get(aor)
            if due_at is None:
                due_at = self._due_at(aor)
            if due_at == when:
                claimed.append(aor)
                due_at = self._leased[aor] = before + lease
            if due_at is not None:
                self._enter(aor, due_at)  # if it was put off: at its place among the others
        return claimed

    def __len__(self) -> int:
        return len(self._entries)

    def _enter(self, aor: AOR, when: float) -> None:
        heappush(self._entries, (when, aor))
        if self._void and aor in self._void:
            self._void[aor] = (when, self._void[aor][1])

    def _is_void(self, aor: AOR, when: float) -> bool:
        """Whether the entry of *aor* that has just left the heap did not count."""
        counting, number = self._void[aor]
        if when == counting:
            return False
        if number > 1:
            self._void[aor] = (counting, number - 1)
        else:
            del self._void[aor]
        return True

    def _clear_out(self) -> None:
        void, self._void = self._void, {}
        self._entries = [entry for entry in self._entries if entry[1] not in void]
        self._entries += [(when, aor) for aor, (when, _) in void.items() if when is not None]
        heapify(self._entries)
