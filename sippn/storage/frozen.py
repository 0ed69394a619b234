"""
Records as octets, the form in which they are held in memory.

The garbage collector walks every object that might be part of a cycle, and the server
stands still while it does: a fifth of a second for 200,000 records of tuples.  Octets it
does not walk, and they take a fraction of the memory.  They never leave the process.
"""

from __future__ import annotations

from marshal import dumps, loads

from sippn.binding import AOR, Record
from sippn.storage.plain import plain, whole


def freeze(record: Record) -> bytes:
    """All of *record* but its AOR."""
    bindings = tuple([plain(b) for b in record.bindings])
    return dumps((record.version, tuple(record.keys), record.due_at, bindings))


def thaw(aor: AOR, frozen: bytes) -> Record:
    """The record of *aor* that was frozen."""
    version, keys, due_at, bindings = loads(frozen)  # noqa: S302 - our own octets
    return Record(aor, version, tuple([whole(b) for b in bindings]), due_at, frozenset(keys))


def stamp(frozen: bytes) -> tuple[int, tuple[bytes, ...]]:
    """The version and the keys of a frozen record."""
    version, keys, _, _ = loads(frozen)  # noqa: S302 - our own octets
    return version, keys
