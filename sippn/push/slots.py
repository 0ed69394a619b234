"""How many pushes one provider may have unanswered."""

from __future__ import annotations

from attrs import define, field
from twisted.internet.defer import Deferred, succeed

from sippn.binding import PushKind
from sippn.push.waiting import Line, comes_before

_KEPT = 4  # of so many slots one is kept for who is urgent
_CAN_WAIT = frozenset({PushKind.REFRESH, PushKind.CANCEL})


@define(eq=False)
class Slots:
    """
    A number of slots, and a line before them.

    Refreshes leave some of them free: else a call would wait until a slow PNS has answered
    one of a herd.

    :ivar number: 0: no limit.
    :ivar taken: how many are in use now.
    """

    number: int
    _line: Line = field(factory=Line)
    taken: int = field(default=0, init=False)
    _admitting: bool = field(default=False, init=False)

    @property
    def waiting(self) -> int:
        """How many wait for a slot."""
        return len(self._line)

    def take_free(self, kind: PushKind) -> bool:
        """Take a slot if one is free and nobody comes first; :meth:`give_back` it."""
        first = self._line.first
        free = self._free(kind) and (first is None or comes_before(kind, first))
        self.taken += free
        return free

    def take(self, kind: PushKind) -> Deferred[None]:
        """
        Fires when a slot is taken; :meth:`give_back` it.

        :raises NoRoomError: too many wait.
        """
        return succeed(None) if self.take_free(kind) else self._line.join(kind)

    def give_back(self) -> None:
        """Free a slot, and let in who waits for it."""
        self.taken -= 1
        if self._admitting:
            return  # a loop, not a recursion: a provider may answer whole lines at once
        self._admitting = True
        while (first := self._line.first) is not None and self._free(first):
            self.taken += 1
            self._line.admit()
        self._admitting = False

    def _free(self, kind: PushKind) -> bool:
        kept = self.number // _KEPT if kind in _CAN_WAIT else 0
        return not self.number or self.taken < self.number - kept
