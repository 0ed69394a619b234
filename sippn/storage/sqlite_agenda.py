"""What is due, without a write for each thing that is put off."""

from __future__ import annotations

from sqlite3 import Connection

from attrs import frozen

from sippn.binding import Record
from sippn.storage.sqlite_rows import aor_of, record_of

_HERD = 2048  # entries looked at in one go: some 20 ms, in which no commit gets its turn

_ENTER = "INSERT OR IGNORE INTO agenda VALUES (?, CAST(? AS TEXT))"
_STRIKE = "DELETE FROM agenda WHERE look = ? AND aor = CAST(? AS TEXT)"
_NEXT = """
    SELECT look, CAST(agenda.aor AS BLOB), version, due, keys, body
    FROM agenda LEFT JOIN record ON record.aor = agenda.aor
    WHERE look < ? ORDER BY look, agenda.aor LIMIT ?
"""
_LEASE = "UPDATE record SET due = ? WHERE aor = CAST(? AS TEXT)"


@frozen(eq=False, repr=False)
class Agenda:
    """
    The table ``agenda``, as a queue with lazy deletion: see :class:`sippn.storage.due.DueQueue`.

    Everything here happens inside a transaction of the caller's.
    """

    _connection: Connection

    def move(self, aor: bytes, old: float | None, new: float | None) -> None:
        """
        *aor* was due at *old* and is due at *new*, which its row says already.

        What is put off keeps its entry.
        """
        if old is not None and (new is None or new < old):
            self._connection.execute(_STRIKE, (old, aor))  # if it is there; if not, later
        if new is not None and (old is None or new < old):
            self._connection.execute(_ENTER, (new, aor))

    def claim(self, before: float, limit: int, lease: float) -> list[Record]:
        """
        At most *limit* records that are due *before*, the longest overdue first.

        Each is due again *lease* seconds after *before*, unless it is written anew; that is
        on disk, so it holds for who starts after a crash.  There may be more than were found.
        """
        claimed: list[tuple[float, Record]] = []
        looks = 0
        while len(claimed) < limit and looks < _HERD:
            want = min(limit - len(claimed), _HERD - looks)
            entries = self._connection.execute(_NEXT, (before, want)).fetchall()
            if not entries:
                break
            looks += len(entries)
            for look, aor, version, due, keys, body in entries:
                self._connection.execute(_STRIKE, (look, aor))
                if due == look:
                    claimed.append((look, record_of(aor_of(aor), version, keys, body)))
                    due = before + lease  # noqa: PLW2901 - the same, put off
                    self._connection.execute(_LEASE, (due, aor))
                if due is not None and due > look:
                    self._connection.execute(_ENTER, (due, aor))
        claimed.sort(key=lambda found: found[0])  # who was put off had its old place
        return [record for _, record in claimed]
