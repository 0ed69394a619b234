"""
A store in one file that only grows: a line of JSON for each commit.

All records are in memory, so it suits a company and not a country. When it starts, the file
is written anew without what is over.
"""

from __future__ import annotations

import heapq
import json
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredLock, succeed
from twisted.internet.threads import deferToThreadPool
from zope.interface import implementer

from sippn.binding import AOR, Change, Record, read_record, write_record
from sippn.errors import ConfigErrors, StoreUnavailable
from sippn.interfaces import IBindingStore, Maybe

Elsewhere: TypeAlias = Callable[[Callable[[], None]], Deferred[None]]


def in_a_thread(reactor: Any) -> Elsewhere:
    """Do what takes time away from the reactor, in a thread of its pool."""
    return lambda work: deferToThreadPool(reactor, reactor.getThreadPool(), work)


@implementer(IBindingStore)
class Journal(Service):
    """
    Records in a journal.

    A commit is on the disk before it is answered. Look-ups are answered at once.
    """

    durable = True

    def __init__(self, path: str, elsewhere: Elsewhere) -> None:
        """Open nothing yet: twistd may still become a daemon."""
        self._path = Path(path)
        self._elsewhere = elsewhere
        self._writing = DeferredLock()
        self._file: File | None = None
        self._records: dict[AOR, Record] = {}
        self._carriers: dict[bytes, set[AOR]] = {}
        self._due: dict[AOR, float] = {}  # or the end of its lease
        self._agenda: list[tuple[float, AOR]] = []  # a heap; what is not in _due is over

    def startService(self) -> None:
        """Read the file.  :raises ConfigErrors: it cannot be used."""
        try:
            for records in read_journal(self._path):
                self._apply(records)
            everything = [list(map(write_record, self._records.values()))]
            self._file = File(self._path, everything if self._records else [])
        except (OSError, ValueError) as error:
            raise ConfigErrors(
                [("storage.path", f"{self._path} cannot be used: {error}")]
            ) from None
        super().startService()

    def stopService(self) -> Deferred[None]:
        """Close the file, when the last commit is written."""
        super().stopService()
        file, self._file = self._file, None
        if file is None:
            return succeed(None)
        closed: Deferred[None] = self._writing.run(self._elsewhere, file.close)
        return closed

    def load(self, aor: AOR) -> Record | None:
        """Read one record."""
        return self._records.get(aor)

    def find(self, key: bytes) -> Sequence[AOR]:
        """The AORs whose record carries *key*."""
        return list(self._carriers.get(key, ()))

    def commit(self, changes: Sequence[Change]) -> Maybe[Sequence[AOR]]:
        """
        Compare and swap; fires when the disk has it.

        :raises StoreUnavailable: nothing is written.
        """
        if self._file is None:
            raise StoreUnavailable("Registrations Are Closed", [("Retry-After", "5")])
        won = [change.record for change in changes if self._is_current(change)]
        lost = [change.record.aor for change in changes if not self._is_current(change)]
        return self._committed(self._file, won, lost) if won else lost

    def due(self, before: float, limit: int, lease: float) -> Deferred[Sequence[Record]]:
        """Claim what is due; a lease does not outlive the process, nor need it."""
        claimed: list[AOR] = []
        while self._agenda and self._agenda[0][0] < before and len(claimed) < limit:
            when, aor = heapq.heappop(self._agenda)
            if self._due.get(aor) == when:  # or it was put off since
                claimed.append(aor)
                self._is_due(aor, before + lease)
        return succeed([self._records[aor] for aor in claimed])

    def scan(self, after: AOR, limit: int) -> Deferred[Sequence[Record]]:
        """The next *limit* records in AOR order."""
        page = heapq.nsmallest(limit, (aor for aor in self._records if aor > after))
        return succeed([self._records[aor] for aor in page])

    def watch(self, changed: Callable[[Sequence[AOR]], None]) -> None:
        """Nobody else writes here."""

    async def _committed(
        self, file: File, won: Sequence[Record], lost: Sequence[AOR]
    ) -> Sequence[AOR]:
        append = partial(file.append, [write_record(record) for record in won])
        try:
            await self._writing.run(self._elsewhere, append)
        except OSError:
            later = [("Retry-After", "5")]
            raise StoreUnavailable("Registrations Cannot Be Written", later) from None
        self._apply(won)
        return lost

    def _is_current(self, change: Change) -> bool:
        stored = self._records.get(change.record.aor)
        return change.expected == (stored.version if stored else 0)

    def _apply(self, records: Sequence[Record]) -> None:
        for record in records:
            old = self._records.pop(record.aor, None)
            self._due.pop(record.aor, None)
            for key in old.keys if old else ():
                self._carriers[key].discard(record.aor)
                if not self._carriers[key]:
                    del self._carriers[key]
            if record.idle:
                continue
            self._records[record.aor] = record
            for key in record.keys:
                self._carriers.setdefault(key, set()).add(record.aor)
            if record.due_at is not None:
                self._is_due(record.aor, record.due_at)

    def _is_due(self, aor: AOR, when: float) -> None:
        self._due[aor] = when
        heapq.heappush(self._agenda, (when, aor))


class File:
    """A file of lines, each of which is there as a whole or not at all."""

    def __init__(self, path: Path, lines: Sequence[object]) -> None:
        """Put one with *lines* in the place of what is at *path*."""
        draft = path.with_name(f"{path.name}.new")
        self._file = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)  # it has PRIDs
        self._size = 0
        for line in lines:
            self.append(line)
        draft.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def append(self, line: object) -> None:
        """Write *line* to the disk.  :raises OSError: it is not there."""
        octets = json.dumps(line).encode() + b"\n"
        try:
            self._write(octets)
        except OSError:
            os.ftruncate(self._file, self._size)
            raise
        self._size += len(octets)

    def close(self) -> None:
        """Close it."""
        os.close(self._file)

    def _write(self, octets: bytes) -> None:
        os.ftruncate(self._file, self._size)  # what a write left behind that failed
        written = 0
        while written < len(octets):
            written += os.pwrite(self._file, octets[written:], self._size + written)
        os.fsync(self._file)


def read_journal(path: Path) -> Iterator[list[Record]]:
    """
    What was committed to the file at *path*; nothing, if there is none.

    The last line is left out where it has no end: nobody was told that it is written.

    :raises ValueError: another one cannot be read.
    """
    *lines, _ = path.read_bytes().split(b"\n") if path.exists() else [b""]
    for number, line in enumerate(lines, 1):
        try:
            yield [read_record(written) for written in json.loads(line)]
        except (ValueError, TypeError):
            raise ValueError(f"line {number} is damaged") from None
