"""A binding store that forgets: for tests, for trials, and for who replicates elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from attrs import define, field
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from sippn.binding import AOR, Change, Record
from sippn.interfaces import IBindingStore
from sippn.storage.due import DueQueue
from sippn.storage.frozen import freeze, stamp, thaw
from sippn.storage.index import KeyIndex
from sippn.storage.order import AOROrder


@implementer(IBindingStore)
@define(eq=False, repr=False)
class MemoryStore:
    """
    Records in this process; a restart loses them all.

    :ivar _records: frozen, so that the garbage collector has nothing to walk.
    """

    durable: ClassVar[bool] = False
    _records: dict[AOR, bytes] = field(factory=dict, init=False)
    _index: KeyIndex = field(factory=KeyIndex, init=False)
    _due: DueQueue = field(factory=DueQueue, init=False)
    _order: AOROrder = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._order = AOROrder(self._records)

    def load(self, aor: AOR) -> Record | None:
        """Read one record."""
        frozen = self._records.get(aor)
        return None if frozen is None else thaw(aor, frozen)

    def find(self, key: bytes) -> Sequence[AOR]:
        """The AORs whose record carries *key*."""
        return self._index.find(key)

    def commit(self, changes: Sequence[Change]) -> Deferred[Sequence[AOR]]:
        """Compare and swap; the AORs that lost are untouched."""
        return succeed([c.record.aor for c in changes if not self._swap(c)])

    def due(self, before: float, limit: int, lease: float) -> Deferred[Sequence[Record]]:
        """Claim what is due; *before* is the time that a lease counts from."""
        claimed = self._due.claim(before, limit, lease)
        return succeed([thaw(aor, self._records[aor]) for aor in claimed])

    def scan(self, after: AOR, limit: int) -> Deferred[Sequence[Record]]:
        """The next *limit* records in AOR order."""
        page = self._order.after(after, limit)
        return succeed([thaw(aor, self._records[aor]) for aor in page])

    def watch(self, changed: Callable[[Sequence[AOR]], None]) -> None:
        """Nobody else writes here."""

    def _swap(self, change: Change) -> bool:
        record = change.record
        aor = record.aor
        old = self._records.get(aor)
        version, keys = stamp(old) if old is not None else (0, ())
        if version != change.expected:
            return False
        if record.idle:
            self._records.pop(aor, None)
            self._index.move(aor, keys, ())
        else:
            self._records[aor] = freeze(record)
            self._index.move(aor, keys, record.keys)
            if old is None:
                self._order.add(aor)
        self._due.set(aor, record.due_at)
        return True
