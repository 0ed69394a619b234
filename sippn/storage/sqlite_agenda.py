"""What is due, without a write for each thing that is put off."""

from __future__ import annotations

from collections.abc import Callable
from sqlite3 import Connection

from attrs import frozen

from sippn.binding import Record
from sippn.storage.sqlite_rows import Unreadable, aor_of, due_row_of, record_of, whose
from sippn.storage.sqlite_schema import transaction

_HERD = 256  # entries looked at in one go: some 3 ms, in which no commit gets its turn

_ENTER = "INSERT OR IGNORE INTO agenda VALUES (?, CAST(? AS TEXT))"
_STRIKE = "DELETE FROM agenda WHERE look = ? AND aor = CAST(? AS TEXT)"
_NEXT = "SELECT look, CAST(aor AS BLOB) FROM agenda WHERE look < ? ORDER BY look, aor LIMIT ?"
_LEASE = "UPDATE record SET due = ? WHERE aor = CAST(? AS TEXT)"


@frozen(eq=False, repr=False)
class Claim:
    """
    What was due.

    :ivar found: records, each with the time at which it was due, which orders them.
    :ivar more: there may be more that is due than was found; ask again.
    """

    found: list[tuple[float, Record]]
    more: bool


@frozen(eq=False, repr=False)
class Agenda:
    """
    The table ``agenda``, as a queue with lazy deletion: see :class:`sippn.storage.due.DueQueue`.

    Everything here happens inside a transaction of the caller's, or says otherwise.

    :ivar _passed_over: is told which row is damaged.
    """

    _connection: Connection
    _passed_over: Callable[[str], None]

    def move(self, aor: bytes, old: float | None, new: float | None) -> None:
        """
        *aor* was due at *old* and is due at *new*, which its row says already.

        What is put off keeps its entry.
        """
        if old is not None and (new is None or new < old):
            self._connection.execute(_STRIKE, (old, aor))  # if it is there; if not, later
        if new is not None and (old is None or new < old):
            self._connection.execute(_ENTER, (new, aor))

    def claim(self, before: float, limit: int, lease: float) -> Claim:
        """
        At most *limit* records that are due *before*, the longest overdue first.

        Each is due again *lease* seconds after *before*, unless it is written anew; that is
        on disk, so it holds for who starts after a crash.

        A record that can't be read is struck, so that it keeps no other waiting.
        """
        found: list[tuple[float, Record]] = []
        looks = 0
        more = True
        while more and len(found) < limit and looks < _HERD:
            want = min(limit - len(found), _HERD - looks)
            entries = self._connection.execute(_NEXT, (before, want)).fetchall()
            more = bool(entries)
            looks += len(entries)
            for look, aor in entries:
                self._connection.execute(_STRIKE, (look, aor))
                try:
                    record = self._take(look, aor, before + lease)
                except Unreadable:
                    self._passed_over(whose(aor))
                    continue
                if record is not None:
                    found.append((look, record))
        return Claim(found, more)

    def strike_damaged(self, before: float) -> bool:
        """
        Strike what was to be looked at *before*, and is on a page that can't be read.

        It has a transaction of its own: one that has met such a page writes no more.

        :returns: whether there was any; no, if all are: that is no row, it is the file, and
            who mends it finds its agenda whole.
        """
        entries = self._connection.execute(_NEXT, (before, _HERD)).fetchall()
        damaged = [entry for entry in entries if not self._is_readable(entry[1])]
        if len(damaged) == len(entries):
            return False
        with transaction(self._connection):
            self._connection.executemany(_STRIKE, damaged)
        return bool(damaged)

    def _is_readable(self, aor: bytes) -> bool:
        try:
            due_row_of(self._connection, aor)
        except Unreadable:
            self._passed_over(whose(aor))
            return False
        return True

    def _take(self, look: float, aor: bytes, leased: float) -> Record | None:
        """The record of *aor* if it is due, and enter it again for when it is due next."""
        row = due_row_of(self._connection, aor)
        if row is None:
            return None
        *rest, due = row
        record: Record | None = None
        if due == look:
            record = record_of(aor_of(aor), *rest)
            due = leased
            self._connection.execute(_LEASE, (due, aor))
        if due is not None and due > look:
            self._connection.execute(_ENTER, (due, aor))
        return record
