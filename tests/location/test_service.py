"""The location service: queues, group commit, lost races, failures."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from sippn.binding import AOR, Binding, Decision, Record
from sippn.errors import Forbidden, StoreUnavailable
from sippn.interfaces import Maybe
from sippn.location import LocationService
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


# one update


def test_decision_comes_when_it_is_committed(location: LocationService, store: HandStore) -> None:
    """Commit, then 200: never the other way round."""
    update = location.update(ALICE, adding(ALICE))
    assert not update.called
    assert store.batches[0][0][0].expected == 0
    store.answer()
    assert succeeded(update).record == store.stored(ALICE)


def test_expected_is_the_version_that_was_read(location: LocationService, store: HandStore) -> None:
    """Compare and swap."""
    store.overwrite(Record(ALICE, 7, (), T0))
    location.update(ALICE, adding(ALICE))
    assert store.batches[0][0][0].expected == 7


def test_decision_that_stores_nothing_commits_nothing(
    location: LocationService, store: HandStore, clock: Clock, told: list[tuple[AOR, Decision]]
) -> None:
    """A query is answered at once, and is no news."""
    assert succeeded(location.update(ALICE, nothing)) == Decision(None)
    assert store.batches == []
    assert clock.getDelayedCalls() == []


def test_what_a_rule_raises_comes_out(location: LocationService, store: HandStore) -> None:
    """The author of a refused REGISTER gets the refusal, and the next one its turn."""

    def refuse(record: Record | None) -> Decision:
        raise Forbidden("no")

    first, second = location.update(ALICE, refuse), location.update(ALICE, nothing)
    failed(first, Forbidden)
    succeeded(second)


def test_decision_about_another_aor_is_refused(location: LocationService) -> None:
    """Its order against that AOR's own updates would be lost."""
    failed(location.update(ALICE, adding(BOB)), ValueError)


@pytest.mark.parametrize("kind", ["value", "deferred", "coroutine"])
def test_load_may_answer_as_it_likes(
    location: LocationService, store: HandStore, kind: str
) -> None:
    """A result is a value, a Deferred or a coroutine."""

    async def coroutine(record: Record | None) -> Record | None:
        return record

    readings: dict[str, Callable[[Record | None], Maybe[Record | None]]] = {
        "value": lambda record: record,
        "deferred": succeed,
        "coroutine": coroutine,
    }
    store.reading = readings[kind]
    update = location.update(ALICE, adding(ALICE))
    store.answer()
    assert succeeded(update).record == store.stored(ALICE)
    bindings = succeeded(Deferred.fromCoroutine(location.bindings(ALICE)))
    assert [b.id for b in bindings] == ["b"]


def test_store_that_cannot_be_read(location: LocationService, store: HandStore) -> None:
    """The author hears it; the AOR is not stuck."""
    store.reading = lambda _: fail(StoreUnavailable("down"))
    failed(location.update(ALICE, nothing), StoreUnavailable)
    store.reading = lambda record: record
    succeeded(location.update(ALICE, nothing))


def test_bindings_are_those_that_live(location: LocationService, store: HandStore) -> None:
    """S-02: what has expired is never seen, but a rule sees the record as it is."""
    old = Binding("old", "sip:a@h", "f", T0, T0 - 60, "c", 1)
    live = evolve(old, id="live", expires_at=T0 + 1)
    store.overwrite(Record(ALICE, 1, (old, live), T0))
    assert succeeded(Deferred.fromCoroutine(location.bindings(ALICE))) == (live,)
    seen: list[int] = []
    location.update(ALICE, adding(ALICE, seen=seen))
    assert seen == [2]
    assert location.load(BOB) is None


# what the caller has read


def counted(store: HandStore) -> list[Record | None]:
    """What is read, from now on."""
    reads: list[Record | None] = []

    def read(record: Record | None) -> Record | None:
        reads.append(record)
        return record

    store.reading = read
    return reads


def test_what_its_author_has_read_is_not_read_again(
    location: LocationService, store: HandStore
) -> None:
    """DESIGN 6: the registrar has read it, for the grant."""
    store.overwrite(Record(ALICE, 7, (), T0))
    seen = store.stored(ALICE)
    reads = counted(store)
    update = location.update(ALICE, adding(ALICE), seen)
    store.answer()
    assert succeeded(update).record == store.stored(ALICE)
    assert store.batches[0][0][0].expected == 7
    fresh = location.update(BOB, adding(BOB), None)
    assert store.batches[0][0][0].expected == 7
    assert not fresh.called
    assert reads == []


def test_what_was_overwritten_since_is_read_and_decided_anew(
    location: LocationService, store: HandStore, clock: Clock
) -> None:
    """C1: the commit proves what the author has seen; here it was wrong."""
    store.overwrite(Record(ALICE, 7, (), T0))
    stale = store.stored(ALICE)
    theirs = adding(ALICE, "theirs")(stale).record
    assert theirs is not None
    store.overwrite(theirs)
    update = location.update(ALICE, adding(ALICE, "ours"), stale)
    store.answer()
    clock.advance(0)
    store.answer()
    record = succeeded(update).record
    assert record is not None
    assert [b.id for b in record.bindings] == ["theirs", "ours"]


@pytest.mark.parametrize("on_none", [Forbidden("no"), Decision(None)])
def test_refusal_of_what_was_overwritten_does_not_count(
    location: LocationService, store: HandStore, on_none: Exception | Decision
) -> None:
    """Nothing is committed then, so nothing has proved that it was still true."""

    def decide(record: Record | None) -> Decision:
        if record is not None:
            return adding(ALICE)(record)
        if isinstance(on_none, Exception):
            raise on_none
        return on_none

    store.overwrite(Record(ALICE, 7, (), T0))
    update = location.update(ALICE, decide, None)
    store.answer()
    assert succeeded(update).record == store.stored(ALICE)


def test_who_waits_is_told_what_was_written_meanwhile(
    location: LocationService, store: HandStore, clock: Clock
) -> None:
    """What he had read is old by then, and no race is run for it."""
    seen: list[int] = []
    location.update(ALICE, adding(ALICE, "b1", seen), None)
    second = location.update(ALICE, adding(ALICE, "b2", seen), None)
    store.answer()
    clock.advance(0)
    store.answer()
    succeeded(second)
    assert seen == [0, 1]
    assert len(store.batches) == 2


# queues and batches


def test_updates_of_one_aor_wait_for_each_other(
    location: LocationService, store: HandStore, clock: Clock
) -> None:
    """RFC 3261 section 10.3: in the order in which they are received; each sees the last."""
    seen: list[int] = []
    updates = [location.update(ALICE, adding(ALICE, f"b{n}", seen)) for n in range(3)]
    assert seen == [0]
    store.answer()
    clock.advance(0)
    assert seen == [0, 1]
    store.answer()
    clock.advance(0)
    store.answer()
    clock.advance(0)
    assert seen == [0, 1, 2]
    assert [b.id for b in store.stored(ALICE).bindings] == ["b0", "b1", "b2"]
    assert [succeeded(u).registered[0].id for u in updates] == ["b0", "b1", "b2"]
    assert store.asked == [[ALICE]] * 3
    assert location._waiting == {}


def test_next_commit_takes_all_that_queued(
    location: LocationService, store: HandStore, clock: Clock
) -> None:
    """Group commit: one in flight, an AOR at most once in it."""
    for aor in (ALICE, BOB, CAROL, BOB, ALICE):
        location.update(aor, adding(aor))
    assert store.asked == [[ALICE]]
    store.answer()
    clock.advance(0)
    assert store.asked == [[ALICE], [BOB, CAROL, ALICE]]
    store.answer()
    clock.advance(0)
    assert store.asked == [[ALICE], [BOB, CAROL, ALICE], [BOB]]
    store.answer()
    clock.advance(0)
    assert len(store.batches) == 3


def test_what_comes_in_one_turn_goes_together(
    location: LocationService, store: HandStore, clock: Clock
) -> None:
    """DESIGN 6: where a store takes its time, the first of a crowd does not go alone."""
    location.update(ALICE, adding(ALICE))
    store.answer()
    for aor in (ALICE, BOB, CAROL):
        location.update(aor, adding(aor))
    assert store.asked == [[ALICE]]
    clock.advance(0)
    assert store.asked == [[ALICE], [ALICE, BOB, CAROL]]


def test_reads_do_not_wait_for_commits(location: LocationService, store: HandStore) -> None:
    """A slow flush delays writers only."""
    location.update(ALICE, adding(ALICE))
    succeeded(location.update(BOB, nothing))
    assert succeeded(Deferred.fromCoroutine(location.bindings(ALICE))) == ()


# lost races


def test_lost_race_is_decided_again(
    location: LocationService, store: HandStore, clock: Clock, told: list[tuple[AOR, Decision]]
) -> None:
    """DESIGN 3: another node was faster; the same rule sees what that node wrote."""
    seen: list[int] = []
    lost = location.update(ALICE, adding(ALICE, "ours", seen))
    theirs = adding(ALICE, "theirs")(None).record
    assert theirs is not None
    store.overwrite(evolve(theirs, version=9))
    store.answer()
    clock.advance(0)
    assert not lost.called
    assert store.batches[1][0][0].expected == 9
    store.answer()
    assert seen == [0, 1]
    record = succeeded(lost).record
    assert record is not None
    assert [b.id for b in record.bindings] == ["theirs", "ours"]
    clock.advance(0)
    assert [decision.record for _, decision in told] == [record]


def test_loser_does_not_hold_the_others_back(
    location: LocationService, store: HandStore, clock: Clock
) -> None:
    """Those of the batch that won are answered."""
    location.update(CAROL, adding(CAROL))
    alice, bob = location.update(ALICE, adding(ALICE)), location.update(BOB, adding(BOB))
    store.answer()
    clock.advance(0)
    store.overwrite(Record(ALICE, 9, (), T0))
    store.answer()
    clock.advance(0)
    succeeded(bob)
    assert not alice.called
    assert store.asked[-1] == [ALICE]


def test_who_always_loses_gives_up(
    location: LocationService, store: HandStore, clock: Clock
) -> None:
    """Six tries, then 500 with Retry-After."""
    update = location.update(ALICE, adding(ALICE))
    for version in range(100, 106):
        assert not update.called
        store.overwrite(Record(ALICE, version, (), T0))
        store.answer()
        clock.advance(0)
    error = failed(update, StoreUnavailable)
    assert error.status == 500
    assert [name for name, _ in error.headers] == ["Retry-After"]
    assert len(store.batches) == 6


# a store that is down


def test_failed_commit_fails_all_its_authors(
    location: LocationService, store: HandStore, clock: Clock, told: list[tuple[AOR, Decision]]
) -> None:
    """RFC 3261 section 10.3, step 7: 500, and nobody is told of what is not stored."""
    location.update(CAROL, adding(CAROL))
    updates = [location.update(aor, adding(aor)) for aor in (ALICE, BOB)]
    store.answer()
    clock.advance(0)
    told.clear()
    store.refuse(StoreUnavailable("disk full"))
    for update in updates:
        failed(update, StoreUnavailable)
    clock.advance(1)
    assert told == []
    recovered = location.update(ALICE, adding(ALICE))
    clock.advance(0)
    store.answer()
    succeeded(recovered)


def test_who_waits_behind_a_failed_commit_gets_his_turn(
    location: LocationService, store: HandStore, clock: Clock
) -> None:
    """E2: it recovers by itself."""
    first, second = location.update(ALICE, adding(ALICE)), location.update(ALICE, adding(ALICE))
    store.refuse(StoreUnavailable("disk full"))
    failed(first, StoreUnavailable)
    clock.advance(0)
    store.answer()
    succeeded(second)


def test_store_that_breaks_its_word(
    location: LocationService, store: HandStore, clock: Clock
) -> None:
    """A plugin's bug costs its authors a 500 and the server nothing."""
    update = location.update(ALICE, adding(ALICE))
    store.refuse(ZeroDivisionError())
    failed(update, ZeroDivisionError)
    again = location.update(ALICE, adding(ALICE))
    clock.advance(0)
    store.answer()
    succeeded(again)
