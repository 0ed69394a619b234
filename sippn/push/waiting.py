"""Who is let in next when not all can be."""

from __future__ import annotations

from collections import OrderedDict

from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred

from sippn.binding import PushKind

PRIORITY = (
    PushKind.CALL,
    PushKind.MID_DIALOG,
    PushKind.MESSAGE,
    PushKind.REFRESH,
    PushKind.CANCEL,
)
"""Somebody listens to a ringing tone; a refresh has minutes (REQUIREMENTS, Appendix A)."""


def comes_before(kind: PushKind, other: PushKind) -> bool:
    """Whether *kind* overtakes *other*."""
    return PRIORITY.index(kind) < PRIORITY.index(other)


class NoRoomError(Exception):
    """No room to wait, or the room was given to somebody more urgent."""


class GaveUpError(CancelledError):
    """Who waited gave up before it was let in."""


@define(eq=False)
class Line:
    """
    Waiters in order of :data:`PRIORITY`, then of arrival.

    When it is full, a newcomer takes the place of the last one of the least
    urgent kind: refreshes that pile up must not keep a call out.

    :ivar most: how many may wait.
    """

    most: int = 10_000
    _waiters: dict[PushKind, OrderedDict[Deferred[None], None]] = field(init=False)
    _count: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self._waiters = {kind: OrderedDict() for kind in PRIORITY}

    def __len__(self) -> int:
        return self._count

    @property
    def first(self) -> PushKind | None:
        """The kind of who is let in next; None: nobody waits."""
        if not self._count:
            return None
        return next(kind for kind, waiters in self._waiters.items() if waiters)

    def join(self, kind: PushKind) -> Deferred[None]:
        """
        Wait for one's turn.

        Cancelling leaves the line.

        :raises NoRoomError: at once, or later when somebody more urgent needs the place.
        :raises GaveUpError: it was cancelled.
        """
        waiter: Deferred[None] = Deferred(lambda d: self._leave(kind, d))
        if self._count >= self.most and not self._make_room(kind):
            waiter.errback(NoRoomError())
            return waiter
        self._waiters[kind][waiter] = None
        self._count += 1
        return waiter

    def admit(self) -> bool:
        """
        Let the first one in.

        :returns: whether there was one.
        """
        for waiters in self._waiters.values():
            if waiters:
                waiter, _ = waiters.popitem(last=False)
                self._count -= 1
                waiter.callback(None)
                return True
        return False

    def _leave(self, kind: PushKind, waiter: Deferred[None]) -> None:
        del self._waiters[kind][waiter]
        self._count -= 1
        waiter.errback(GaveUpError())

    def _make_room(self, kind: PushKind) -> bool:
        for lesser in reversed(PRIORITY[PRIORITY.index(kind) + 1 :]):
            if self._waiters[lesser]:
                waiter, _ = self._waiters[lesser].popitem()
                self._count -= 1
                waiter.errback(NoRoomError())
                return True
        return False
