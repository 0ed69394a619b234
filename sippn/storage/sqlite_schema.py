"""
The tables of the SQLite store, and how those of an older sippn become today's.

Measured with 200,000 records of 600 octets that are refreshed in random order, 32 in a
transaction, in us of CPU a row: 18 to write and 9 to read as here, 22 and 13 where a row is
found by the index of its AOR alone, which is another tree of pages; 23 to 29 to write as a
``WITHOUT ROWID`` table, 34 where an index has the due time, for a refresh then writes there
too.  So no index has it: the *agenda* does, which a refresh leaves alone.  The page size is
SQLite's own; others won nothing.

``record``
    One row an AOR.  *id* is the number that :func:`place` makes of the AOR, or any other
    where two AORs make the same; *due* is when the agenda must come to it; *keys* the same
    keys as in ``key``, to be compared at once; *body* the rest, as JSON.

``key``
    The AORs that carry a key.

``agenda``
    When to look at an AOR.  Of each record with a due time there is an entry at that time or
    before; an entry that is too early is moved when its time comes, and one whose record is
    due earlier, or gone, is dropped then.

AORs are text, in UTF-8 with room for lone surrogates: their order is that of code points.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from sqlite3 import Connection

from sippn.errors import ConfigErrors

_OURS = 0x53495050  # "SIPP": SQLite's application_id, so that file(1) and we know our own

_STEPS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE record (
            aor TEXT NOT NULL PRIMARY KEY,
            version INTEGER NOT NULL,
            due REAL,
            keys TEXT NOT NULL,
            body TEXT NOT NULL
        )
        """,
        """
        CREATE TABLE key (
            key BLOB NOT NULL,
            aor TEXT NOT NULL,
            PRIMARY KEY (key, aor)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE agenda (
            look REAL NOT NULL,
            aor TEXT NOT NULL,
            PRIMARY KEY (look, aor)
        ) WITHOUT ROWID
        """,
    ),
    (
        """
        CREATE TABLE placed (
            id INTEGER PRIMARY KEY,
            aor TEXT NOT NULL UNIQUE,
            version INTEGER NOT NULL,
            due REAL,
            keys TEXT NOT NULL,
            body TEXT NOT NULL
        )
        """,
        """
        INSERT OR IGNORE INTO placed
        SELECT place(CAST(aor AS BLOB)), aor, version, due, keys, body FROM record ORDER BY 1
        """,
        """
        INSERT INTO placed
        SELECT NULL, aor, version, due, keys, body FROM record
        WHERE aor NOT IN (SELECT aor FROM placed)
        """,
        "DROP TABLE record",
        "ALTER TABLE placed RENAME TO record",
    ),
    (
        # asleep_until, at the end of each binding.  What is damaged is left as it is; numbers
        # and strings come out as they were written, unlike those of json_extract()
        """
        UPDATE record SET body = json_replace(body, '$[1]', json((
            SELECT json_group_array(json(one)) FROM (
                SELECT json_insert(value, '$[#]', NULL) AS one
                FROM json_each(body, '$[1]') ORDER BY key
            )
        )))
        WHERE CASE WHEN json_valid(body) THEN json_type(body, '$[1]') = 'array'
            AND NOT EXISTS (SELECT 1 FROM json_each(body, '$[1]') WHERE type <> 'array')
        END
        """,
    ),
)
"""What makes version 1 of nothing, version 2 of version 1, and so on; never changed again."""


def place(aor: bytes) -> int:
    """
    The *id* of the row of *aor*, in its stored form, where no other row is in its place.

    It is on disks: another way to make it comes with a step of the schema.
    """
    return int.from_bytes(blake2b(aor, digest_size=8).digest(), "big") >> 1


def climb(connection: Connection) -> None:
    """
    Make the tables what they are today.

    A step is done whole or not at all; a crash between two is no harm.

    :raises ConfigErrors: the data base is somebody else's, or of a newer sippn.
    """
    version = _number(connection, "PRAGMA user_version")
    tables = _number(connection, "SELECT count(*) FROM sqlite_master")
    if tables and _number(connection, "PRAGMA application_id") != _OURS:
        _refuse("is another program's data base")
    if version > len(_STEPS):
        newer = f"was written by a newer sippn (schema {version}; this one knows {len(_STEPS)})"
        _refuse(newer)
    connection.create_function("place", 1, place, deterministic=True)
    for number, step in enumerate(_STEPS[version:], version + 1):
        with transaction(connection):
            for statement in step:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {_OURS}")
            connection.execute(f"PRAGMA user_version = {number}")


def require_today(connection: Connection) -> None:
    """
    See that the tables are as :func:`climb` leaves them, where that may not be done.

    :raises ConfigErrors: they are not.
    """
    if _number(connection, "PRAGMA application_id") != _OURS:
        _refuse("is another program's data base")
    version = _number(connection, "PRAGMA user_version")
    if version != len(_STEPS):
        what = f"is of another version of sippn (schema {version}; this one knows {len(_STEPS)})"
        raise ConfigErrors([("", f"{what}; use the one that runs the server")])


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """All that is done meanwhile is on disk in the end; nothing of it, if something raises."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # some errors have rolled it back already
            connection.execute("ROLLBACK")
        raise


def _number(connection: Connection, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])


def _refuse(problem: str) -> None:
    raise ConfigErrors([("", f"{problem}; name another file")])
