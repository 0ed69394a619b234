"""The tables of the SQLite store, read and written in one thread at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from sqlite3 import Connection, DatabaseError

from attrs import Factory, field, frozen

from sippn.binding import AOR, Change, Record
from sippn.storage.sqlite_agenda import Agenda, Claim
from sippn.storage.sqlite_notes import Notes
from sippn.storage.sqlite_rows import (
    Unreadable,
    aor_of,
    body_of,
    damage,
    keys_of,
    keys_text,
    octets,
    record_of,
    row_of,
    whose,
)
from sippn.storage.sqlite_schema import place, transaction

_FIND = "SELECT aor FROM key WHERE key = ?"
_PAGE = """
    SELECT id, aor, version, keys, body FROM record
    WHERE aor > CAST(? AS TEXT) ORDER BY aor LIMIT ?
"""
# a refresh, which is nearly every write: nothing changes but the row itself
_REFRESH = """
    UPDATE record SET version = ?, due = ?, body = ?
    WHERE id = ? AND aor = CAST(? AS TEXT) AND version = ? AND keys = ? AND due <= ?
"""
_STAMP = """
    SELECT id, CAST(version AS INTEGER), CAST(due AS REAL), keys
    FROM record WHERE aor = CAST(? AS TEXT)
"""
_CHANGE = "UPDATE record SET version = ?, due = ?, keys = ?, body = ? WHERE id = ?"
# if another AOR has taken its place, SQLite finds one
_NEW = """
    INSERT INTO record SELECT
        CASE WHEN EXISTS (SELECT 1 FROM record WHERE id = ?1) THEN NULL ELSE ?1 END,
        CAST(?2 AS TEXT), ?3, ?4, ?5, ?6
"""
_DELETE = "DELETE FROM record WHERE id = ?"
_LOSE_KEY = "DELETE FROM key WHERE key = ? AND aor = CAST(? AS TEXT)"
_GET_KEY = "INSERT OR IGNORE INTO key VALUES (?, CAST(? AS TEXT))"


@frozen(eq=False, repr=False)
class Tables:
    """
    What a connection, whose text is octets, sees of the store.

    Each method may raise :class:`sqlite3.Error`.

    :ivar _passed_over: is told which row is damaged, in this thread: what there is beside it
        is of use all the same.
    """

    _connection: Connection
    _passed_over: Callable[[str], None]
    _agenda: Agenda = field(
        init=False,
        default=Factory(lambda self: Agenda(self._connection, self._passed_over), takes_self=True),
    )

    @property
    def notes(self) -> Notes:
        """What is kept beside the records."""
        return Notes(self._connection)

    def load(self, aor: AOR) -> Record | None:
        """The record of *aor*.  :raises Unreadable: it is damaged."""
        row = row_of(self._connection, octets(aor))
        return record_of(aor, *row) if row is not None else None

    def find(self, key: bytes) -> list[AOR]:
        """The AORs that carry *key*, in their order."""
        found: list[AOR] = []
        for (aor,) in self._connection.execute(_FIND, (key,)):
            try:
                found.append(aor_of(aor))
            except Unreadable:
                self._passed_over(whose(aor))
        return found

    def scan(self, after: AOR, limit: int) -> list[Record]:
        """The next *limit* records that come after *after*."""
        found: list[Record] = []
        last = octets(after)
        while len(found) < limit:
            rows = self._connection.execute(_PAGE, (last, limit - len(found))).fetchall()
            if not rows or rows[-1][1] <= last:  # or else for ever, where their order is damaged
                break
            last = rows[-1][1]
            for number, aor, *rest in rows:
                try:
                    found.append(record_of(aor_of(aor), *rest))
                except Unreadable:  # what stands for the AOR here may be any part of the row
                    self._passed_over(f"number {number}")
        return found

    def commit(self, changes: Sequence[Change]) -> list[AOR]:
        """Write *changes* as one transaction; the AORs that lost the race."""
        with transaction(self._connection):
            return [c.record.aor for c in changes if not self._swap(c)]

    def claim(self, before: float, limit: int, lease: float) -> Claim:
        """Claim what is due: see :meth:`.Agenda.claim`."""
        try:
            return self._claim(before, limit, lease)
        except DatabaseError as error:
            if not damage(error) or not self._agenda.strike_damaged(before):
                raise
        return self._claim(before, limit, lease)

    def _claim(self, before: float, limit: int, lease: float) -> Claim:
        with transaction(self._connection):
            return self._agenda.claim(before, limit, lease)

    def _swap(self, change: Change) -> bool:
        record, expected = change.record, change.expected
        aor, due_at, keys = octets(record.aor), record.due_at, keys_text(record.keys)
        body, at = body_of(record), place(aor)
        if expected and due_at is not None and not record.idle:
            values = (record.version, due_at, body, at, aor, expected, keys, due_at)
            if self._connection.execute(_REFRESH, values).rowcount:
                return True
        rows = self._connection.execute(_STAMP, (aor,)).fetchall()
        number, version, due, old_keys = rows[0] if rows else (None, 0, None, b"")
        if version != expected:
            return False
        if record.idle:
            self._connection.execute(_DELETE, (number,))
        elif rows:
            self._connection.execute(_CHANGE, (record.version, due_at, keys, body, number))
        else:
            self._connection.execute(_NEW, (at, aor, record.version, due_at, keys, body))
        self._move_keys(aor, old_keys.decode("ascii"), record.keys)
        self._agenda.move(aor, due, due_at)
        return True

    def _move_keys(self, aor: bytes, old_text: str, new: frozenset[bytes]) -> None:
        old = keys_of(old_text)
        self._connection.executemany(_LOSE_KEY, [(key, aor) for key in old - new])
        self._connection.executemany(_GET_KEY, [(key, aor) for key in new - old])
