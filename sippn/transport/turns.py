"""Whose message is served when more of them are there than one turn of the reactor takes."""

from __future__ import annotations

from collections import deque
from typing import Final, Protocol

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall, IReactorTime

MESSAGES_A_TURN: Final = 64  # as many as a UDP socket takes
_RENEWED_AT: Final = MESSAGES_A_TURN // 2  # so that a quiet server needs no timer


class Waiting(Protocol):
    """A connection with a message that was not served in the turn in which it came."""

    def serve(self) -> bool:
        """Serve one message; whether another one waits."""


@define(eq=False, repr=False)
class Turns:
    """
    How many messages the connections of a server may have served in a turn, together.

    Without a limit those who send many requests at once would silence UDP and all timers
    until the last one is served.  What is beyond it waits, and is served in later turns:
    one message of each connection, and again from the first.

    One timer renews the limit, and runs only once half of it is spent: a few messages at
    a time are served as they come, and cost none.
    """

    _clock: IReactorTime
    _left: int = field(default=MESSAGES_A_TURN, init=False)
    _waiting: deque[Waiting] = field(factory=deque, init=False)  # nobody, while any are left
    _renewal: IDelayedCall | None = field(default=None, init=False)

    def take(self) -> bool:
        """Take one message of what is left of this turn; False: nothing is."""
        if not self._left:
            return False
        self._left -= 1
        if self._left <= _RENEWED_AT and self._renewal is None:
            self._renewal = self._clock.callLater(0, self._renew)
        return True

    def wait(self, connection: Waiting) -> None:
        """Let *connection* serve what it has in a later turn; it does not wait already."""
        self._waiting.append(connection)

    def _renew(self) -> None:
        self._left, self._renewal = MESSAGES_A_TURN, None
        if self._waiting:  # asked for first: whatever breaks below, the others are served
            self._renewal = self._clock.callLater(0, self._renew)
        while self._waiting and self.take():
            connection = self._waiting.popleft()
            if connection.serve():
                self._waiting.append(connection)
