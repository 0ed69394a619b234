"""Tests for :mod:`sippn.containment.store`: what is said of commits is true."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from sippn.binding import Change
from sippn.containment import ContainedStore
from sippn.errors import StoreUnavailable
from sippn.interfaces import IBindingStore
from sippn.storage.memory import MemoryStore
from sippn.testing.contracts import BindingStoreContract
from sippn.testing.contracts.records import ALICE, BOB, VERSION, record
from sippn.testing.results import failed, succeeded
from sippn.testing.stores import HandStore
from tests.containment.conftest import Blamed
from tests.containment.wicked import Mind, Wickedness, WickedStore

NAME = "sippn.testing.stores.HandStore"
WRITE = Change(record(ALICE, VERSION), 0)


class TestContainedStore(BindingStoreContract):
    """It changes nothing about a store that does as it should."""

    def make_store(self) -> IBindingStore:
        """One in memory."""
        return ContainedStore(MemoryStore(), Clock())


def _given_up() -> tuple[HandStore, ContainedStore, Clock]:
    """A store that did not answer a commit in time."""
    clock, store = Clock(), HandStore()
    contained = ContainedStore(store, clock)
    asked = contained.commit([WRITE])
    clock.advance(9.9)
    clock.advance(0.1)
    failed(asked, StoreUnavailable)  # type: ignore[arg-type] # it came as a Deferred
    return store, contained, clock


def test_no_commit_is_begun_before_the_last_one_has_ended(blamed: Blamed) -> None:
    """D1: nobody knows what of it will be written; one batch is in flight at a time."""
    store, contained, _ = _given_up()
    with pytest.raises(StoreUnavailable) as caught:
        contained.commit([Change(record(BOB), 0)])
    assert caught.value.headers == (("Retry-After", "5"),)
    assert store.asked == [[ALICE]]
    assert blamed() == [f"{NAME} did not answer commit within 10 s"]


def test_what_was_written_late_is_there_for_the_next_one(blamed: Blamed) -> None:
    """Its author tries again, reads it, and goes on from that; nothing is written twice."""
    store, contained, clock = _given_up()
    store.answer()
    assert contained.load(ALICE) == WRITE.record
    asked = contained.commit([WRITE])
    store.answer()
    assert succeeded(asked) == [ALICE]  # type: ignore[arg-type] # it lost: it is there
    clock.advance(60)
    store.batches.clear()
    asked = contained.commit([WRITE])
    clock.advance(10)
    failed(asked, StoreUnavailable)  # type: ignore[arg-type] # it came as a Deferred
    assert len(blamed()) == 2


def test_what_failed_late_is_over(blamed: Blamed) -> None:
    """A failure that nobody waits for ends the outage as well, and is no unhandled one."""
    store, contained, _ = _given_up()
    store.refuse(Wickedness())
    asked = contained.commit([WRITE])
    store.answer()
    assert succeeded(asked) == []  # type: ignore[arg-type] # it came as a Deferred
    assert len(blamed()) == 1


@pytest.mark.parametrize("answer", [None, [WRITE], [BOB], ALICE, {ALICE: 1}, 0])
def test_losers_that_are_none_are_no_answer(answer: object, blamed: Blamed) -> None:
    """D1: who answers with changes, or forgets to answer, may have written nothing."""
    store = WickedStore(mind=Mind(Clock(), "commit", lambda _, __: answer))
    with pytest.raises(StoreUnavailable):
        ContainedStore(store, Clock()).commit([WRITE])
    assert len(blamed()) == 1


def test_record_of_somebody_else_is_no_answer(blamed: Blamed) -> None:
    """Nobody is called in another one's place."""
    store = WickedStore(mind=Mind(Clock(), "load", lambda _, __: record(BOB)))
    with pytest.raises(StoreUnavailable):
        ContainedStore(store, Clock()).load(ALICE)
    assert len(blamed()) == 1


def test_store_that_says_what_is_wrong_is_not_blamed(blamed: Blamed) -> None:
    """It keeps its promise, its own words and its own Retry-After."""
    store = HandStore()
    asked = ContainedStore(store, Clock()).commit([WRITE])
    store.refuse(StoreUnavailable("Disk Full", [("Retry-After", "60")]))
    error = failed(asked, StoreUnavailable)  # type: ignore[arg-type] # it came as a Deferred
    assert (str(error), error.headers) == ("Disk Full", (("Retry-After", "60"),))
    assert blamed() == []


def test_commit_that_is_answered_in_time_leaves_no_timer() -> None:
    """Thousands a second do."""
    clock, store = Clock(), HandStore()
    ContainedStore(store, clock).commit([WRITE])
    store.answer()
    assert clock.getDelayedCalls() == []
