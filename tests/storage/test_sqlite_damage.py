"""A data base that the disk has damaged: what is beside the damage goes on (R2 B3)."""

from __future__ import annotations

from pathlib import Path

import pytest
from twisted.logger import LogEvent, eventAsText

from sippn.binding import Change
from sippn.errors import StoreUnavailable
from sippn.storage.sqlite import SQLiteStore
from sippn.storage.sqlite_tables import Tables
from sippn.testing.contracts.records import ALICE, BOB, NOON, VERSION, record
from sippn.testing.results import failed
from tests.storage.turns import Turns, put, rows, written

DAMAGES = {
    "no JSON": "UPDATE record SET body = replace(body, ',null', '{null')",
    "no UTF-8": "UPDATE record SET body = CAST(body || x'ff' AS TEXT)",
    "no text": "UPDATE record SET body = CAST(body || x'ff' AS BLOB)",
    "no keys": "UPDATE record SET keys = CAST(x'ff' AS TEXT)",
    "no hex": "UPDATE record SET keys = 'zz '",
    "no version to follow": "UPDATE record SET version = 9223372036854775807",
}


def told(said: list[LogEvent]) -> str:
    """All of it, as it is in the log."""
    return "\n".join(eventAsText(event, includeTimestamp=False) for event in said)


def damaged(path: Path, aor: str, statement: str) -> None:
    """The row of *aor* is."""
    written(path, f"{statement} WHERE aor = '{aor}'")


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_row_costs_its_own_user_a_500(
    turns: Turns, store: SQLiteStore, path: Path, said: list[LogEvent], damage: str
) -> None:
    """R2 B3: with Retry-After; it is told once, by its AOR, and nothing of what is in it."""
    put(turns, store, record(ALICE), record(BOB))
    damaged(path, ALICE, damage)
    for _ in range(3):
        with pytest.raises(StoreUnavailable) as raised:
            store.load(ALICE)
        assert dict(raised.value.headers)["Retry-After"] == "5"
        assert store.load(BOB) == record(BOB)
    assert [event["log_level"].name for event in said] == ["error"]
    assert ALICE in told(said)
    assert "prid" not in told(said)
    assert "binding-1" not in told(said)


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_row_keeps_no_other_waiting(
    turns: Turns, store: SQLiteStore, path: Path, said: list[LogEvent], damage: str
) -> None:
    """R2 B3: one that is due would stop all refresh pushes of the server."""
    put(turns, store, record(ALICE, due_at=NOON), record(BOB, due_at=NOON + 1))
    damaged(path, ALICE, damage)
    assert [r.aor for r in turns.wait(store.due(NOON + 2, 1, 30))] == [BOB]
    assert turns.wait(store.due(NOON + 20, 10, 30)) == []
    assert [r.aor for r in turns.wait(store.due(NOON + 33, 10, 30))] == [BOB]
    assert [r.aor for r in turns.wait(store.scan("", 1))] == [BOB]
    turns.wait(store.commit([]))
    assert [event["log_level"].name for event in said] == ["error"] * 2  # by AOR and by number
    assert ALICE in told(said[:1])
    assert "prid" not in told(said)


def page_overwritten(path: Path, number: int) -> None:
    """A page of the closed file is none any more."""
    octets = bytearray(path.read_bytes())
    octets[(number - 1) * int.from_bytes(octets[16:18], "big")] = 0xEE
    path.write_bytes(octets)


def root_of(path: Path, table: str) -> int:
    """The number of its first page."""
    return next(int(row[3]) for row in rows(path, "sqlite_master") if row[1] == table)


def first_leaf_of(path: Path, table: str) -> int:
    """The number of the page that has its first rows; its root has no more than leaves."""
    octets = path.read_bytes()
    top = (root_of(path, table) - 1) * int.from_bytes(octets[16:18], "big")
    cell = top + int.from_bytes(octets[top + 12 :][:2], "big")
    return int.from_bytes(octets[cell:][:4], "big")


def a_hundred(turns: Turns, store: SQLiteStore) -> list[str]:
    """Records that fall due one after the other, by their AORs; the file is closed."""
    aors = [f"sip:{number:03}@h" for number in range(100)]
    put(turns, store, *[record(aor, due_at=NOON + place) for place, aor in enumerate(aors)])
    turns.wait(store.stopService())
    return aors


def test_damaged_page_keeps_no_other_waiting(
    turns: Turns, store: SQLiteStore, path: Path, said: list[LogEvent]
) -> None:
    """R2 B3: SQLite itself can't read such a row, and then writes nothing of the transaction."""
    aors = a_hundred(turns, store)
    page_overwritten(path, first_leaf_of(path, "record"))
    store.startService()
    found = [r.aor for r in turns.wait(store.due(NOON + 200, 100, 30))]
    assert 50 < len(found) < 100
    assert turns.wait(store.due(NOON + 201, 100, 30)) == []
    assert len(turns.wait(store.due(NOON + 231, 100, 30))) == len(found)
    lost = next(aor for aor in aors if aor not in found)
    with pytest.raises(StoreUnavailable):
        store.load(lost)
    assert len(said) == 100 - len(found)
    assert lost in told(said)


def test_damaged_file_keeps_its_agenda(
    turns: Turns, store: SQLiteStore, path: Path, said: list[LogEvent]
) -> None:
    """R2 B3: for who recovers it; it is told once that claims fail."""
    a_hundred(turns, store)
    page_overwritten(path, root_of(path, "record"))
    store.startService()
    for _ in range(3):
        failed(turns.settle(store.due(NOON + 200, 10, 30)), StoreUnavailable)
    assert len(rows(path, "agenda")) == 100
    assert told(said).count("claims of what is due fail: database disk image is malformed") == 1


def test_damaged_order_ends_a_scan(turns: Turns, store: SQLiteStore, path: Path) -> None:
    """R2 B3: a page that ends before it began would be read again for ever."""
    put(turns, store, record("sip:1@h"), record("sip:2@h"))
    written(path, "UPDATE record SET body = ''")
    turns.wait(store.stopService())
    path.write_bytes(path.read_bytes().replace(b"sip:2@h", b"aip:2@h"))
    store.startService()
    assert turns.wait(store.scan("", 10)) == []


def test_damaged_index_finds_the_others(
    turns: Turns, store: SQLiteStore, path: Path, said: list[LogEvent]
) -> None:
    """R2 B3: whoever shares a PRID with it registers all the same."""
    put(turns, store, record(ALICE, keys=[b"key"]), record(BOB, keys=[b"key"]))
    damaged(path, ALICE, "UPDATE key SET aor = CAST(x'ff' AS TEXT)")
    assert store.find(b"key") == [BOB]
    assert len(said) == 1


def test_key_that_is_there_already_spoils_no_batch(
    turns: Turns, store: SQLiteStore, path: Path
) -> None:
    """R2 B3: where a row has forgotten that it has it."""
    put(turns, store, record(ALICE, keys=[b"key"]))
    damaged(path, ALICE, "UPDATE record SET keys = '6b6578 '")
    changes = [Change(record(ALICE, VERSION + 1, keys=[b"key"]), VERSION), Change(record(BOB), 0)]
    assert turns.wait(store.commit(changes)) == []
    assert store.find(b"key") == [ALICE]


def test_due_time_that_is_none_spoils_no_batch(
    turns: Turns, store: SQLiteStore, path: Path
) -> None:
    """R2 B3: it is compared with the new one."""
    put(turns, store, record(ALICE))
    damaged(path, ALICE, "UPDATE record SET due = 'soon'")
    changes = [Change(record(ALICE, VERSION + 1), VERSION), Change(record(BOB), 0)]
    assert turns.wait(store.commit(changes)) == []
    assert store.load(ALICE) == record(ALICE, VERSION + 1)


def test_many_damaged_rows_are_told_as_far_as_anybody_reads(
    turns: Turns, store: SQLiteStore, path: Path, said: list[LogEvent]
) -> None:
    """A8: the log is bounded."""
    put(turns, store, *[record(f"sip:{number}@h") for number in range(150)])
    written(path, "UPDATE record SET body = ''")
    assert turns.wait(store.due(NOON + 1, 200, 30)) == []
    assert len(said) == 100


def test_words_of_sqlite3_show_no_row(store: SQLiteStore, said: list[LogEvent]) -> None:
    """A11: its complaint of a text that is none has all of it."""

    def complain(tables: Tables) -> object:
        tables._connection.text_factory = str
        return tables._connection.execute("SELECT 'prid' || x'ff'").fetchall()

    with pytest.raises(StoreUnavailable):
        store._read(complain)
    assert told(said).endswith("look-ups fail: OperationalError")
