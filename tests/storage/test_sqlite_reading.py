"""A look into the data base of a server that runs, from another process."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from zope.interface.verify import verifyObject

from sippn.binding import AOR, Record
from sippn.errors import ConfigErrors
from sippn.interfaces import IReadable
from sippn.storage.sqlite import SQLiteStore
from sippn.storage.sqlite_reading import _reading, read_record
from sippn.testing.contracts.records import ALICE, BOB, VERSION, record
from tests.storage.turns import Opened, Turns, put

_READ = """
import sys
from sippn.storage.sqlite_reading import _reading, read_record
print(repr(read_record(*sys.argv[1:])))
"""


def committed(turns: Turns, store: SQLiteStore, aor: AOR = ALICE) -> Record:
    """One record that *store* has written."""
    written = record(aor)
    put(turns, store, written)
    return written


def changed(path: Path, statement: str) -> None:
    """Let another program do *statement*."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()


def refused(path: Path) -> str:
    """Why nothing can be read of *path*."""
    with pytest.raises(ConfigErrors) as raised:
        read_record(str(path), ALICE)
    ((where, what),) = raised.value.problems
    assert where == "storage.path"
    assert what.startswith(f"{path}: ")
    return what.removeprefix(f"{path}: ")


def test_a_record_is_read_while_its_server_runs(
    turns: Turns, store: SQLiteStore, path: Path
) -> None:
    """N-10: what was committed last is seen by another process, and the server is not disturbed."""
    verifyObject(IReadable, store)
    written = committed(turns, store)
    command = [sys.executable, "-c", _READ, str(path), ALICE]
    seen = subprocess.run(command, capture_output=True, text=True, check=True)
    assert seen.stdout == f"{written!r}\n"
    assert store.read(ALICE) == written
    assert store.read(BOB) is None
    committed(turns, store, BOB)
    assert store.read(BOB) is not None


def test_a_record_is_read_when_its_server_has_ended(
    turns: Turns, opened: Opened, path: Path
) -> None:
    """N-10: a data base that was closed in order is read, too, and by nobody's leave."""
    written = committed(turns, opened(path))
    opened.close()
    before, beside = path.read_bytes(), sorted(path.parent.iterdir())
    assert read_record(str(path), ALICE) == written
    assert path.read_bytes() == before
    assert sorted(path.parent.iterdir()) == beside  # no log, which would keep the server out
    opened(path)  # the reader has left no lock


def test_a_record_is_read_through_a_link(
    turns: Turns, store: SQLiteStore, path: Path, tmp_path: Path
) -> None:
    """N-10: the write-ahead log lies beside the file, not beside the link to it."""
    written = committed(turns, store)
    link = tmp_path / "elsewhere" / "link.db"
    link.parent.mkdir()
    link.symlink_to(path)
    assert read_record(str(link), ALICE) == written


def test_a_record_is_read_that_a_killed_server_left_in_its_log(
    turns: Turns, store: SQLiteStore, path: Path, tmp_path: Path
) -> None:
    """N-10: what is in the write-ahead log alone counts as well, whoever is to tidy it up."""
    written = committed(turns, store)
    left = tmp_path / "left" / path.name
    left.parent.mkdir()
    for name in (path.name, f"{path.name}-wal"):
        (left.parent / name).write_bytes((path.parent / name).read_bytes())
    assert read_record(str(left), ALICE) == written


def test_reading_cannot_write(turns: Turns, store: SQLiteStore, path: Path) -> None:
    """N-10: SQLite itself refuses to change anything for a reader."""
    committed(turns, store)
    readonly = pytest.raises(sqlite3.OperationalError, match="readonly")
    with closing(_reading(path)) as connection, readonly:
        connection.execute("DELETE FROM record")
    assert store.read(ALICE) is not None


def test_what_is_not_there_is_not_made(path: Path) -> None:
    """N-10: to look for a data base that no server has made yet makes none."""
    assert "not there yet" in refused(path)
    assert list(path.parent.iterdir()) == []


def test_what_is_no_data_base_of_ours_is_refused(path: Path) -> None:
    """N-10: a file of another program is named as that."""
    path.write_text("no data base at all, however long it is made to be")
    assert "is not a database" in refused(path)
    path.unlink()
    changed(path, "CREATE TABLE theirs (x)")
    assert refused(path) == "is another program's data base; name another file"


def test_another_schema_is_left_alone(turns: Turns, opened: Opened, path: Path) -> None:
    """N-10: tables of another version are neither read nor changed."""
    committed(turns, opened(path))
    opened.close()
    changed(path, "PRAGMA user_version = 2")
    assert "another version of sippn (schema 2; this one knows 3)" in refused(path)


def test_a_damaged_row_is_named(turns: Turns, opened: Opened, path: Path) -> None:
    """N-10: a row that is damaged is told by its AOR, and nothing of what is in it."""
    committed(turns, opened(path))
    opened.close()
    changed(path, "UPDATE record SET body = 'pn-prid'")
    assert refused(path) == f"the row of {ALICE} is damaged; delete it"


def test_version_is_that_of_the_record(turns: Turns, store: SQLiteStore) -> None:
    """N-10: the whole record is read, not its bindings alone."""
    committed(turns, store)
    found = store.read(ALICE)
    assert found is not None
    assert found.version == VERSION
