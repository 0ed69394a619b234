"""What every binding store must do."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TypeVar

from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from sippn.binding import AOR, Binding, Change, Record
from sippn.interfaces import IBindingStore, settled
from sippn.testing.contracts.records import (
    ALICE,
    BOB,
    CAROL,
    NOON,
    VERSION,
    binding,
    nothing,
    record,
)
from sippn.testing.results import succeeded

T = TypeVar("T")


class BindingStoreContract:
    """
    The promises of :class:`~sippn.interfaces.IBindingStore`.

    The time of a store is what its callers pass: a lease that ``due(before, ...)`` gives
    lasts until some ``due(before + lease, ...)``, whatever the clock says.

    Override :meth:`make_store`; and where they apply :meth:`wait` and :meth:`close_store`.
    What is durable has a longer contract, :class:`.DurableStoreContract`.
    """

    store: IBindingStore

    def make_store(self) -> IBindingStore:
        """An empty store, started if it needs to be."""
        raise NotImplementedError

    def close_store(self, store: IBindingStore) -> None:
        """Give back what *store* holds: its threads, its connections, its file."""

    def wait(self, result: Awaitable[T]) -> T:
        """
        The value of *result*, a Deferred or a coroutine, which is there at once.

        A store that needs a running reactor overrides this, for instance with
        ``pytest_twisted.blockon``.
        """
        return succeeded(Deferred.fromCoroutine(_awaited(result)))

    def setup_method(self) -> None:
        """Pytest calls this before each test."""
        self.store = self.make_store()

    def teardown_method(self) -> None:
        """Pytest calls this after each test."""
        self.close_store(self.store)

    # what the tests say again and again

    def load(self, aor: AOR) -> Record | None:
        """What is stored of *aor*."""
        return self.wait(settled(self.store.load(aor)))

    def find(self, key: bytes) -> list[AOR]:
        """The AORs that carry *key*, sorted."""
        return sorted(self.wait(settled(self.store.find(key))))

    def commit(self, *changes: Change) -> list[AOR]:
        """The AORs of *changes* that lost the race, sorted."""
        return sorted(self.wait(settled(self.store.commit(changes))))

    def put(self, stored: Record, expected: int = 0) -> None:
        """Store one record, which must succeed."""
        assert self.commit(Change(stored, expected)) == []

    def due(self, before: float, limit: int = 100, lease: float = 30) -> list[AOR]:
        """Claim what is due."""
        return [r.aor for r in self.wait(self.store.due(before, limit, lease))]

    def scan(self, after: AOR = "", limit: int = 100) -> list[AOR]:
        """One page of AORs."""
        return [r.aor for r in self.wait(self.store.scan(after, limit))]

    # the interface

    def test_it_provides_the_interface(self) -> None:
        """All methods are there, with the arguments that callers pass."""
        assert verifyObject(IBindingStore, self.store)
        assert isinstance(self.store.durable, bool)

    def test_it_can_be_watched(self) -> None:
        """A store of one node has nothing to tell, and takes the callable all the same."""
        self.store.watch(list[Sequence[AOR]]().append)

    # load and commit

    def test_what_was_never_stored_is_none(self) -> None:
        """An unknown AOR is no error."""
        assert self.load(ALICE) is None

    def test_what_is_committed_is_loaded_field_by_field(self) -> None:
        """Nothing is lost or rounded, not even octets that were no UTF-8."""
        stored = Record(
            ALICE, VERSION, (binding(1), binding(2)), NOON + 0.5, frozenset([b"\0k", b"\xff"])
        )
        self.put(stored)
        assert self.load(ALICE) == stored

    def test_defaults_are_kept_apart_from_values(self) -> None:
        """No q is not q=0, and no push target is not an empty one."""
        plain = Binding("b", "sip:a@h", "f", NOON, NOON, "c", 0)
        stored = Record(ALICE, VERSION, (plain,), None)
        self.put(stored)
        assert self.load(ALICE) == stored

    def test_bindings_keep_their_order(self) -> None:
        """URI comparison takes the first match: the order is part of the record."""
        bindings = tuple(binding(n) for n in (3, 1, 2))
        self.put(Record(ALICE, VERSION, bindings, NOON))
        loaded = self.load(ALICE)
        assert loaded is not None
        assert [b.id for b in loaded.bindings] == ["binding-3", "binding-1", "binding-2"]

    def test_an_empty_batch_is_no_error(self) -> None:
        """Nothing to write loses nothing."""
        assert self.commit() == []

    def test_a_record_is_replaced_by_its_successor(self) -> None:
        """The version that was read is the one that may be replaced."""
        self.put(record(ALICE))
        self.put(record(ALICE, VERSION + 1), expected=VERSION)
        loaded = self.load(ALICE)
        assert loaded is not None
        assert loaded.version == VERSION + 1

    def test_a_stale_change_loses(self) -> None:
        """Compare and swap: who read an older version changes nothing."""
        self.put(record(ALICE, VERSION))
        self.put(record(ALICE, VERSION + 1), expected=VERSION)
        late = record(ALICE, VERSION + 2, keys=[b"late"])
        assert self.commit(Change(late, VERSION)) == [ALICE]
        assert self.load(ALICE) == record(ALICE, VERSION + 1)
        assert self.find(b"late") == []

    def test_two_cannot_create_one_record(self) -> None:
        """Version 0 means that there was none."""
        self.put(record(ALICE, VERSION))
        assert self.commit(Change(record(ALICE, VERSION + 1), 0)) == [ALICE]
        assert self.load(ALICE) == record(ALICE, VERSION)

    def test_a_change_to_what_is_not_there_loses(self) -> None:
        """Who read a record that has been deleted since does not bring it back."""
        assert self.commit(Change(record(ALICE, VERSION + 1), VERSION)) == [ALICE]
        assert self.load(ALICE) is None

    def test_a_loser_does_not_hold_the_others_back(self) -> None:
        """A batch is many changes, not one."""
        self.put(record(BOB, VERSION))
        lost = self.commit(
            Change(record(ALICE, VERSION), 0),
            Change(record(BOB, VERSION + 2), VERSION + 1),
            Change(record(CAROL, VERSION), 0),
        )
        assert lost == [BOB]
        assert self.load(ALICE) == record(ALICE, VERSION)
        assert self.load(BOB) == record(BOB, VERSION)
        assert self.load(CAROL) == record(CAROL, VERSION)

    def test_an_aor_is_told_from_every_other(self) -> None:
        """Case counts, and so does whatever else a user part may have in it."""
        users = [
            "a",
            "A",
            "a%00",
            "a'",
            'a"',
            "a\\",
            "%",
            "_",
            "\u00e9",
            "\U0001f4de",
            "\udcff",
            "\0",
        ]
        aors = [f"sip:{user}@example.com" for user in users]
        records = [record(aor, VERSION + n, keys=[b"shared"]) for n, aor in enumerate(aors)]
        assert self.commit(*[Change(stored, 0) for stored in records]) == []
        assert [self.load(aor) for aor in aors] == records
        assert self.find(b"shared") == self.scan() == sorted(aors)
        assert sorted(self.due(NOON + 1)) == sorted(aors)

    # deletion

    def test_an_idle_record_is_deleted(self) -> None:
        """What says nothing any more is not kept."""
        self.put(record(ALICE, VERSION, keys=[b"key"]))
        self.put(nothing(ALICE, VERSION + 1), expected=VERSION)
        assert self.load(ALICE) is None
        assert self.find(b"key") == self.scan() == []
        assert self.due(NOON + 1) == []

    def test_an_idle_record_that_never_was_stays_away(self) -> None:
        """Deleting nothing is no error and leaves nothing."""
        self.put(nothing(ALICE, VERSION))
        assert self.load(ALICE) is None
        assert self.scan() == []

    def test_a_stale_deletion_loses(self) -> None:
        """A de-REGISTER that was overtaken removes nothing."""
        self.put(record(ALICE, VERSION))
        assert self.commit(Change(nothing(ALICE, VERSION), VERSION - 1)) == [ALICE]
        assert self.load(ALICE) == record(ALICE, VERSION)

    def test_what_was_deleted_can_be_made_again(self) -> None:
        """To the next REGISTER it is as if there never was a record."""
        self.put(record(ALICE, VERSION))
        self.put(nothing(ALICE, VERSION + 1), expected=VERSION)
        self.put(record(ALICE, VERSION + 2, keys=[b"key"]))
        assert self.load(ALICE) == record(ALICE, VERSION + 2, keys=[b"key"])
        assert self.find(b"key") == [ALICE]
        assert self.scan() == [ALICE]

    def test_what_was_deleted_is_not_resurrected(self) -> None:
        """Versions never repeat: who read the record before its deletion loses."""
        self.put(record(ALICE, VERSION))
        self.put(nothing(ALICE, VERSION + 1), expected=VERSION)
        self.put(record(ALICE, VERSION + 2))
        assert self.commit(Change(record(ALICE, VERSION + 3), VERSION)) == [ALICE]
        assert self.load(ALICE) == record(ALICE, VERSION + 2)

    # find

    def test_an_unknown_key_finds_nothing(self) -> None:
        """It is no error either."""
        assert self.find(b"nobody has it") == []

    def test_a_record_is_found_by_each_of_its_keys(self) -> None:
        """Keys are octets, compared to the octet."""
        self.put(record(ALICE, keys=[b"one", b"\0two", b"*"]))
        assert self.find(b"one") == self.find(b"\0two") == self.find(b"*") == [ALICE]
        assert self.find(b"ONE") == self.find(b"o") == self.find(b"two") == []

    def test_a_key_finds_all_that_carry_it(self) -> None:
        """One phone may serve several AORs with one PRID."""
        self.put(record(BOB, keys=[b"shared", b"own"]))
        self.put(record(ALICE, keys=[b"shared"]))
        self.put(record(CAROL, keys=[b"shared"]))
        assert self.find(b"shared") == [ALICE, BOB, CAROL]
        self.put(nothing(ALICE, VERSION + 1), expected=VERSION)
        assert self.find(b"shared") == [BOB, CAROL]
        assert self.find(b"own") == [BOB]

    def test_a_key_that_left_the_record_finds_it_no_more(self) -> None:
        """A PRID that was rotated away is forgotten."""
        self.put(record(ALICE, VERSION, keys=[b"old", b"kept"]))
        self.put(record(ALICE, VERSION + 1, keys=[b"kept", b"new"]), expected=VERSION)
        assert self.find(b"old") == []
        assert self.find(b"kept") == self.find(b"new") == [ALICE]

    # due

    def test_what_is_due_comes_with_its_record(self) -> None:
        """Whoever claims it needs no second read."""
        self.put(record(ALICE, due_at=NOON))
        assert list(self.wait(self.store.due(NOON + 1, 10, 30))) == [record(ALICE, due_at=NOON)]

    def test_due_means_strictly_before(self) -> None:
        """Nobody looks a moment too early."""
        self.put(record(ALICE, due_at=NOON))
        assert self.due(NOON - 1) == []
        assert self.due(NOON) == []
        assert self.due(NOON + 0.001) == [ALICE]

    def test_what_has_no_due_time_never_is(self) -> None:
        """A record may wait for its UA for ever."""
        self.put(record(ALICE, due_at=None))
        assert self.due(NOON * 2) == []

    def test_the_limit_takes_the_longest_overdue(self) -> None:
        """A herd is worked off in its order."""
        self.put(record(CAROL, due_at=NOON))
        self.put(record(ALICE, due_at=NOON + 2))
        self.put(record(BOB, due_at=NOON + 1))
        assert self.due(NOON + 9, limit=2) == [CAROL, BOB]
        assert self.due(NOON + 9, limit=2) == [ALICE]

    def test_a_lease_keeps_others_away_until_it_ends(self) -> None:
        """One node works on it; if that node dies, another takes over."""
        self.put(record(ALICE, due_at=NOON))
        assert self.due(NOON + 1, lease=30) == [ALICE]
        assert self.due(NOON + 2, lease=30) == []
        assert self.due(NOON + 31, lease=30) == []
        assert self.due(NOON + 32, lease=30) == [ALICE]

    def test_a_commit_ends_the_lease(self) -> None:
        """What is due again at once is claimed again at once."""
        self.put(record(ALICE, VERSION, due_at=NOON))
        assert self.due(NOON + 1, lease=30) == [ALICE]
        self.put(record(ALICE, VERSION + 1, due_at=NOON + 2), expected=VERSION)
        assert self.due(NOON + 3) == [ALICE]

    def test_a_lost_commit_does_not_end_the_lease(self) -> None:
        """Nor does it change when the record is due."""
        self.put(record(ALICE, VERSION, due_at=NOON))
        assert self.due(NOON + 1, lease=30) == [ALICE]
        assert self.commit(Change(record(ALICE, VERSION + 9, due_at=NOON), 1)) == [ALICE]
        assert self.due(NOON + 2) == []

    def test_what_is_put_off_is_not_due(self) -> None:
        """A refresh postpones the expiry."""
        self.put(record(ALICE, VERSION, due_at=NOON))
        self.put(record(ALICE, VERSION + 1, due_at=NOON + 60), expected=VERSION)
        assert self.due(NOON + 30) == []
        assert self.due(NOON + 61) == [ALICE]

    def test_what_is_brought_forward_is_due_earlier(self) -> None:
        """A shorter expiry counts at once."""
        self.put(record(ALICE, VERSION, due_at=NOON + 60))
        self.put(record(ALICE, VERSION + 1, due_at=NOON), expected=VERSION)
        assert self.due(NOON + 1) == [ALICE]
        assert self.due(NOON + 2) == []

    def test_what_is_never_due_any_more_is_forgotten(self) -> None:
        """And may become due again."""
        self.put(record(ALICE, VERSION, due_at=NOON))
        self.put(record(ALICE, VERSION + 1, due_at=None), expected=VERSION)
        assert self.due(NOON + 1) == []
        self.put(record(ALICE, VERSION + 2, due_at=NOON + 2), expected=VERSION + 1)
        assert self.due(NOON + 3) == [ALICE]

    def test_who_was_put_off_waits_for_its_turn(self) -> None:
        """The time that counts is the last one."""
        self.put(record(ALICE, VERSION, due_at=NOON))
        self.put(record(ALICE, VERSION + 1, due_at=NOON + 5), expected=VERSION)
        self.put(record(BOB, due_at=NOON + 3))
        self.put(record(CAROL, due_at=NOON + 6))
        assert self.due(NOON + 9, limit=2) == [BOB, ALICE]
        assert self.due(NOON + 9, limit=2) == [CAROL]

    def test_who_was_put_off_and_brought_forward_comes_once(self) -> None:
        """What earlier times have left behind means nothing."""
        for number, after in enumerate((4, 6, 2)):
            due = record(ALICE, VERSION + number, due_at=NOON + after)
            self.put(due, expected=VERSION + number - 1 if number else 0)
        assert self.due(NOON + 9) == [ALICE]
        assert self.due(NOON + 10) == []

    def test_a_lease_does_not_change_the_record(self) -> None:
        """It is between those who work on it; nobody else sees it."""
        self.put(record(ALICE, due_at=NOON))
        assert self.due(NOON + 1, lease=30) == [ALICE]
        assert self.load(ALICE) == record(ALICE, due_at=NOON)

    # scan

    def test_a_scan_pages_through_all_in_order(self) -> None:
        """The order is that of code points, and each AOR comes once."""
        aors = [f"sip:{user}@example.com" for user in ("b", "a", "B", "a1", "a-", "%C3%A9", "~")]
        for aor in aors:
            self.put(record(aor))
        seen = [""]
        while page := self.scan(after=seen[-1], limit=3):
            seen += page
        assert seen == ["", *sorted(aors)]

    def test_a_scan_starts_after_what_it_is_given(self) -> None:
        """Whether or not that AOR is there any more."""
        for aor in (ALICE, CAROL):
            self.put(record(aor))
        assert self.scan(after=ALICE) == self.scan(after=BOB) == [CAROL]
        assert self.scan(after=CAROL) == []

    def test_a_scan_sees_what_came_and_went_since_the_last_page(self) -> None:
        """Pages are no snapshot."""
        self.put(record(ALICE))
        self.put(record(CAROL))
        assert self.scan(limit=1) == [ALICE]
        self.put(record(BOB))
        self.put(nothing(CAROL, VERSION + 1), expected=VERSION)
        assert self.scan(after=ALICE) == [BOB]
        self.put(record(CAROL, VERSION + 2))
        assert self.scan(after=ALICE) == [BOB, CAROL]

    def test_a_scan_comes_with_the_records(self) -> None:
        """An export needs no second read."""
        self.put(record(ALICE))
        assert list(self.wait(self.store.scan("", 10))) == [record(ALICE)]


async def _awaited(result: Awaitable[T]) -> T:
    return await result
