"""A binding store in one file, for one server: what it has answered survives kill -9."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import ClassVar, TypeVar

from attrs import define, field, frozen
from twisted.application.service import Service
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from sippn.binding import AOR, Change, Record
from sippn.errors import StoreUnavailable
from sippn.interfaces import IBindingStore
from sippn.storage.sqlite_file import DatabaseFile
from sippn.storage.sqlite_tables import Tables
from sippn.storage.sqlite_thread import WriterThread

T = TypeVar("T")

_RETRY_AFTER = ("Retry-After", "5")  # seconds


@frozen(eq=False, repr=False)
class _Open:
    """What there is between start and stop."""

    file: DatabaseFile
    thread: WriterThread
    read: Tables
    write: Tables


@implementer(IBindingStore)
@define(eq=False, repr=False)
class SQLiteStore(Service):
    """
    Records in an SQLite data base, with a write-ahead log that is flushed at each commit.

    Look-ups are answered at once, in some 20 microseconds; all else is done by a thread,
    for a flush may take its time.  Where the disk is full or breaks, nothing of a batch is
    written; the next one is tried as if nothing had been.

    :ivar _patience: seconds that a commit waits for another program's lock.
    :ivar _failing: the last write failed, and its reason has been told.
    """

    durable: ClassVar[bool] = True
    _path: str
    _reactor: IReactorFromThreads
    _patience: float = 5.0
    _open: _Open | None = field(default=None, init=False)
    _failing: bool = field(default=False, init=False)
    _log: ClassVar[Logger] = Logger()

    def startService(self) -> None:
        """
        Open the file: not earlier, for twistd forks before this.

        :raises ConfigErrors: it cannot be used.
        """
        file = DatabaseFile.open(self._path, self._patience)
        thread = WriterThread(self._reactor)
        thread.start()
        self._open = _Open(file, thread, Tables(file.reading), Tables(file.writing))
        super().startService()

    def stopService(self) -> Deferred[None]:
        """Finish the batch in flight and close the file; what comes later is unavailable."""
        super().stopService()
        opened, self._open = self._open, None
        if opened is None:
            return succeed(None)
        closed = opened.thread.do(opened.file.close)
        closed.addBoth(_after, opened.thread.stop)
        return closed

    def load(self, aor: AOR) -> Record | None:
        """Read one record.  :raises StoreUnavailable: it can't be read."""
        return self._read(lambda tables: tables.load(aor))

    def find(self, key: bytes) -> Sequence[AOR]:
        """The AORs whose record carries *key*.  :raises StoreUnavailable: can't be read."""
        return self._read(lambda tables: tables.find(key))

    def commit(self, changes: Sequence[Change]) -> Deferred[Sequence[AOR]]:
        """Compare and swap; fires when the disk has it."""
        return self._do(lambda tables: tables.commit(changes))

    def due(self, before: float, limit: int, lease: float) -> Deferred[Sequence[Record]]:
        """Claim what is due; *before* is the time that a lease counts from."""
        return self._do(lambda tables: tables.claim(before, limit, lease))

    def scan(self, after: AOR, limit: int) -> Deferred[Sequence[Record]]:
        """The next *limit* records in AOR order."""
        return self._do(lambda tables: tables.scan(after, limit))

    def watch(self, changed: Callable[[Sequence[AOR]], None]) -> None:
        """Nobody else writes here: the file is locked."""

    def _read(self, look: Callable[[Tables], T]) -> T:
        if self._open is None:
            raise _closed()
        try:
            return look(self._open.read)
        except sqlite3.Error as error:
            raise self._unavailable(error) from None

    def _do(self, job: Callable[[Tables], T]) -> Deferred[T]:
        opened = self._open
        if opened is None:
            return fail(_closed())
        done = opened.thread.do(lambda: job(opened.write))
        return done.addCallbacks(self._went_well, self._went_wrong)

    def _went_well(self, result: T) -> T:
        if self._failing:
            self._failing = False
            self._log.info("{path} is in order again", path=self._path)
        return result

    def _went_wrong(self, failure: Failure) -> Failure:
        if isinstance(failure.value, sqlite3.Error):
            raise self._unavailable(failure.value) from None
        return failure

    def _unavailable(self, error: sqlite3.Error) -> StoreUnavailable:
        if not self._failing:  # once, not with each REGISTER
            self._failing = True
            self._log.error("{path} can't be used: {error}", path=self._path, error=str(error))
        return StoreUnavailable("Registrations Are Out Of Reach", [_RETRY_AFTER])


def _closed() -> StoreUnavailable:
    return StoreUnavailable("Registrations Are Not Open", [_RETRY_AFTER])


def _after(result: T, then: Callable[[], None]) -> T:
    then()
    return result
