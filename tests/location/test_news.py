"""The location service: who is told, when, and what a cancellation does."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import CancelledError
from twisted.internet.task import Clock
from twisted.logger import LogEvent

from sippn.binding import AOR, Binding, Decision, Record
from sippn.errors import StoreUnavailable
from sippn.location import LocationService
from sippn.storage.memory import MemoryStore
from sippn.testing.desk import T0
from sippn.testing.results import failed, succeeded
from sippn.testing.stores import HandStore

ALICE, BOB, CAROL = (f"sip:{name}@example.com" for name in ("alice", "bob", "carol"))


def adding(aor: AOR, name: str = "b", seen: list[int] | None = None) -> Callable[..., Decision]:
    """A rule that adds a binding, and notes how many it *seen*."""

    def decide(record: Record | None) -> Decision:
        bindings = record.bindings if record else ()
        if seen is not None:
            seen.append(len(bindings))
        added = Binding(name, "sip:a@h", "f", T0 + 60, T0, "c", 1)
        version = record.version + 1 if record else 1
        return Decision(Record(aor, version, (*bindings, added), None), (added,))

    return decide


def nothing(record: Record | None) -> Decision:
    """A rule that changes nothing."""
    return Decision(None)


def test_news_comes_a_turn_after_the_answer(
    location: LocationService, store: HandStore, clock: Clock, told: list[tuple[AOR, Decision]]
) -> None:
    """S-13 b: the 200 of the REGISTER has left before the INVITE that it releases."""
    order: list[str] = []
    location.subscribe(lambda aor, _: order.append(f"told {aor}"))
    location.update(CAROL, adding(CAROL))
    location.update(ALICE, adding(ALICE)).addCallback(lambda _: order.append(f"200 {ALICE}"))
    location.update(BOB, adding(BOB)).addCallback(lambda _: order.append(f"200 {BOB}"))
    store.answer()
    clock.advance(0)
    order.clear()
    store.answer()
    assert order == [f"200 {ALICE}", f"200 {BOB}"]
    clock.advance(0)
    assert order[2:] == [f"told {ALICE}", f"told {BOB}"]
    assert [aor for aor, _ in told] == [CAROL, ALICE, BOB]
    assert clock.getDelayedCalls() == []


def test_news_keeps_the_order_of_commits(clock: Clock) -> None:
    """Two commits in one turn: the second one's news does not come first."""
    location, told = LocationService(MemoryStore(), clock, lambda: T0), list[str]()
    location.subscribe(lambda _, decision: told.append(decision.registered[0].id))
    for name in ("first", "second"):
        succeeded(location.update(ALICE, adding(ALICE, name)))
    assert len(clock.getDelayedCalls()) == 1  # a reactor does not order calls of one time
    clock.advance(0)
    assert told == ["first", "second"]


def test_listener_that_raises_hurts_nobody(
    location: LocationService,
    store: HandStore,
    clock: Clock,
    nothing_fails_unseen: list[LogEvent],
) -> None:
    """It is logged; the other listeners hear it all the same."""
    told: list[AOR] = []

    def broken(aor: AOR, decision: Decision) -> None:
        raise ZeroDivisionError

    location.subscribe(broken)
    location.subscribe(lambda aor, _: told.append(aor))
    location.update(ALICE, adding(ALICE))
    store.answer()
    clock.advance(0)
    assert told == [ALICE]
    (event,) = nothing_fails_unseen
    assert event["aor"] == ALICE
    nothing_fails_unseen.clear()


def test_listener_may_write(clock: Clock) -> None:
    """What it writes is news of a later turn, not of the one it is told in."""
    location, told = LocationService(MemoryStore(), clock, lambda: T0), list[AOR]()
    heard: list[int] = []

    def also_bob(aor: AOR, _: Decision) -> None:
        if aor == ALICE:
            succeeded(location.update(BOB, adding(BOB)))
            heard.append(len(told))

    location.subscribe(lambda aor, _: told.append(aor))
    location.subscribe(also_bob)
    location.update(ALICE, adding(ALICE))
    clock.advance(0)
    assert heard == [1]
    clock.advance(0)
    assert told == [ALICE, BOB]


def test_news_of_a_batch_comes_before_what_its_authors_do_next(clock: Clock) -> None:
    """An author who writes again when he is called back does not overtake himself."""
    location, told = LocationService(MemoryStore(), clock, lambda: T0), list[str]()
    location.subscribe(lambda _, decision: told.append(decision.registered[0].id))
    again = location.update(ALICE, adding(ALICE, "first"))
    again.addCallback(lambda _: location.update(ALICE, adding(ALICE, "second")))
    succeeded(again)
    clock.advance(0)
    assert told == ["first", "second"]


# cancellation


def test_cancelled_while_it_waits(
    location: LocationService, store: HandStore, clock: Clock
) -> None:
    """It is withdrawn; who stands behind it moves up."""
    seen: list[int] = []
    first = location.update(ALICE, adding(ALICE, "b1", seen))
    second = location.update(ALICE, adding(ALICE, "b2", seen))
    third = location.update(ALICE, adding(ALICE, "b3", seen))
    second.cancel()
    failed(second, CancelledError)
    store.answer()
    clock.advance(0)
    store.answer()
    clock.advance(0)
    succeeded(first)
    assert [b.id for b in store.stored(ALICE).bindings] == ["b1", "b3"]
    assert succeeded(third).registered[0].id == "b3"
    assert seen == [0, 1]


def test_cancelled_while_it_is_written(
    location: LocationService, store: HandStore, clock: Clock, told: list[tuple[AOR, Decision]]
) -> None:
    """A commit can't be called back: it ends unseen, and is told, for it happened."""
    first, second = location.update(ALICE, adding(ALICE)), location.update(ALICE, nothing)
    first.cancel()
    failed(first, CancelledError)
    assert not second.called
    store.answer()
    succeeded(second)
    clock.advance(0)
    assert [aor for aor, _ in told] == [ALICE]


def test_cancelled_and_then_failed(location: LocationService, store: HandStore) -> None:
    """A failure that nobody waits for any more is not logged as unhandled."""
    update = location.update(ALICE, adding(ALICE))
    update.cancel()
    failed(update, CancelledError)
    store.refuse(StoreUnavailable("down"))
    succeeded(location.update(ALICE, nothing))


def test_nothing_is_kept_of_what_is_done(
    location: LocationService, store: HandStore, clock: Clock
) -> None:
    """E6: no queue is left behind."""
    for number in range(100):
        aor = f"sip:{number}@example.com"
        location.update(aor, adding(aor))
    store.answer()
    clock.advance(0)
    store.answer()
    clock.advance(0)
    assert location._waiting == {}
    assert location._group._queued == []
