"""How many pushes one provider may have unanswered."""

from __future__ import annotations

from attrs import define, field
from twisted.internet.defer import Deferred, succeed

from sippn.binding import PushKind
from sippn.push.waiting import Line


@define(eq=False)
class Slots:
    """
    A number of slots, and a line before them.

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

    def take(self, kind: PushKind) -> Deferred[None]:
        """
        Fires when a slot is taken; :meth:`give_back` it.

        :raises NoRoomError: too many wait.
        """
        if not self._line and self._free:
            self.taken += 1
            return succeed(None)
        return self._line.join(kind)

    def give_back(self) -> None:
        """Free a slot, and let in who waits for it."""
        self.taken -= 1
        if self._admitting:
            return  # a loop, not a recursion: a provider may answer whole lines at once
        self._admitting = True
        while self._free and self._line:
            self.taken += 1
            self._line.admit()
        self._admitting = False

    @property
    def _free(self) -> bool:
        return not self.number or self.taken < self.number
