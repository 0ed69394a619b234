"""What the operator hears of a data base that fails: once, not with each REGISTER."""

from __future__ import annotations

import sqlite3
from typing import ClassVar

from attrs import define, field
from twisted.logger import Logger

LOOK_UPS = "look-ups"
COMMITS = "commits"
CLAIMS = "claims of what is due"
CHECKPOINTS = "checkpoints"

_MOST_ROWS = 100  # who has more damaged ones has read enough of them


@define(eq=False, repr=False)
class Outages:
    """
    What fails in the file *path*, and has been told.  For the reactor's thread alone.

    Commits and claims are told apart: where the one go on and the other don't, each would
    take back what was just said of the other, once a second.

    :ivar _failing: kinds of work that failed, and have not been seen to go well since.
    :ivar _rows: damaged ones.
    """

    _path: str
    _failing: set[str] = field(factory=set, init=False)
    _rows: set[str] = field(factory=set, init=False)
    _log: ClassVar[Logger] = Logger()

    def failed(self, work: str, error: sqlite3.Error) -> None:
        """A piece of *work* ended in *error*."""
        if work in self._failing:
            return
        self._failing.add(work)
        self._log.error(
            "{path} can't be used, {work} fail: {error}",
            path=self._path,
            work=work,
            error=_reason(error),
        )

    def wrote(self, work: str) -> None:
        """
        *work* has changed what is on the disk.

        That it went well is not enough: on a full disk all goes well that has nothing to write.
        """
        if not self._failing:
            return
        ended = self._failing & ({COMMITS, LOOK_UPS} if work == COMMITS else {work})
        self._failing -= ended
        for again in sorted(ended):
            self._log.info("{path} is in order again, {work} succeed", path=self._path, work=again)

    def passed_over(self, row: str) -> None:
        """*row*, named by its AOR or its number, can't be read; that is told but once."""
        if row in self._rows or len(self._rows) >= _MOST_ROWS:
            return
        self._rows.add(row)
        self._log.error(
            "{path}: the row {row} can't be read; delete it, and its phones register anew",
            path=self._path,
            row=row,
        )


def _reason(error: sqlite3.Error) -> str:
    # SQLite's own words are of tables and files; the module's may show a row, and its PRID
    return str(error) if hasattr(error, "sqlite_errorcode") else type(error).__name__
