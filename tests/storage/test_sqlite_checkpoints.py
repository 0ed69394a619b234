"""The write-ahead log, and that it does not grow."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from twisted.logger import LogEvent

from sippn.binding import Change
from sippn.storage.sqlite import SQLiteStore
from sippn.testing.contracts.records import VERSION, record
from tests.storage.turns import Opened, Turns, put

AORS = [f"sip:{number}@example.com" for number in range(50)]


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sippn.storage.sqlite_checkpoints._EVERY", 100)


def refreshed(turns: Turns, store: SQLiteStore, rounds: range) -> None:
    """Each phone refreshes once a round."""
    for round_ in rounds:
        changes = [Change(record(aor, VERSION + round_ + 1), VERSION + round_) for aor in AORS]
        assert turns.wait(store.commit(changes)) == []


def logged(path: Path) -> int:
    """Octets of the log."""
    return path.with_name("sippn.db-wal").stat().st_size


def test_log_does_not_grow(turns: Turns, store: SQLiteStore, path: Path) -> None:
    """E6: SQLite begins it anew when all of it is in its place."""
    put(turns, store, *[record(aor) for aor in AORS])
    refreshed(turns, store, range(20))
    soon = logged(path)
    refreshed(turns, store, range(20, 200))
    assert logged(path) <= 2 * soon


def test_log_grows_where_nobody_moves_it(
    turns: Turns, store: SQLiteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test above can fail."""
    monkeypatch.setattr("sippn.storage.sqlite_checkpoints._EVERY", 10**9)
    put(turns, store, *[record(aor) for aor in AORS])
    refreshed(turns, store, range(20))
    soon = logged(path)
    refreshed(turns, store, range(20, 200))
    assert logged(path) > 2 * soon


def test_what_was_moved_is_there(turns: Turns, opened: Opened, path: Path) -> None:
    """D1: whether it is read from the log or from its place."""
    store = opened(path)
    put(turns, store, *[record(aor) for aor in AORS])
    refreshed(turns, store, range(30))
    assert [store.load(aor) for aor in AORS] == [record(aor, VERSION + 30) for aor in AORS]
    turns.wait(store.stopService())
    assert [p.name for p in path.parent.glob("*-wal")] == []
    again = opened(path)
    assert [again.load(aor) for aor in AORS] == [record(aor, VERSION + 30) for aor in AORS]


def test_trouble_with_it_is_told_once(
    turns: Turns, store: SQLiteStore, said: list[LogEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    """E2: commits go on, into the log, as long as there is room for it."""

    def fails(_: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    put(turns, store, *[record(aor) for aor in AORS])
    with monkeypatch.context() as broken:
        broken.setattr("sippn.storage.sqlite.checkpoint", fails)
        refreshed(turns, store, range(20))
    assert [event["log_level"].name for event in said] == ["error"]
    refreshed(turns, store, range(20, 40))
    assert [event["log_level"].name for event in said] == ["error", "info"]
