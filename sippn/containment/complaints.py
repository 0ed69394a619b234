"""What the log says of a plugin that does not do what its interface promises."""

from __future__ import annotations

from inspect import iscoroutine
from os import strerror
from traceback import format_tb
from typing import ClassVar

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

EVERY = 60.0  # seconds between two complaints about one plugin
_FRAMES = 3  # of a traceback, the innermost: the others are ours


def name_of(plugin: object) -> str:
    """The class of *plugin*, by which its author knows it."""
    return f"{type(plugin).__module__}.{type(plugin).__qualname__}"


@define(eq=False, repr=False)
class Complaints:
    """
    What is wrong with one plugin: once a minute at most, and how often it was meanwhile.

    An exception is told by its kind and where it came from, not by its text: there the
    plugin may have put a PRID.

    :ivar _plugin: how it is named.
    """

    _plugin: str
    _clock: IReactorTime
    _quiet_until: float | None = field(default=None, init=False)
    _untold: int = field(default=0, init=False)
    _log: ClassVar[Logger] = Logger()

    @classmethod
    def about(cls, plugin: object, clock: IReactorTime) -> Complaints:
        """Complaints about *plugin*."""
        return cls(name_of(plugin), clock)

    def broke(self, on: str, error: BaseException | None) -> None:
        """It raised, or its Deferred or coroutine failed; *on* is what it was asked."""
        where = "".join(format_tb(error.__traceback__)[-_FRAMES:]) if error else ""
        self.tell(f"broke on {on}: {_kind(error)}", f"\n{where}".rstrip())

    def nonsense(self, on: str, given: object) -> None:
        """It gave what the interface does not allow; that is dropped."""
        self.tell(f"gave no answer that {on} may have: {type(given).__qualname__}")
        if isinstance(given, Deferred):
            given.addErrback(lambda _: None)
        elif iscoroutine(given):
            given.close()

    def hung(self, on: str, seconds: float) -> None:
        """It did not answer in time."""
        self.tell(f"did not answer {on} within {seconds:g} s")

    def tell(self, did: str, more: str = "") -> None:
        """
        Log what the plugin *did*, unless there was a line about it within the minute.

        :param more: lines that follow it.
        """
        now = self._clock.seconds()
        if self._quiet_until is not None and now < self._quiet_until:
            self._untold += 1
            return
        before = f" (and {self._untold} times more since the last line)" if self._untold else ""
        self._quiet_until, self._untold = now + EVERY, 0
        self._log.error(
            "the plugin {plugin} {did}{before}{more}",
            plugin=self._plugin,
            did=did,
            before=before,
            more=more,
        )


def _kind(error: BaseException | None) -> str:
    kind = type(error).__qualname__
    if isinstance(error, OSError) and error.errno:
        return f"{kind} ({strerror(error.errno)})"  # the system's words: no secret
    return kind
