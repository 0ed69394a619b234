"""The memory store: the contract of all stores, and what is its own."""

from __future__ import annotations

import gc
from typing import ClassVar

from attrs import define
from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from sippn.binding import Binding, Change, PushTarget, Record
from sippn.interfaces import IBindingStore
from sippn.storage.memory import MemoryStore
from sippn.testing.contracts import BindingStoreContract, DurableStoreContract
from sippn.testing.results import succeeded


class TestMemoryStore(BindingStoreContract):
    """It keeps the contract of every store."""

    def make_store(self) -> IBindingStore:
        """An empty one."""
        return MemoryStore()


@define(eq=False, repr=False)
class KeptStore(MemoryStore):
    """A store that outlives its owner."""

    durable: ClassVar[bool] = True


class TestKeptStore(DurableStoreContract):
    """The contract asks a durable store more."""

    def make_store(self) -> IBindingStore:
        """An empty one."""
        return KeptStore()

    def reopen_store(self, store: IBindingStore) -> IBindingStore:
        """It is all still there."""
        return store

    def recover_store(self, store: IBindingStore) -> IBindingStore:
        """And nobody can kill it."""
        return store


def _record(number: int, due_at: float = 1000.0) -> Record:
    target = PushTarget("acme", "", f"prid-{number}")
    bound = Binding(f"b{number}", "sip:a@h", "flow", due_at, 0.0, "c", 1, push_target=target)
    return Record(f"sip:{number:06d}@h", 1, (bound,), due_at, frozenset([b"%d" % number]))


def _filled(size: int) -> MemoryStore:
    store = MemoryStore()
    for number in range(size):
        store.commit([Change(_record(number), 0)])
    return store


def test_reads_are_values() -> None:
    """A look-up in memory needs no Deferred."""
    store = _filled(1)
    assert store.load("sip:000000@h") == _record(0)
    assert not isinstance(store.find(b"0"), Deferred)
    assert verifyObject(IBindingStore, store)
    assert not store.durable


def test_what_is_held_is_nothing_to_the_garbage_collector() -> None:
    """DESIGN 6: a full collection must not walk every binding that is held."""
    gc.collect()
    before = len(gc.get_objects())
    store = _filled(2000)
    gc.collect()
    assert len(gc.get_objects()) - before < 200
    assert succeeded(store.scan("", 3))[2] == _record(2)


def test_repr_shows_no_prid() -> None:
    """A11: a store in a traceback prints nothing of what it holds."""
    assert "prid" not in repr(_filled(1))


def test_deletion_leaves_nothing_behind() -> None:
    """E6: what is gone costs nothing."""
    store = _filled(500)
    for number in range(500):
        store.commit([Change(Record(_record(number).aor, 2, (), None), 1)])
    assert len(store._records) == 0
    assert len(store._index) == 0
    assert succeeded(store.due(2000, 10, 30)) == []
    assert len(store._due) == 0
