"""
Records as octets, the form in which they are held in memory.

The garbage collector walks every object that might be part of a cycle, and the server
stands still while it does: a fifth of a second for 200,000 records of tuples.  Octets it
does not walk, and they take a fraction of the memory.  They never leave the process.

What a store compares stands in front, to be read without the rest: the version, when the
record is due (not a number: never), and where its keys begin, which are the end.
"""

from __future__ import annotations

from marshal import dumps, loads
from math import nan
from struct import Struct

from sippn.binding import AOR, Record
from sippn.storage.plain import plain, whole

_HEAD = Struct("<qdI")
_SIZE = _HEAD.size
_PLAIN = 2  # the form of marshal in which equal values are equal octets


def freeze(record: Record) -> bytes:
    """All of *record* but its AOR."""
    due_at = record.due_at
    bindings = dumps(tuple([plain(b) for b in record.bindings]))
    keys = dumps(tuple(sorted(record.keys)), _PLAIN)
    due = nan if due_at is None else due_at
    return _HEAD.pack(record.version, due, _SIZE + len(bindings)) + bindings + keys


def thaw(aor: AOR, frozen: bytes) -> Record:
    """The record of *aor* that was frozen."""
    version, due_at, end = _HEAD.unpack_from(frozen)
    bindings = tuple([whole(b) for b in loads(frozen[_SIZE:end])])  # noqa: S302 - our own octets
    return Record(aor, version, bindings, _time(due_at), frozenset(keys_of(frozen)))


def stamp(frozen: bytes) -> tuple[int, float | None]:
    """The version of a frozen record, and when it is due."""
    version, due_at, _ = _HEAD.unpack_from(frozen)
    return version, _time(due_at)


def keys_of(frozen: bytes) -> tuple[bytes, ...]:
    """The keys of a frozen record."""
    keys: tuple[bytes, ...] = loads(_tail(frozen))  # noqa: S302 - our own octets
    return keys


def same_keys(one: bytes, other: bytes) -> bool:
    """Whether two frozen records have the same keys."""
    return _tail(one) == _tail(other)


def _tail(frozen: bytes) -> bytes:
    return frozen[_HEAD.unpack_from(frozen)[2] :]


def _time(due: float) -> float | None:
    return due if due == due else None  # noqa: PLR0124 - what is not a number
