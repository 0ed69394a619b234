"""What is in the write-ahead log goes to its place, between two commits."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

_EVERY = 128  # records written: some 3 ms, for which the next commit waits


@define(eq=False, repr=False)
class Checkpoints:
    """
    Has pages moved from the log to the data base, a few at a time.

    SQLite would do so itself, a thousand at a time, and before it says that a commit is done;
    and does, where other writes than commits have filled the log.

    It is the connection that commits that does it.  With another one beside it the log may be
    begun anew while pages are moved, and until SQLite 3.51.3 some are lost then
    (https://sqlite.org/wal.html#walresetbug).

    :ivar _move: has a checkpoint made by that connection, in its thread, after all that was
        asked of it before.
    :ivar _told: gets an error, or None where it went well.
    """

    _move: Callable[[], Deferred[None]]
    _told: Callable[[sqlite3.Error | None], None]
    _written: int = field(default=0, init=False)

    def wrote(self, records: int) -> None:
        """So many *records* more are in the log."""
        self._written += records
        if self._written >= _EVERY:
            self._written = 0
            self._move().addCallbacks(self._told, self._failed)

    def _failed(self, failure: Failure) -> Failure | None:
        if not isinstance(failure.value, sqlite3.Error):
            return failure
        self._told(failure.value)
        return None


def checkpoint(connection: sqlite3.Connection) -> None:
    """Move what no reader needs in the log any more."""
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
