"""The tables of the SQLite store, read and written in one thread at a time."""

from __future__ import annotations

from collections.abc import Sequence
from sqlite3 import Connection

from attrs import Factory, field, frozen

from sippn.binding import AOR, Change, Record
from sippn.storage.sqlite_agenda import Agenda
from sippn.storage.sqlite_rows import aor_of, body_of, keys_of, keys_text, octets, record_of
from sippn.storage.sqlite_schema import transaction

_LOAD = "SELECT version, keys, body FROM record WHERE aor = CAST(? AS TEXT)"
_FIND = "SELECT CAST(aor AS BLOB) FROM key WHERE key = ?"
_PAGE = """
    SELECT CAST(aor AS BLOB), version, keys, body
    FROM record WHERE aor > CAST(? AS TEXT) ORDER BY aor LIMIT ?
"""
# a refresh, which is nearly every write: nothing changes but the row itself
_REFRESH = """
    UPDATE record SET version = ?, due = ?, body = ?
    WHERE aor = CAST(? AS TEXT) AND version = ? AND keys = ? AND due <= ?
"""
_STAMP = "SELECT version, due, keys FROM record WHERE aor = CAST(? AS TEXT)"
_PUT = "INSERT OR REPLACE INTO record VALUES (CAST(? AS TEXT), ?, ?, ?, ?)"
_DELETE = "DELETE FROM record WHERE aor = CAST(? AS TEXT)"
_LOSE_KEY = "DELETE FROM key WHERE key = ? AND aor = CAST(? AS TEXT)"
_GET_KEY = "INSERT INTO key VALUES (?, CAST(? AS TEXT))"


@frozen(eq=False, repr=False)
class Tables:
    """What a connection sees of the store.  Each method may raise :class:`sqlite3.Error`."""

    _connection: Connection
    _agenda: Agenda = field(
        init=False, default=Factory(lambda self: Agenda(self._connection), takes_self=True)
    )

    def load(self, aor: AOR) -> Record | None:
        """The record of *aor*."""
        rows = self._connection.execute(_LOAD, (octets(aor),)).fetchall()
        return record_of(aor, *rows[0]) if rows else None

    def find(self, key: bytes) -> list[AOR]:
        """The AORs that carry *key*, in their order."""
        return [aor_of(aor) for (aor,) in self._connection.execute(_FIND, (key,))]

    def scan(self, after: AOR, limit: int) -> list[Record]:
        """The next *limit* records that come after *after*."""
        rows = self._connection.execute(_PAGE, (octets(after), limit))
        return [record_of(aor_of(aor), *rest) for aor, *rest in rows]

    def commit(self, changes: Sequence[Change]) -> list[AOR]:
        """Write *changes* as one transaction; the AORs that lost the race."""
        with transaction(self._connection):
            return [c.record.aor for c in changes if not self._swap(c)]

    def claim(self, before: float, limit: int, lease: float) -> list[Record]:
        """Claim what is due: see :meth:`.Agenda.claim`."""
        with transaction(self._connection):
            return self._agenda.claim(before, limit, lease)

    def _swap(self, change: Change) -> bool:
        record, expected = change.record, change.expected
        aor, due_at, keys = octets(record.aor), record.due_at, keys_text(record.keys)
        body = body_of(record)
        if expected and due_at is not None and not record.idle:
            values = (record.version, due_at, body, aor, expected, keys, due_at)
            if self._connection.execute(_REFRESH, values).rowcount:
                return True
        rows = self._connection.execute(_STAMP, (aor,)).fetchall()
        version, due, old_keys = rows[0] if rows else (0, None, "")
        if version != expected:
            return False
        if record.idle:
            self._connection.execute(_DELETE, (aor,))
        else:
            self._connection.execute(_PUT, (aor, record.version, due_at, keys, body))
        self._move_keys(aor, old_keys, record.keys)
        self._agenda.move(aor, due, due_at)
        return True

    def _move_keys(self, aor: bytes, old_text: str, new: frozenset[bytes]) -> None:
        old = keys_of(old_text)
        self._connection.executemany(_LOSE_KEY, [(key, aor) for key in old - new])
        self._connection.executemany(_GET_KEY, [(key, aor) for key in new - old])
