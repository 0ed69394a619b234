"""A binding store in one file, for one server: what it has answered survives kill -9."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar, TypeVar

from attrs import Factory, define, field, frozen
from twisted.application.service import Service
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorFromThreads
from twisted.python.failure import Failure
from zope.interface import implementer

from sippn.binding import AOR, Change, Record
from sippn.errors import StoreUnavailable
from sippn.interfaces import IBindingStore, INotebook, IReadable
from sippn.storage.sqlite_agenda import Claim
from sippn.storage.sqlite_checkpoints import Checkpoints, checkpoint
from sippn.storage.sqlite_file import DatabaseFile
from sippn.storage.sqlite_outages import CHECKPOINTS, CLAIMS, COMMITS, LOOK_UPS, Outages
from sippn.storage.sqlite_reading import read_record
from sippn.storage.sqlite_rows import Unreadable
from sippn.storage.sqlite_tables import Tables
from sippn.storage.sqlite_thread import WriterThread

T = TypeVar("T")

_RETRY_AFTER = ("Retry-After", "5")  # seconds
_GOES = 8  # of a claim, in which a herd that was put off is moved: 2,048 entries


@frozen(eq=False, repr=False)
class _Open:
    """What there is between start and stop."""

    file: DatabaseFile
    thread: WriterThread
    checkpoints: Checkpoints
    read: Tables
    write: Tables

    async def close(self) -> None:
        """Finish what is in flight, and end."""
        try:
            await self.thread.do(self.file.close)
        finally:
            self.thread.stop()


@implementer(IBindingStore, INotebook, IReadable)
@define(eq=False, repr=False)
class SQLiteStore(Service):
    """
    Records in an SQLite data base, with a write-ahead log that is flushed at each commit.

    Look-ups are answered at once, in some 20 microseconds; all else is done by a thread,
    for a flush may take its time.  Where the disk is full or breaks, nothing of a batch is
    written; the next one is tried as if nothing had been.

    :ivar _patience: seconds that a commit waits for another program's lock.
    """

    durable: ClassVar[bool] = True
    _path: str
    _reactor: IReactorFromThreads
    _patience: float = 5.0
    _open: _Open | None = field(default=None, init=False)
    _outages: Outages = field(
        init=False, default=Factory(lambda self: Outages(self._path), takes_self=True)
    )

    def startService(self) -> None:
        """
        Open the file: not earlier, for twistd forks before this.

        :raises ConfigErrors: it cannot be used.
        """
        file = DatabaseFile.open(self._path, self._patience)
        thread = WriterThread(self._reactor)
        thread.start()
        move = partial(thread.do, lambda: checkpoint(file.writing))
        checkpoints = Checkpoints(move, self._checkpointed)
        told = self._outages.passed_over
        later = partial(self._reactor.callFromThread, told)
        read, write = Tables(file.reading, told), Tables(file.writing, later)
        self._open = _Open(file, thread, checkpoints, read, write)
        super().startService()

    def stopService(self) -> Deferred[None]:
        """Finish the batch in flight and close the file; what comes later is unavailable."""
        super().stopService()
        opened, self._open = self._open, None
        if opened is None:
            return succeed(None)
        return Deferred.fromCoroutine(opened.close())

    def load(self, aor: AOR) -> Record | None:
        """Read one record.  :raises StoreUnavailable: it can't be read."""
        try:
            return self._read(lambda tables: tables.load(aor))
        except Unreadable:
            self._outages.passed_over(f"of {aor}")
            raise _out_of_reach() from None

    def find(self, key: bytes) -> Sequence[AOR]:
        """The AORs whose record carries *key*.  :raises StoreUnavailable: can't be read."""
        return self._read(lambda tables: tables.find(key))

    def commit(self, changes: Sequence[Change]) -> Deferred[Sequence[AOR]]:
        """Compare and swap; fires when the disk has it."""

        def wrote(lost: Sequence[AOR]) -> bool:
            written = len(changes) - len(lost)
            if self._open is not None:
                self._open.checkpoints.wrote(written)
            return written > 0

        return self._do(COMMITS, lambda tables: tables.commit(changes), wrote)

    def due(self, before: float, limit: int, lease: float) -> Deferred[Sequence[Record]]:
        """Claim what is due; *before* is the time that a lease counts from."""
        return Deferred.fromCoroutine(self._claim(before, limit, lease))

    def scan(self, after: AOR, limit: int) -> Deferred[Sequence[Record]]:
        """The next *limit* records in AOR order."""
        return self._do(LOOK_UPS, lambda tables: tables.scan(after, limit), _never)

    def watch(self, changed: Callable[[Sequence[AOR]], None]) -> None:
        """Nobody else writes here: the file is locked."""

    def note(self, name: str) -> str | None:
        """What was noted last under *name*.  :raises StoreUnavailable: it can't be read."""
        return self._read(lambda tables: tables.notes.read(name))

    def keep_note(self, name: str, text: str) -> Deferred[None]:
        """Note *text*; fires when the disk has it."""
        return self._do(COMMITS, lambda tables: tables.notes.write(name, text), _always)

    def read(self, aor: AOR) -> Record | None:
        """The record of *aor*, beside whoever has the file open.  :raises ConfigErrors: can't."""
        return read_record(self._path, aor)

    async def _claim(self, before: float, limit: int, lease: float) -> Sequence[Record]:
        """Claim in several goes, between which commits get their turn."""
        found: list[tuple[float, Record]] = []

        def claim(tables: Tables) -> Claim:
            return tables.claim(before, limit - len(found), lease)

        for _ in range(_GOES):
            try:
                claimed = await self._do(CLAIMS, claim, lambda claimed: bool(claimed.found))
            except StoreUnavailable:
                if found:
                    break  # they are claimed already
                raise
            found += claimed.found
            if not claimed.more or len(found) >= limit:
                break
        found.sort(key=lambda each: (each[0], each[1].aor))  # who was put off had its old place
        return [record for _, record in found]

    def _read(self, look: Callable[[Tables], T]) -> T:
        if self._open is None:
            raise _closed()
        try:
            return look(self._open.read)
        except sqlite3.Error as error:
            raise self._unavailable(LOOK_UPS, error) from None

    def _do(self, work: str, job: Callable[[Tables], T], wrote: Callable[[T], bool]) -> Deferred[T]:
        """
        Have the thread do *job*.

        :param wrote: whether its result means that something was written.
        """
        opened = self._open
        if opened is None:
            return fail(_closed())

        def went_well(result: T) -> T:
            if wrote(result):
                self._outages.wrote(work)
            return result

        done = opened.thread.do(lambda: job(opened.write))
        return done.addCallbacks(went_well, self._went_wrong, errbackArgs=(work,))

    def _went_wrong(self, failure: Failure, work: str) -> Failure:
        if isinstance(failure.value, sqlite3.Error):
            raise self._unavailable(work, failure.value) from None
        return failure

    def _checkpointed(self, error: sqlite3.Error | None) -> None:
        if error is None:
            self._outages.wrote(CHECKPOINTS)
        else:
            self._outages.failed(CHECKPOINTS, error)

    def _unavailable(self, work: str, error: sqlite3.Error) -> StoreUnavailable:
        self._outages.failed(work, error)
        return _out_of_reach()


def _never(_: object) -> bool:
    return False


def _always(_: object) -> bool:
    return True


def _out_of_reach() -> StoreUnavailable:
    return StoreUnavailable("Registrations Are Out Of Reach", [_RETRY_AFTER])


def _closed() -> StoreUnavailable:
    return StoreUnavailable("Registrations Are Not Open", [_RETRY_AFTER])
