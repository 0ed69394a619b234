"""The file of the SQLite store: who may use it, and what is refused at the start."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from attrs import evolve

from sippn.binding import AOR, Change, Record
from sippn.errors import ConfigErrors
from sippn.storage.sqlite_file import DatabaseFile
from sippn.storage.sqlite_schema import place
from sippn.testing.contracts.records import ALICE, NOON, VERSION, binding, record
from tests.storage.turns import Opened, Turns

OPEN_AND_PRINT = """
import sys
from sippn.errors import ConfigErrors
from sippn.storage.sqlite_file import DatabaseFile
try:
    DatabaseFile.open(sys.argv[1], 0.0)
except ConfigErrors as errors:
    print(errors)
"""

_WRITTEN_1 = (
    '["binding-1","sip:alice@192.0.2.1;pn-provider=acme;pn-prid=a%2Fb",'
    '"udp:127.0.0.1:5060:192.0.2.1:4711",1800003600.25,1800000000.125,'
    '"call\\"\\\\\\u00e9\\udcff",4294967295,500,'
    '"<urn:uuid:00000000-0000-1000-8000-000A95A0E128>",1,'
    '["<sip:edge1.example.com;lr>","<sip:edge2.example.com;lr>"],'
    '[["+sip.instance","\\"<urn:uuid:1>\\""],["+sip.pnsreg",null],["x",""]],'
    '"Phone/1.0 (\\u263a)",["acme","app","a/b",[["voip","a"],["remote","b"]]],false,'
    "1800003240.5,2]"
)
WRITTEN_BY_VERSION_1 = ("6b6579 ", f"[1800000000.0,[{_WRITTEN_1}]]")
"""How the first two schemas wrote what there was of ``records.binding(1)``; never to be changed."""
_APP = ',"com.example.app",true,1.5,[["pn-msg-str","IM_MSG"],["pn-silent","1"]]'
_WRITTEN_3 = _WRITTEN_1.replace("]]],false", f"]]{_APP}],false").removesuffix("]")
WRITTEN_BY_VERSION_3 = ("6b6579 ", f"[1800000000.0,[{_WRITTEN_3},1800007200.75]]]")
"""How the third one writes it; never to be changed, but by the next."""
VERSION_1 = """
    PRAGMA journal_mode = WAL;
    CREATE TABLE record (
        aor TEXT NOT NULL PRIMARY KEY,
        version INTEGER NOT NULL,
        due REAL,
        keys TEXT NOT NULL,
        body TEXT NOT NULL
    );
    CREATE TABLE key (
        key BLOB NOT NULL, aor TEXT NOT NULL, PRIMARY KEY (key, aor)
    ) WITHOUT ROWID;
    CREATE TABLE agenda (
        look REAL NOT NULL, aor TEXT NOT NULL, PRIMARY KEY (look, aor)
    ) WITHOUT ROWID;
    PRAGMA application_id = 0x53495050;
    PRAGMA user_version = 1;
"""


def refused(path: Path) -> str:
    """What is told of *path*; nothing is left open."""
    with pytest.raises(ConfigErrors) as raised:
        DatabaseFile.open(str(path), 0.0)
    ((where, what),) = raised.value.problems
    assert where == "storage.path"
    assert what.startswith(f"{path}: ")
    return what


def asked(path: Path, statement: str) -> object:
    """The first value of the answer."""
    connection = sqlite3.connect(path)
    try:
        row = connection.execute(statement).fetchone()
    finally:
        connection.close()
    return row and row[0]


# who may use it


def test_nobody_else_may_read_it(opened: Opened, turns: Turns, path: Path) -> None:
    """A11: there are PRIDs in it, and in SQLite's files beside it, whatever the umask."""
    before = os.umask(0)
    try:
        store = opened(path)
        turns.wait(store.commit([Change(record(ALICE), 0)]))
    finally:
        os.umask(before)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    names = ("sippn.db", "sippn.db-lock", "sippn.db-shm", "sippn.db-wal")
    assert modes == dict.fromkeys(names, 0o600)


def test_file_that_others_may_read_is_refused(opened: Opened, path: Path) -> None:
    """A backup that was put back, say."""
    path.touch(mode=0o644)
    path.chmod(0o640)
    assert "chmod 600" in refused(path)
    path.chmod(0o600)
    opened(path)


def test_second_server_is_refused(opened: Opened, path: Path) -> None:
    """It would give the same answers, and commit over the first one's head."""
    opened(path)
    assert "another server uses it" in refused(path)


def test_second_server_is_refused_by_whatever_link_it_comes(opened: Opened, path: Path) -> None:
    """R2 B5: the lock beside the link was another one, and so was the log."""
    link = path.with_name("link.db")
    link.symlink_to(path)
    opened(path)
    assert "another server uses it" in refused(link)
    assert not path.with_name("link.db-lock").exists()


def test_link_to_itself_is_refused(path: Path) -> None:
    """In words, as everything that is no file."""
    path.symlink_to(path)
    assert "symbolic links" in refused(path)


def test_second_process_is_refused_until_the_first_is_gone(path: Path) -> None:
    """Even killed: the lock is the kernel's."""

    def told() -> str:
        command = [sys.executable, "-c", OPEN_AND_PRINT, str(path)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    file = DatabaseFile.open(str(path), 0.0)
    assert "another server uses it" in told()
    file.close()
    assert told() == ""
    assert told() == ""  # it has ended without closing anything


def test_refusal_leaves_nothing_locked(opened: Opened, path: Path) -> None:
    """Who starts again once it is mended finds it free."""
    path.write_bytes(b"x" * 5000)
    path.chmod(0o600)
    refused(path)
    path.unlink()
    opened(path)


# what is no data base of ours


def _missing_folder(path: Path) -> Path:
    return path / "sippn.db"


def _file_for_a_folder(path: Path) -> Path:
    path.write_text("")
    return path / "sippn.db"


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def _text(path: Path) -> Path:
    path.write_text("dear diary\n" * 100)
    path.chmod(0o600)
    return path


def _pipe(path: Path) -> Path:
    os.mkfifo(path, 0o600)
    return path


def _somebody_elses(path: Path) -> Path:
    asked(path, "CREATE TABLE location (id)")
    path.chmod(0o600)
    return path


def _newer(path: Path) -> Path:
    DatabaseFile.open(str(path), 0.0).close()
    asked(path, "PRAGMA user_version = 99")
    return path


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (_missing_folder, "No such file or directory"),
        (_file_for_a_folder, "Not a directory"),
        (_folder, "Is a directory"),
        (_pipe, "is no file"),
        (_text, "file is not a database"),
        (_somebody_elses, "another program's"),
        (_newer, "newer sippn (schema 99; this one knows 3)"),
    ],
)
def test_what_cannot_be_used_is_refused(
    make: Callable[[Path], Path], what: str, path: Path
) -> None:
    """In words that say what to do, and without a change to what is there."""
    given = make(path)
    before = given.read_bytes() if given.is_file() else b""
    assert what in refused(given)
    assert before == (given.read_bytes() if given.is_file() else b"")


def test_empty_file_is_as_good_as_none(opened: Opened, path: Path) -> None:
    """A server that died while it made it leaves that."""
    path.touch(mode=0o600)
    opened(path)


def test_full_disk_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """E2: SQLite only says that there was an I/O error, where it can't make its -shm file."""

    def has_no_room(_: object) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorname = "SQLITE_IOERR_SHMSIZE"
        raise error

    monkeypatch.setattr("sippn.storage.sqlite_file.climb", has_no_room)
    assert "disk I/O error; is the disk full?" in refused(path)


# versions


def test_it_says_whose_it_is(opened: Opened, path: Path) -> None:
    """``file`` and the next version of sippn read it."""
    opened(path)
    assert asked(path, "PRAGMA user_version") == 3
    assert asked(path, "PRAGMA application_id") == int.from_bytes(b"SIPP", "big")
    assert asked(path, "PRAGMA journal_mode") == "wal"


def test_every_commit_is_flushed(path: Path) -> None:
    """D1: synchronous=FULL; with NORMAL a power cut takes what was answered last."""
    file = DatabaseFile.open(str(path), 0.0)
    assert file.writing.execute("PRAGMA synchronous").fetchone() == (2,)
    file.close()


def test_schema_is_climbed_step_by_step(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ladder of the next version; a step that fails leaves the one before."""
    DatabaseFile.open(str(path), 0.0).close()
    done = ("CREATE TABLE never_made_again (x)",)
    next_one = ("ALTER TABLE record ADD COLUMN note TEXT",)
    broken = ("CREATE TABLE half (x)", "ALTER TABLE gone ADD COLUMN x")
    monkeypatch.setattr("sippn.storage.sqlite_schema._STEPS", (*[done] * 3, next_one, broken))
    assert "no such table" in refused(path)
    assert asked(path, "PRAGMA user_version") == 4
    assert asked(path, "SELECT count(*) FROM sqlite_master WHERE name = 'half'") == 0
    monkeypatch.setattr("sippn.storage.sqlite_schema._STEPS", (*[done] * 3, next_one))
    DatabaseFile.open(str(path), 0.0).close()
    assert asked(path, "SELECT note FROM record") is None


def test_what_is_written_is_what_this_version_writes(
    opened: Opened, turns: Turns, path: Path
) -> None:
    """The form on the disk is a promise: it changes with a step of the schema only."""
    store = opened(path)
    turns.wait(store.commit([Change(record(ALICE, keys=[b"key"]), 0)]))
    connection = sqlite3.connect(path)
    (written,) = connection.execute("SELECT keys, body FROM record").fetchall()
    connection.close()
    assert written == WRITTEN_BY_VERSION_3
    loaded = store.load(ALICE)
    assert loaded is not None
    assert (loaded.version, loaded.bindings) == (VERSION, (binding(1),))


@pytest.mark.parametrize("places", [place, lambda _: 5], ids=["apart", "all in one"])
def test_file_of_the_first_version_climbs(
    opened: Opened,
    turns: Turns,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    places: Callable[[bytes], int],
) -> None:
    """Every record is found by its AOR, its keys and its time, and is refreshed as ever."""
    for module in ("schema", "rows", "tables"):
        monkeypatch.setattr(f"sippn.storage.sqlite_{module}.place", places)
    aors = [f"sip:{user}@example.com" for user in ("alice", "\udcff", *range(30))]
    made_by_version_1(path, [aor.encode("utf-8", "surrogatepass") for aor in aors])
    store = opened(path)
    assert sorted(store.find(b"key")) == [r.aor for r in turns.wait(store.scan("", 999))]
    assert [store.load(aor) for aor in aors] == [as_of_version_1(aor) for aor in aors]
    later = [record(aor, VERSION + 1, NOON + 60, keys=[b"key"]) for aor in aors]
    assert turns.wait(store.commit([Change(each, VERSION) for each in later])) == []
    assert [store.load(aor) for aor in aors] == later
    assert turns.wait(store.due(NOON + 59, 999, 30)) == []
    assert len(turns.wait(store.due(NOON + 61, 999, 30))) == len(aors)


def as_of_version_1(aor: AOR) -> Record:
    """What the first schema knew of ``record(aor)``."""
    told = binding()
    assert told.push_target is not None
    pushed = evolve(told.push_target, app="", sandbox=False, delay=None, hints=())
    held = (evolve(told, push_target=pushed, asleep_until=None),)
    return evolve(record(aor, keys=[b"key"]), bindings=held)


def made_by_version_1(path: Path, aors: Sequence[bytes]) -> None:
    """As the first schema made it; it is never to be changed."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(VERSION_1)
    keys, body = WRITTEN_BY_VERSION_1
    connection.execute("BEGIN")
    for aor in aors:
        row = (aor, VERSION, NOON, keys, body)
        connection.execute("INSERT INTO record VALUES (CAST(? AS TEXT), ?, ?, ?, ?)", row)
        connection.execute("INSERT INTO key VALUES (?, CAST(? AS TEXT))", (b"key", aor))
        connection.execute("INSERT INTO agenda VALUES (?, CAST(? AS TEXT))", (NOON, aor))
    connection.execute("COMMIT")
    connection.close()
    path.chmod(0o600)


def test_a_person_can_read_it(opened: Opened, turns: Turns, path: Path) -> None:
    """AORs are text to the sqlite3 shell."""
    store = opened(path)
    turns.wait(store.commit([Change(record(ALICE), 0)]))
    look = "SELECT typeof(aor) FROM record WHERE aor = 'sip:alice@example.com'"
    assert asked(path, look) == "text"
