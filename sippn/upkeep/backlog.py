"""
What is due and waits for its turn, the most urgent first (REQUIREMENTS S-31).

A server that was down finds more due than it may push in a minute, and in the store that is
ordered by when it was due: there a binding that was granted a week, and has an hour left,
comes before one that was granted an hour, and has a minute.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from math import inf
from operator import attrgetter
from typing import TypeAlias

from attrs import define, field

from sippn.binding import AOR, PushTarget, Record
from sippn.binding.refresh import most_urgent

Room: TypeAlias = Callable[[str], int]
LineOf: TypeAlias = Callable[[PushTarget], str]

_TO_WAKE = 5.0  # seconds from here to the REGISTER: one in line, and what a UA takes as a rule
_Entry: TypeAlias = tuple[float, AOR, str]  # when the binding expires, and its line


@define(eq=False, repr=False)
class Backlog:
    """
    AORs that are due, by when the first binding expires that a push would save.

    In this order nobody is lost who could be pushed in time.  Who cannot be any more comes
    last: else, with more than can be saved, each would be pushed a moment too late.  There
    are those, too, of whom only expired bindings are to be dropped.

    A PNS that is down or slow keeps nobody of another one waiting: its own stand aside.

    :ivar _room: how many more may be asked for of those in a line.
    :ivar _line_of: who waits for one another (:class:`~sippn.upkeep.lines.Lines`).
    :ivar _aside: those, by line, that there was no room for.
    """

    _room: Room
    _line_of: LineOf = attrgetter("provider")
    _heap: list[_Entry] = field(factory=list, init=False)
    _aside: dict[str, list[_Entry]] = field(factory=dict, init=False)
    _last: deque[_Entry] = field(factory=deque, init=False)
    _held: set[AOR] = field(factory=set, init=False)

    def __len__(self) -> int:
        return len(self._held)

    def add(self, records: Iterable[Record], now: float) -> None:
        """Hold *records*, unless they are held; *now* is wall clock, as everywhere here."""
        for record in records:
            if record.aor in self._held:
                continue
            self._held.add(record.aor)
            binding = most_urgent(record, now)
            if binding is None or binding.push_target is None:
                self._last.append((now, record.aor, ""))
            else:
                entry = (binding.expires_at, record.aor, self._line_of(binding.push_target))
                heappush(self._heap, entry)

    def take(self, number: int, now: float, before: float = inf) -> list[AOR]:
        """At most *number* that want a push, while it helps, *before* that time."""
        self._call_back(now)
        taken: list[AOR] = []
        asked = Counter[str]()
        while self._heap and len(taken) < number and self._heap[0][0] < before:
            entry = _, aor, line = heappop(self._heap)
            if self._is_late(entry, now):
                continue
            if asked[line] < self._room(line):
                asked[line] += 1
                taken.append(aor)
            else:
                heappush(self._aside.setdefault(line, []), entry)
        self._held.difference_update(taken)
        return taken

    def take_last(self, number: int, now: float) -> list[AOR]:
        """At most *number* of those that come last."""
        taken: list[AOR] = []
        asked = Counter[str]()
        for _ in range(min(number, len(self._last))):
            entry = until, aor, line = self._last.popleft()
            if until <= now:  # nobody is pushed for it
                taken.append(aor)
            elif asked[line] < self._room(line):
                asked[line] += 1
                taken.append(aor)
            else:
                self._last.append(entry)
        self._held.difference_update(taken)
        return taken

    def _is_late(self, entry: _Entry, now: float) -> bool:
        late = entry[0] < now + _TO_WAKE
        if late:
            self._last.append(entry)
        return late

    def _call_back(self, now: float) -> None:
        """Let as many stand among the others again as there is room for by now."""
        for line in tuple(self._aside):
            aside = self._aside[line]
            room = self._room(line)
            while aside and room > 0:
                entry = heappop(aside)
                if not self._is_late(entry, now):
                    heappush(self._heap, entry)
                    room -= 1
            if not aside:
                del self._aside[line]
