"""Records as rows of the SQLite store."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sippn.binding import AOR, Record
from sippn.storage.plain import plain, whole

# ASCII: a lone surrogate, which is an octet that was no UTF-8, stands as its escape
_write = json.JSONEncoder(separators=(",", ":"), check_circular=False, allow_nan=False).encode


def octets(aor: AOR) -> bytes:
    """
    *aor* as a parameter that is ``CAST(? AS TEXT)``.

    A string could not be one if it had a lone surrogate.
    """
    return aor.encode("utf-8", "surrogatepass")


def aor_of(stored: bytes) -> AOR:
    """The AOR that is stored, which is read as ``CAST(aor AS BLOB)``."""
    return stored.decode("utf-8", "surrogatepass")


def keys_text(keys: Iterable[bytes]) -> str:
    """*keys* as text that is the same for the same keys."""
    return "".join([f"{key.hex()} " for key in sorted(keys)])


def keys_of(text: str) -> frozenset[bytes]:
    """The keys of what :func:`keys_text` made."""
    return frozenset([bytes.fromhex(key) for key in text.split(" ")[:-1]])


def body_of(record: Record) -> str:
    """All of *record* that has no column of its own."""
    return _write((record.due_at, [plain(b) for b in record.bindings]))


def record_of(aor: AOR, version: int, keys: str, body: str) -> Record:
    """The record of a row."""
    due_at, bindings = json.loads(body)
    return Record(aor, version, tuple([whole(b) for b in bindings]), due_at, keys_of(keys))
