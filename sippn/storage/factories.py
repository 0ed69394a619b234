"""
The stores that come with sippn, as their plugins: light to import, for the listing of
plugins imports them all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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


def _memory_store(_: Surroundings) -> IBindingStore:
    from sippn.storage.memory import MemoryStore  # noqa: PLC0415 - imported when it is used

    return MemoryStore()
