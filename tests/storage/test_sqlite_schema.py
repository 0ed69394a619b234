"""Rows that an older sippn wrote, in the tables of this one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from sqlite3 import Connection

import pytest
from attrs import evolve
from hypothesis import given, settings

from sippn.binding import Binding, PushState, Record
from sippn.storage.sqlite_rows import body_of, keys_text, record_of
from sippn.storage.sqlite_schema import climb
from sippn.testing.contracts.records import ALICE, record
from tests.storage.records import RECORDS

VERSION_2 = """
    CREATE TABLE record (
        id INTEGER PRIMARY KEY,
        aor TEXT NOT NULL UNIQUE,
        version INTEGER NOT NULL,
        due REAL,
        keys TEXT NOT NULL,
        body TEXT NOT NULL
    );
    PRAGMA application_id = 0x53495050;
    PRAGMA user_version = 2;
"""


def climbed(body: str) -> str:
    """What becomes of *body*, which a file of schema 2 has."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.executescript(VERSION_2)
        connection.execute("INSERT INTO record VALUES (7, 'aor', 1, 2.5, 'keys', ?)", (body,))
        climb(connection)
        ((*others, written),) = connection.execute("SELECT * FROM record").fetchall()
        assert others == [7, "aor", 1, 2.5, "keys"]
        assert version_of(connection) == 3
        return str(written)


def version_of(connection: Connection) -> int:
    """The schema that the file says it has."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _known_to_2(binding: Binding) -> Binding:
    target = binding.push_target
    if target is not None:
        target = evolve(target, app="", sandbox=False, delay=None, hints=())
    elsewhere = binding.push_state is PushState.ELSEWHERE
    state = PushState.DEAD if elsewhere else binding.push_state
    return evolve(binding, push_target=target, push_state=state, asleep_until=None)


def _written_by_2(record: Record) -> str:
    due_at, bindings = json.loads(body_of(record))
    return json.dumps([due_at, [each[:17] for each in bindings]], separators=(",", ":"))


@settings(max_examples=50)
@given(RECORDS)
def test_record_of_schema_2_is_read_as_it_was(written: Record) -> None:
    """S-31: an upgrade loses nothing: no octet of a PRID, no fraction of a second, no order."""
    old = evolve(written, bindings=tuple([_known_to_2(each) for each in written.bindings]))
    body = climbed(_written_by_2(old))
    keys = keys_text(old.keys).encode()
    assert record_of(old.aor, old.version, keys, body.encode()) == old
    assert body == body_of(old)


def _cut(body: str) -> str:
    return body[:-9]


def _no_binding(body: str) -> str:
    return body.replace("[1800000000.0,[[", '[1800000000.0,["[",[', 1)


def _no_list(_: str) -> str:
    return '{"a": 1}'


def _no_bindings(_: str) -> str:
    return "[1.5,2.5]"


@pytest.mark.parametrize("damage", [_cut, _no_binding, _no_list, _no_bindings])
def test_damaged_row_keeps_no_other_from_climbing(damage: Callable[[str], str]) -> None:
    """R2 B3: it stays damaged, and is told of when it is read."""
    body = damage(_written_by_2(record(ALICE)))
    assert climbed(body) == body
