"""A binding store that forgets: for tests, for trials, and for who replicates elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from attrs import define, field
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from sippn.binding import AOR, Change, Record
from sippn.interfaces import IBindingStore, Maybe
from sippn.storage.due import DueQueue
from sippn.storage.frozen import freeze, keys_of, same_keys, stamp, thaw
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
    _due: DueQueue = field(init=False)
    _order: AOROrder = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._due = DueQueue(self._due_at)
        self._order = AOROrder(self._records)

    def load(self, aor: AOR) -> Record | None:
        """Read one record."""
        frozen = self._records.get(aor)
        return None if frozen is None else thaw(aor, frozen)

    def find(self, key: bytes) -> Sequence[AOR]:
        """The AORs whose record carries *key*."""
        return self._index.find(key)

    def commit(self, changes: Sequence[Change]) -> Maybe[Sequence[AOR]]:
        """Compare and swap; the AORs that lost are untouched."""
        return [c.record.aor for c in changes if not self._swap(c)]

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
        version, due_at = stamp(old) if old is not None else (0, None)
        if version != change.expected:
            return False
        if record.idle:
            self._records.pop(aor, None)
            self._index.move(aor, keys_of(old) if old is not None else (), ())
        else:
            self._put(record, old)
        self._due.move(aor, due_at, record.due_at)
        return True

    def _put(self, record: Record, old: bytes | None) -> None:
        aor = record.aor
        new = self._records[aor] = freeze(record)
        if old is None:
            self._order.add(aor)
            self._index.move(aor, (), record.keys)
        elif not same_keys(old, new):
            self._index.move(aor, keys_of(old), record.keys)

    def _due_at(self, aor: AOR) -> float | None:
        frozen = self._records.get(aor)
        return None if frozen is None else stamp(frozen)[1]
