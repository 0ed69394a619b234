"""A line or two beside the records."""

from __future__ import annotations

from sqlite3 import Connection

from attrs import frozen

from sippn.storage.sqlite_schema import transaction

_MAKE = "CREATE TABLE IF NOT EXISTS note (name TEXT NOT NULL PRIMARY KEY, text TEXT NOT NULL)"
_IS_THERE = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'note'"
_READ = "SELECT text FROM note WHERE name = ?"
_WRITE = "INSERT OR REPLACE INTO note VALUES (?, ?)"


@frozen(eq=False, repr=False)
class Notes:
    """
    The table ``note``.

    It is no step of the schema: who does not know it, as an older sippn, needs not mind it.
    """

    _connection: Connection

    def read(self, name: str) -> str | None:
        """What was written last under *name*."""
        if not self._connection.execute(_IS_THERE).fetchall():
            return None
        row = self._connection.execute(_READ, (name,)).fetchone()
        return None if row is None else bytes(row[0]).decode("utf-8", "replace")

    def write(self, name: str, text: str) -> None:
        """Replace what is written under *name*."""
        with transaction(self._connection):
            self._connection.execute(_MAKE)
            self._connection.execute(_WRITE, (name, text))
