"""Notes beside the records of an SQLite store."""

from __future__ import annotations

from pathlib import Path

import pytest
from zope.interface.verify import verifyObject

from sippn.errors import StoreUnavailable
from sippn.interfaces import INotebook
from sippn.storage.sqlite import SQLiteStore
from sippn.testing.results import failed
from tests.storage.turns import Opened, Turns, written


def test_note_is_there_after_a_restart(opened: Opened, turns: Turns, path: Path) -> None:
    """E1: the last one counts; before the first there is none."""
    store = opened(path)
    verifyObject(INotebook, store)
    assert store.note("clock") is None
    for text in ("[1]", "[2]"):
        turns.wait(store.keep_note("clock", text))
        assert store.note("clock") == text
    assert store.note("other") is None
    turns.wait(store.stopService())
    assert opened(path).note("clock") == "[2]"


def test_file_of_a_server_that_keeps_none_can_be_used(
    opened: Opened, turns: Turns, path: Path
) -> None:
    """An older sippn knows of no such table, and a newer one does without."""
    turns.wait(opened(path).stopService())
    written(path, "DROP TABLE IF EXISTS note")
    store = opened(path)
    assert store.note("clock") is None
    turns.wait(store.keep_note("clock", "[1]"))
    assert store.note("clock") == "[1]"


def test_closed_store_says_nothing(store: SQLiteStore, turns: Turns) -> None:
    """E2: what it can't say or keep is unavailable, as a record is."""
    turns.wait(store.stopService())
    with pytest.raises(StoreUnavailable):
        store.note("clock")
    failed(store.keep_note("clock", "[1]"), StoreUnavailable)
