"""Tell who subscribed what was committed, one turn of the reactor later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, TypeAlias

from attrs import define, field
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from sippn.binding import AOR, Decision

Listener: TypeAlias = Callable[[AOR, Decision], None]


@define(eq=False, repr=False)
class News:
    """
    Committed decisions, in the order of their commits.

    The 200 of a REGISTER leaves in the turn of its commit, so news of the next turn
    cannot overtake it: save, send, tell.

    :ivar _listeners: a new tuple with each new one, who may come while others are told.
    """

    _clock: IReactorTime
    _listeners: tuple[Listener, ...] = field(default=(), init=False)
    _untold: list[tuple[AOR, Decision]] = field(factory=list, init=False)
    _log: ClassVar[Logger] = Logger()

    def subscribe(self, listener: Listener) -> None:
        """Tell *listener* from now on."""
        self._listeners = (*self._listeners, listener)

    def announce(self, news: Sequence[tuple[AOR, Decision]]) -> None:
        """Tell *news* in a later turn."""
        if news and not self._untold:  # one call at a time: equal times have no order
            self._clock.callLater(0, self._tell)
        self._untold.extend(news)

    def _tell(self) -> None:
        told, self._untold = self._untold, []
        for aor, decision in told:
            for listener in self._listeners:
                try:
                    listener(aor, decision)
                except Exception:  # noqa: BLE001 - one listener must not cost the others theirs
                    self._log.failure("a listener failed on {aor}", aor=aor)
