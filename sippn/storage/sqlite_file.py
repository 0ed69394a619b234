"""The data base file of the SQLite store: whose it is, who may read it, how it is opened."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import stat
from contextlib import ExitStack
from pathlib import Path
from sqlite3 import Connection

from attrs import define

from sippn.errors import ConfigErrors
from sippn.storage.sqlite_schema import climb

_SETTING = "storage.path"
_CACHE = -16384  # KiB: the upper pages of the tables, of some million records
_NO_ROOM = ("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE")  # the second: for the file beside it
_READ_PATIENCE = 0.1  # seconds: readers wait for nobody, but for a recovery


@define(eq=False, repr=False)
class DatabaseFile:
    """
    A data base that no other server uses, open twice.

    :ivar writing: for one thread, the only one that writes.
    :ivar reading: for another one, which is never kept waiting by a writer.
    """

    writing: Connection
    reading: Connection
    _closing: ExitStack

    @classmethod
    def open(cls, path: str, patience: float) -> DatabaseFile:
        """
        Open *path*, or make it, readable by its owner alone: there are PRIDs in it.

        :param patience: seconds that a write waits for another program's lock.
        :raises ConfigErrors: it cannot be used; nothing is left open.
        """
        place = os.path.realpath(path)  # who comes by a link must find the lock, and the log
        with ExitStack() as opening:
            try:
                _lock(place, opening)
                _make(place)
                writing = _writing(place, patience, opening)
                reading = _connect(place, _READ_PATIENCE, opening)
                reading.execute("PRAGMA query_only = 1")
                writing.text_factory = reading.text_factory = bytes  # no text is to be trusted
            except OSError as error:
                must = "the server must be able to write to it and to its folder"
                raise _refusal(path, f"{error.strerror}; {must}") from None
            except sqlite3.Error as error:
                raise _refusal(path, f"{error}; {_cure(error)}") from None
            except ConfigErrors as errors:
                raise _refusal(path, *[what for _, what in errors.problems]) from None
            return cls(writing, reading, opening.pop_all())
        raise AssertionError("unreachable")  # pragma: no cover - for the type checker

    def close(self) -> None:
        """Close it; what is in the write-ahead log goes to its place.  Any thread may."""
        self._closing.close()


def _lock(path: str, opening: ExitStack) -> None:
    # not on the data base itself: closing any descriptor of it drops SQLite's own locks
    descriptor = os.open(f"{path}-lock", os.O_RDWR | os.O_CREAT, 0o600)
    opening.callback(os.close, descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ConfigErrors(
            [("", "another server uses it; stop that one, or name another file")]
        ) from None


def _make(path: str) -> None:
    # SQLite gives its other files the mode of this one
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        mode = os.fstat(descriptor).st_mode
    finally:
        os.close(descriptor)
    if not stat.S_ISREG(mode):
        raise ConfigErrors([("", "is no file; name another one")])
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigErrors([("", "others may read or change it; chmod 600 it")])


def _writing(path: str, patience: float, opening: ExitStack) -> Connection:
    connection = _connect(path, patience, opening)
    climb(connection)
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise ConfigErrors([("", "cannot have a write-ahead log there; use a local disk")])
    connection.execute("PRAGMA synchronous = FULL")  # NORMAL loses the last commits with the power
    connection.execute(f"PRAGMA cache_size = {_CACHE}")
    return connection


def _connect(path: str, patience: float, opening: ExitStack) -> Connection:
    connection = sqlite3.connect(
        Path(path), timeout=patience, isolation_level=None, check_same_thread=False
    )
    opening.callback(connection.close)
    return connection


def _cure(error: sqlite3.Error) -> str:
    if getattr(error, "sqlite_errorname", "") in _NO_ROOM:
        return "is the disk full? make room, or name another file"
    return "mend it, or name another file"


def _refusal(path: str, *problems: str) -> ConfigErrors:
    return ConfigErrors([(_SETTING, f"{path}: {problem}") for problem in problems])
