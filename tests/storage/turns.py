"""A reactor that only takes calls from threads, and SQLite stores on it."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from zope.interface import implementer

from sippn.binding import Change, Record
from sippn.storage.sqlite import SQLiteStore
from sippn.testing.results import succeeded

T = TypeVar("T")

_PATIENCE = 20.0  # seconds until a thread counts as stuck


@implementer(IReactorFromThreads)
@define(eq=False)
class Turns:
    """Calls of other threads, made when the test waits for one of them."""

    _calls: SimpleQueue[Callable[[], None]] = field(factory=SimpleQueue, init=False)

    def callFromThread(
        self,
        callable: Callable[..., Any],  # noqa: A002 - the interface calls it so
        *args: object,
        **kwargs: object,
    ) -> None:
        """Keep it for the thread that waits."""
        self._calls.put(lambda: callable(*args, **kwargs))

    def settle(self, result: Awaitable[T]) -> Deferred[T]:
        """Make calls until *result* is there, whatever it is."""
        deferred = result if isinstance(result, Deferred) else _deferred(result)
        while not deferred.called:
            self._calls.get(timeout=_PATIENCE)()
        return deferred

    def wait(self, result: Awaitable[T]) -> T:
        """The value of *result*."""
        return succeeded(self.settle(result))


@define(eq=False)
class Opened:
    """Stores that a test has started."""

    turns: Turns
    _stores: list[SQLiteStore] = field(factory=list, init=False)

    def __call__(self, path: Path) -> SQLiteStore:
        """Open the one at *path*, which gives up soon where it has to wait."""
        store = SQLiteStore(str(path), self.turns, patience=0.05)
        store.startService()
        self._stores.append(store)
        return store

    def close(self) -> None:
        """Close them all, once or twice."""
        for store in self._stores:
            self.turns.wait(store.stopService())


def _deferred(result: Awaitable[T]) -> Deferred[T]:
    async def awaited() -> T:
        return await result

    return Deferred.fromCoroutine(awaited())


def rows(path: Path, table: str) -> list[Any]:
    """All that another program sees in *table*."""
    connection = sqlite3.connect(path)
    try:
        return connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - a test's
    finally:
        connection.close()


def put(turns: Turns, store: SQLiteStore, *records: Record) -> None:
    """Store new records."""
    assert turns.wait(store.commit([Change(r, 0) for r in records])) == []


def written(path: Path, statement: str) -> None:
    """What befell the file."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute(statement)
    finally:
        connection.close()
