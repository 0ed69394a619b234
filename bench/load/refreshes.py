"""Phones that nobody calls, and that refresh their bindings meanwhile."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from time import perf_counter

from attrs import define, field

from bench.load.ends import End
from bench.load.messages import register
from bench.load.phones import Phones

PATIENCE = 10.0
"""Seconds after which one without a final answer is lost."""

_FIRST_MARK = 0x5000_0000  # above those of all calls
_RETRY_AFTER = re.compile(rb"(?im)^Retry-After:\s*([0-9]{1,6})")


@define(eq=False)
class Refreshes:
    """
    REGISTERs of some users, one after the other in random order, again and again.

    :ivar over: called for each that is over.
    :ivar asked: sent, repetitions not counted.
    :ivar statuses: final ones, and how often.
    :ivar latencies: seconds from the first time it was sent to its 200; *since_last*, from
        the last time.
    :ivar retry_after: seconds, of the refusals that said it.
    """

    _groups: list[Phones]
    _ends: list[End]
    _users: Sequence[int]
    over: Callable[[], None]
    asked: int = 0
    statuses: Counter[int] = field(factory=Counter)
    latencies: list[float] = field(factory=list)
    since_last: list[float] = field(factory=list)
    retry_after: list[int] = field(factory=list)
    _marks: int = field(default=_FIRST_MARK, init=False)
    _open: dict[int, float] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        """Be told of the answers."""
        self._users = random.Random(1).sample(self._users, len(self._users))  # noqa: S311 - dice
        for phones in self._groups:
            phones.stranger = self._answered

    def __len__(self) -> int:
        """How many are not over."""
        return len(self._open)

    def send(self) -> None:
        """The next one."""
        self.send_for(self._users[self.asked % len(self._users)])

    def send_for(self, user: int) -> None:
        """That of *user*."""
        self.asked += 1
        self._marks += 1
        end = self._ends[user % len(self._groups)]
        self._open[self._marks] = perf_counter()
        end.ask((b"REGISTER", self._marks), register(user, self._marks, end.at))

    def give_up(self) -> None:
        """Those that have taken too long are lost."""
        late = perf_counter() - PATIENCE
        for mark in [mark for mark, sent in self._open.items() if sent < late]:
            del self._open[mark]
            self.over()

    def forget_figures(self) -> None:
        """Count from now on."""
        self.asked = 0
        self.statuses.clear()
        self.latencies.clear()
        self.since_last.clear()
        self.retry_after.clear()

    def _answered(self, mark: int, answer: bytes, last: float) -> None:
        sent = self._open.pop(mark, None)
        if sent is None:
            return
        now, status = perf_counter(), int(answer[8:11])
        self.statuses[status] += 1
        if status == 200:
            self.latencies.append(now - sent)
            self.since_last.append(now - (last or sent))
        else:
            said = _RETRY_AFTER.search(answer)
            self.retry_after += [int(said[1])] if said else []
        self.over()
