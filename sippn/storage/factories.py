"""
The stores that come with sippn, as their plugins: light to import, for the listing of
plugins imports them all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import ClassVar

from attrs import frozen
from twisted.plugin import IPlugin
from zope.interface import Interface, implementer

from sippn.errors import ConfigErrors
from sippn.interfaces import IBindingStore, IFactory, Surroundings


@implementer(IPlugin, IFactory)
@frozen
class MemoryStoreFactory:
    """``type = "memory"``: takes no further keys."""

    makes: ClassVar[type[Interface]] = IBindingStore
    prefix: ClassVar[str] = "memory"
    help: ClassVar[str] = "Keeps bindings in this process; a restart forgets them."

    def parse(self, table: Mapping[str, object]) -> Callable[[Surroundings], IBindingStore]:
        """
        Check that *table* is empty.

        :raises ConfigErrors: it is not.
        """
        if table:
            what = 'the memory storage takes no such key: remove it, or choose another "type"'
            raise ConfigErrors([(key, what) for key in table])
        return _memory_store


@implementer(IPlugin, IFactory)
@frozen
class SQLiteStoreFactory:
    """``type = "sqlite"``: *path*, the file to keep them in."""

    makes: ClassVar[type[Interface]] = IBindingStore
    prefix: ClassVar[str] = "sqlite"
    help: ClassVar[str] = "Keeps bindings in a file; what was answered survives kill -9."

    def parse(self, table: Mapping[str, object]) -> Callable[[Surroundings], IBindingStore]:
        """
        Check that *table* names a file and nothing else; it is opened when the server starts.

        :raises ConfigErrors: it does not.
        """
        problems = [
            (key, 'the sqlite storage takes no such key but "path": remove it')
            for key in table
            if key != "path"
        ]
        path = table.get("path")
        if not isinstance(path, str) or not path or "\0" in path:
            problems.append(("path", 'must name the file to keep bindings in, as "sippn.db"'))
        if problems:
            raise ConfigErrors(problems)
        return partial(_sqlite_store, str(path))


def _memory_store(_: Surroundings) -> IBindingStore:
    from sippn.storage.memory import MemoryStore  # noqa: PLC0415 - imported when it is used

    return MemoryStore()


def _sqlite_store(path: str, surroundings: Surroundings) -> IBindingStore:
    from sippn.storage.sqlite import SQLiteStore  # noqa: PLC0415 - imported when it is used

    return SQLiteStore(path, surroundings.reactor)
