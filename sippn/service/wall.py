"""
The clock by which bindings expire: it goes evenly, whatever the system's is set to.

A wall clock that is set forward by an hour would end every binding that was granted one, for
good; set back by a day, it would keep the dead for a day.  So it is read once, and from then
on time is counted from the boot of the machine, which nobody sets (RELIABILITY E1).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from math import isfinite
from typing import ClassVar

from attrs import Factory, define, field, frozen
from twisted.application.internet import TimerService
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from sippn.containment import ContainedNotebook
from sippn.errors import StoreUnavailable
from sippn.interfaces import IBindingStore, INotebook

_NAME = "clock"
_EVERY = 60.0  # seconds between notes
_A_STEP = 1.0  # seconds: less is how a clock is kept right


@frozen
class Boot:
    """
    Since when the machine runs.

    :ivar id: another one after each boot; empty: nobody knows.
    :ivar seconds: since the boot, those included in which the machine slept.
    """

    id: str
    seconds: Callable[[], float]


@define(eq=False)
class WallClock:
    """
    Seconds since 1970, as the system had them at the start, and even ever since.

    :ivar _system: the wall clock of the system, which may be set at any time.
    :ivar _booted_at: when this clock would have shown the boot.
    """

    _system: Callable[[], float]
    _boot: Boot
    _booted_at: float = field(
        init=False,
        default=Factory(lambda self: self._system() - self._boot.seconds(), takes_self=True),
    )

    def __call__(self) -> float:
        """Now."""
        return self._booted_at + self._boot.seconds()

    @property
    def ahead(self) -> float:
        """By how many seconds this clock is ahead of the system's."""
        return self() - self._system()

    def note(self) -> str:
        """What :meth:`resume` needs to know after a restart."""
        return json.dumps([self._boot.id, self._booted_at, self.ahead, self()])

    def resume(self, note: str) -> None:
        """
        Go on where the clock was that wrote *note*.

        In the same boot nothing is left to guess.  In another one the system's clock has to
        be believed, for only it knows how long the machine was off; it was right then, or as
        wrong as it is now: the earlier counts, and nobody ends too early.  But time does not
        run back: a clock that has lost its battery would keep bindings for years.
        """
        boot, booted_at, ahead, seen = _read(note)
        if boot and boot == self._boot.id:
            self._booted_at = booted_at
            return
        up, system = self._boot.seconds(), self._system()
        least = seen + up if boot and self._boot.id else seen
        possible = [now for now in (system, system + ahead) if now >= least]
        self._booted_at = min(possible, default=least) - up


def _read(note: str) -> tuple[str, float, float, float]:
    """:raises ValueError: that is no note of a clock."""
    found = json.loads(note)
    if not isinstance(found, list) or len(found) != 4:
        raise ValueError("not four values")
    boot, *numbers = found
    booted_at, ahead, seen = map(float, numbers)
    if not isfinite(booted_at + ahead + seen):
        raise ValueError("not a time")
    return str(boot), booted_at, ahead, seen


class TimeKeeping(TimerService):
    """
    Lets the clock go on across a restart, where the store keeps notes.

    It starts after the store, and before anybody asks what is due.
    """

    _log: ClassVar[Logger] = Logger()

    def __init__(self, wall: WallClock, store: IBindingStore, clock: IReactorTime) -> None:
        super().__init__(_EVERY, self.keep)
        self.clock = clock
        self._wall = wall
        notebook = INotebook(store, None)
        self._notebook = None if notebook is None else ContainedNotebook(notebook, clock)
        self._ahead = 0.0

    def startService(self) -> None:
        """Go on where the last server stopped, and take a note."""
        self._resume()
        self._ahead = self._wall.ahead
        super().startService()

    def keep(self) -> Deferred[None] | None:
        """Note the time; and tell when the system's clock was set."""
        ahead = self._wall.ahead
        if abs(ahead - self._ahead) >= _A_STEP:
            self._log.info(
                "the system's clock was set by {seconds:+.0f} s: no registration ends by that",
                seconds=self._ahead - ahead,
            )
            self._ahead = ahead
        if self._notebook is None:
            return None
        kept: Deferred[None] = self._notebook.keep_note(_NAME, self._wall.note())
        return kept.addErrback(_told)

    def _resume(self) -> None:
        try:
            note = None if self._notebook is None else self._notebook.note(_NAME)
            if note is not None:
                self._wall.resume(note)
        except (StoreUnavailable, ValueError, TypeError) as error:
            self._log.warn("the time of the last stop is lost: {error}", error=error)


def _told(failure: Failure) -> None:
    failure.trap(StoreUnavailable)  # which has been told of
