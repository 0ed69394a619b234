"""Records as rows of the SQLite store."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from sippn.binding import AOR, Record
from sippn.storage.plain import plain, tupled, whole
from sippn.storage.sqlite_schema import place

_NEWEST = 2**62  # a version that is higher leaves no room for the next ones
_THERE = "SELECT version, keys, body FROM record WHERE id = ? AND aor = CAST(? AS TEXT)"
_ANYWHERE = "SELECT version, keys, body, CAST(due AS REAL) FROM record WHERE aor = CAST(? AS TEXT)"

# ASCII: a lone surrogate, which is an octet that was no UTF-8, stands as its escape
_write = json.JSONEncoder(separators=(",", ":"), check_circular=False, allow_nan=False).encode
_read = json.JSONDecoder().raw_decode


class Unreadable(Exception):
    """A row is damaged.  This says nothing of what is in it: there is a PRID."""


def damage(error: sqlite3.Error) -> bool:
    """Whether SQLite has met a page that is none; a transaction in which it did writes no more."""
    code = getattr(error, "sqlite_errorcode", 0)  # the module's own errors have none
    return bool(code & 0xFF == sqlite3.SQLITE_CORRUPT)


def octets(aor: AOR) -> bytes:
    """
    *aor* as a parameter that is ``CAST(? AS TEXT)``.

    A string could not be one if it had a lone surrogate.
    """
    return aor.encode("utf-8", "surrogatepass")


def aor_of(stored: bytes) -> AOR:
    """
    The AOR that is stored, which is read as ``CAST(aor AS BLOB)``.

    :raises Unreadable: it is no text.
    """
    try:
        return stored.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        raise Unreadable from None


def whose(stored: bytes) -> str:
    """Words for the row of an AOR that may be damaged itself."""
    return f"of {stored.decode('utf-8', 'backslashreplace')}"


def keys_text(keys: Iterable[bytes]) -> str:
    """*keys* as text that is the same for the same keys."""
    return "".join([f"{key.hex()} " for key in sorted(keys)])


def keys_of(text: str) -> frozenset[bytes]:
    """The keys of what :func:`keys_text` made."""
    return frozenset([bytes.fromhex(key) for key in text.split(" ")[:-1]])


def body_of(record: Record) -> str:
    """All of *record* that has no column of its own."""
    return _write((record.due_at, [plain(b) for b in record.bindings]))


def row_of(connection: sqlite3.Connection, aor: bytes) -> Sequence[Any] | None:
    """
    The last arguments of :func:`record_of` for *aor*.  Text is to come as octets.

    :raises Unreadable: the page on which it is, or was, is damaged.
    :raises sqlite3.Error: anything else.
    """
    there = _row(connection, _THERE, (place(aor), aor))
    if there is not None:
        return there
    anywhere = _row(connection, _ANYWHERE, (aor,))
    return None if anywhere is None else anywhere[:3]


def due_row_of(connection: sqlite3.Connection, aor: bytes) -> Sequence[Any] | None:
    """The same as :func:`row_of`, and when that record is due."""
    return _row(connection, _ANYWHERE, (aor,))


def _row(
    connection: sqlite3.Connection, query: str, values: tuple[Any, ...]
) -> Sequence[Any] | None:
    try:
        rows = connection.execute(query, values).fetchall()
    except sqlite3.DatabaseError as error:
        if damage(error):
            raise Unreadable from None
        raise
    return rows[0] if rows else None


def record_of(aor: AOR, version: object, keys: Any, body: Any) -> Record:
    """
    The record of a row.

    :param keys: octets, as *body*; what a disk made of them may be anything.
    :raises Unreadable: it is none.
    """
    try:
        text = body.decode("ascii")
        (due_at, bindings), end = _read(text)
        held = tuple([whole(tupled(b)) for b in bindings])
        found = keys_of(keys.decode("ascii"))
    except Exception:  # noqa: BLE001 - what a disk made of it may fail in any way
        raise Unreadable from None
    if end != len(text) or type(version) is not int or version > _NEWEST:
        raise Unreadable
    return Record(aor, version, held, due_at, found)
