"""The SQLite store: the contract of all durable stores, and what is its own."""

from __future__ import annotations

import resource
import shutil
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import pytest
from attrs import evolve
from twisted.application.service import IService
from twisted.internet.defer import CancelledError
from twisted.logger import LogEvent
from zope.interface.verify import verifyObject

from sippn.binding import Change
from sippn.errors import StoreUnavailable
from sippn.interfaces import IBindingStore
from sippn.storage.sqlite import SQLiteStore
from sippn.storage.sqlite_agenda import Claim
from sippn.storage.sqlite_tables import Tables
from sippn.testing.contracts import DurableStoreContract
from sippn.testing.contracts.records import ALICE, BOB, NOON, VERSION, nothing, record
from sippn.testing.results import failed
from tests.storage.turns import Opened, Turns, put, rows, written

T = TypeVar("T")


Trouble = Callable[[SQLiteStore], AbstractContextManager[None]]


class TestSQLiteStore(DurableStoreContract):
    """It keeps the contract of every durable store."""

    def setup_method(self) -> None:
        """A folder, and a reactor for this test."""
        self.folder = TemporaryDirectory(prefix="sippn-")
        self.opened = Opened(Turns())
        super().setup_method()

    def teardown_method(self) -> None:
        """Close what is open, and remove it."""
        super().teardown_method()
        self.opened.close()
        self.folder.cleanup()

    def make_store(self) -> IBindingStore:
        """An empty one."""
        return self.opened(Path(self.folder.name, "sippn.db"))

    def close_store(self, store: IBindingStore) -> None:
        """Close its file."""
        assert isinstance(store, SQLiteStore)
        self.wait(store.stopService())

    def reopen_store(self, store: IBindingStore) -> IBindingStore:
        """Another one on the same file."""
        self.close_store(store)
        return self.make_store()

    def recover_store(self, store: IBindingStore) -> IBindingStore:
        """One on a copy of the files, as they are while *store* is open."""
        assert store.durable
        copy = Path(self.folder.name, "copy")
        copy.mkdir()
        for suffix in ("", "-wal"):  # -shm is rebuilt from the log
            shutil.copy(Path(self.folder.name, f"sippn.db{suffix}"), copy)
        return self.opened(copy / "sippn.db")

    def wait(self, result: Awaitable[T]) -> T:
        """Until its thread has answered."""
        return self.opened.turns.wait(result)


class TestSQLiteStoreWithOnePlace(TestSQLiteStore):
    """It keeps it where every AOR has the same place, as two may have by chance."""

    @pytest.fixture(autouse=True)
    def _one_place(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for module in ("rows", "tables"):
            monkeypatch.setattr(f"sippn.storage.sqlite_{module}.place", lambda _: 5)


# a service, and its thread


def test_reads_are_values(turns: Turns, store: SQLiteStore) -> None:
    """DESIGN 6: a hop to a thread and back costs more than the read."""
    put(turns, store, record(ALICE, keys=[b"key"]))
    assert store.load(ALICE) == record(ALICE, keys=[b"key"])
    assert store.find(b"key") == [ALICE]
    assert verifyObject(IService, store)


def test_nothing_happens_before_it_starts(turns: Turns, path: Path) -> None:
    """Twistd forks before services start: neither a file nor a thread may be there."""
    store = SQLiteStore(str(path), turns)
    assert not path.exists()
    with pytest.raises(StoreUnavailable):
        store.load(ALICE)
    assert failed(store.commit([]), StoreUnavailable).headers
    assert turns.wait(store.stopService()) is None


def test_what_is_in_flight_is_stored_before_it_stops(
    turns: Turns, opened: Opened, store: SQLiteStore, path: Path
) -> None:
    """The batches that were asked for, in their order."""
    commits = [
        store.commit([Change(record(ALICE, VERSION + n), VERSION + n - 1 if n else 0)])
        for n in range(20)
    ]
    stopped = store.stopService()
    late = store.commit([Change(record(BOB), 0)])
    turns.wait(stopped)
    assert [turns.wait(commit) for commit in commits] == [[]] * 20
    failed(late, StoreUnavailable)
    assert opened(path).load(ALICE) == record(ALICE, VERSION + 19)


def test_stopping_leaves_one_file(turns: Turns, store: SQLiteStore, tmp_path: Path) -> None:
    """A backup of a stopped server is a copy of it; the lock file is empty."""
    put(turns, store, record(ALICE))
    turns.wait(store.stopService())
    assert sorted(file.name for file in tmp_path.iterdir()) == ["sippn.db", "sippn.db-lock"]


def test_it_can_be_started_again(turns: Turns, store: SQLiteStore) -> None:
    """As services can."""
    put(turns, store, record(ALICE))
    turns.wait(store.stopService())
    store.startService()
    assert store.load(ALICE) == record(ALICE)


def test_repr_shows_no_prid(turns: Turns, store: SQLiteStore) -> None:
    """A11: nor anything else."""
    put(turns, store, record(ALICE))
    assert "prid" not in repr(store)


# what is written


def test_refresh_writes_one_row(turns: Turns, store: SQLiteStore, path: Path) -> None:
    """DESIGN 6: no index has what every refresh changes."""
    kept = record(ALICE, keys=[b"key"])
    put(turns, store, kept)
    before = rows(path, "key"), rows(path, "agenda")
    later = evolve(kept, version=VERSION + 1, due_at=NOON + 60)
    assert turns.wait(store.commit([Change(later, VERSION)])) == []
    assert (rows(path, "key"), rows(path, "agenda")) == before
    assert [len(table) for table in before] == [1, 1]


def test_deletion_leaves_nothing_behind(turns: Turns, store: SQLiteStore, path: Path) -> None:
    """E6: what is gone costs nothing."""
    for number in range(50):
        put(turns, store, record(f"sip:{number}@h", keys=[b"%d" % number, b"shared"]))
    gone = [Change(nothing(f"sip:{number}@h", VERSION + 1), VERSION) for number in range(50)]
    assert turns.wait(store.commit(gone)) == []
    assert [rows(path, table) for table in ("record", "key", "agenda")] == [[], [], []]


def test_entries_that_mean_nothing_die_in_their_time(
    turns: Turns, store: SQLiteStore, path: Path
) -> None:
    """Whoever registers for long and short in turns leaves entries, but not for ever."""
    version = VERSION
    put(turns, store, record(ALICE))
    for step in range(1, 50):
        for due_at in (NOON + 3600, NOON + step):
            changed = record(ALICE, version + 1, due_at=due_at)
            assert turns.wait(store.commit([Change(changed, version)])) == []
            version += 1
    assert turns.wait(store.due(NOON + 49, 10, 30)) == []
    assert len(rows(path, "agenda")) == 1


# a disk that is full, a data base that is locked


@contextmanager
def full(store: SQLiteStore) -> Iterator[None]:
    """The data base has no room for another page."""
    assert store._open is not None
    connection = store._open.file.writing
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    try:
        yield
    finally:
        connection.execute("PRAGMA max_page_count = 1000000")


@contextmanager
def broken(store: SQLiteStore) -> Iterator[None]:
    """The system refuses to write to any file beyond its first octets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
    try:
        yield
    finally:  # or no other test could write
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def locked(store: SQLiteStore) -> Iterator[None]:
    """Another program, the sqlite3 shell perhaps, holds its lock."""
    with sqlite3.connect(store._path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
    other.close()


@pytest.mark.parametrize("trouble", [full, broken, locked])
def test_trouble_costs_its_authors_a_500_and_passes(
    turns: Turns, store: SQLiteStore, trouble: Trouble, said: list[LogEvent]
) -> None:
    """E2: nothing of the batch is there, look-ups go on, and so does all when it is over."""
    put(turns, store, record(ALICE))
    many = [record(f"sip:{number}@h", keys=[b"%d" % number]) for number in range(200)]
    changes = [Change(record(ALICE, VERSION + 1), VERSION), *[Change(r, 0) for r in many]]
    with trouble(store):
        for _ in range(3):
            error = failed(turns.settle(store.commit(changes)), StoreUnavailable)
            assert error.status == 500
            assert dict(error.headers)["Retry-After"] == "5"
            assert store.load(ALICE) == record(ALICE)
            assert store.load("sip:0@h") is None
    assert turns.wait(store.commit(changes)) == []
    assert turns.wait(store.commit([])) == []
    assert store.load(ALICE) == record(ALICE, VERSION + 1)
    assert store.find(b"199") == ["sip:199@h"]
    assert [event["log_level"].name for event in said] == ["error", "info"]


def test_only_what_was_written_ends_an_outage(
    turns: Turns, store: SQLiteStore, said: list[LogEvent]
) -> None:
    """R2 B4: on a full disk all goes well that has nothing to write, once a second."""
    put(turns, store, record(ALICE))
    many = [Change(record(f"sip:{number}@h"), 0) for number in range(200)]
    with full(store):
        for _ in range(3):
            failed(turns.settle(store.commit(many)), StoreUnavailable)
            assert turns.wait(store.due(NOON - 1, 10, 30)) == []
            assert turns.wait(store.commit([Change(record(ALICE), 0)])) == [ALICE]
            assert turns.wait(store.commit([])) == []
            assert len(turns.wait(store.scan("", 10))) == 1
        assert [event["log_level"].name for event in said] == ["error"]
    put(turns, store, record(BOB))
    assert [event["log_level"].name for event in said] == ["error", "info"]


def test_agenda_that_fails_and_commits_that_do_not_are_told_once(
    turns: Turns, store: SQLiteStore, path: Path, said: list[LogEvent]
) -> None:
    """R2 B4: not one pair of lines a second, where each makes the other's a lie."""
    written(path, "ALTER TABLE agenda RENAME TO mislaid")
    for number in range(3):
        failed(turns.settle(store.due(NOON + 1, 10, 30)), StoreUnavailable)
        put(turns, store, record(f"sip:{number}@h", due_at=None))
    assert [event["log_level"].name for event in said] == ["error"]
    written(path, "ALTER TABLE mislaid RENAME TO agenda")
    put(turns, store, record(ALICE))
    assert len(turns.wait(store.due(NOON + 1, 10, 30))) == 1
    assert [event["log_level"].name for event in said] == ["error", "info"]


def test_reader_who_stays_keeps_nobody_from_writing(
    turns: Turns, store: SQLiteStore, path: Path
) -> None:
    """A backup of the running server, say."""
    with sqlite3.connect(path, isolation_level=None) as backup:
        backup.execute("BEGIN")
        backup.execute("SELECT * FROM record").fetchall()
        put(turns, store, record(ALICE))
        assert store.load(ALICE) == record(ALICE)
    backup.close()


def test_bug_is_no_outage(turns: Turns, store: SQLiteStore, said: list[LogEvent]) -> None:
    """What is not the disk's fault comes out as it is, and nothing is written."""
    bad = evolve(record(BOB), version=2**70)
    commit = store.commit([Change(record(ALICE), 0), Change(bad, 0)])
    failed(turns.settle(commit), OverflowError)
    assert store.load(ALICE) is None
    assert said == []
    put(turns, store, record(ALICE))


def herd(turns: Turns, store: SQLiteStore) -> None:
    """Who comes back after a day has put off many; and one is due."""
    for number in range(25):
        put(turns, store, record(f"sip:{number}@h", due_at=NOON + number))
        later = record(f"sip:{number}@h", VERSION + 1, due_at=NOON + 1000)
        turns.wait(store.commit([Change(later, VERSION)]))
    put(turns, store, record(ALICE, due_at=NOON + 100))


def test_herd_is_no_standstill(
    turns: Turns, store: SQLiteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who comes back after a day moves a million entries, a few at a time."""
    monkeypatch.setattr("sippn.storage.sqlite_agenda._HERD", 5)
    monkeypatch.setattr("sippn.storage.sqlite._GOES", 2)
    herd(turns, store)
    asked = [[r.aor for r in turns.wait(store.due(NOON + 200, 5, 30))] for _ in range(3)]
    assert asked == [[], [], [ALICE]]


def test_commit_does_not_wait_for_a_herd(
    turns: Turns, store: SQLiteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """W7: a REGISTER goes between two goes of a claim, which ends as if there were one."""
    monkeypatch.setattr("sippn.storage.sqlite_agenda._HERD", 10)
    herd(turns, store)
    ended: list[str] = []

    def notes(result: T, name: str) -> T:
        ended.append(name)
        return result

    claim = store.due(NOON + 200, 5, 30).addCallback(notes, "claim")
    store.commit([Change(record(BOB, due_at=NOON), 0)]).addCallback(notes, "commit")
    assert [r.aor for r in turns.wait(claim)] == [BOB, ALICE]
    assert ended == ["commit", "claim"]


def test_what_was_claimed_before_trouble_came_is_not_lost(
    turns: Turns, store: SQLiteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S-31: it is leased already; nobody else would look at it for half a minute."""
    monkeypatch.setattr("sippn.storage.sqlite_agenda._HERD", 10)
    put(turns, store, *[record(f"sip:{number}@h", due_at=NOON) for number in range(30)])
    claim = Tables.claim
    trouble = iter([False, True])

    def claims(tables: Tables, before: float, limit: int, lease: float) -> Claim:
        if next(trouble):
            raise sqlite3.OperationalError
        return claim(tables, before, limit, lease)

    monkeypatch.setattr(Tables, "claim", claims)
    assert len(turns.wait(store.due(NOON + 1, 99, 30))) == 10


def test_cancelled_commit_is_written_all_the_same(turns: Turns, store: SQLiteStore) -> None:
    """A thread cannot be called back; that nobody listens any more is no error."""
    commit = store.commit([Change(record(ALICE), 0)])
    commit.cancel()
    failed(commit, CancelledError)
    turns.wait(store.commit([]))
    assert store.load(ALICE) == record(ALICE)
