"""What a binding store must do that calls itself durable."""

from __future__ import annotations

from sippn.binding import Change
from sippn.interfaces import IBindingStore
from sippn.testing.contracts.records import ALICE, BOB, CAROL, NOON, VERSION, nothing, record
from sippn.testing.contracts.store import BindingStoreContract


class DurableStoreContract(BindingStoreContract):
    """
    The promises of :class:`~sippn.interfaces.IBindingStore` where ``durable`` is true.

    Override :meth:`reopen_store` and :meth:`recover_store` too.
    """

    def reopen_store(self, store: IBindingStore) -> IBindingStore:
        """Close *store*; another one, started, on what it has written."""
        raise NotImplementedError

    def recover_store(self, store: IBindingStore) -> IBindingStore:
        """
        Another store, started, on what of *store* is on the disk at this very moment.

        It sees what there was if the process of *store*, which goes on, had been killed; where
        the disk is a file's, work on a copy.  The test closes both.
        """
        raise NotImplementedError

    def recovered(self) -> None:
        """Go on with what a crash leaves."""
        recovered = self.recover_store(self.store)
        self.close_store(self.store)
        self.store = recovered

    def test_it_says_that_it_is_durable(self) -> None:
        """The server warns where it is not."""
        assert self.store.durable

    def test_records_outlive_the_store(self) -> None:
        """A 200 that was sent is not forgotten, nor is the one to a de-REGISTER."""
        kept = record(ALICE, VERSION + 1, keys=[b"key"])
        self.put(record(ALICE, VERSION, keys=[b"old"]))
        self.put(kept, expected=VERSION)
        self.put(record(BOB, VERSION, keys=[b"key"]))
        self.put(nothing(BOB, VERSION + 1), expected=VERSION)
        self.store = self.reopen_store(self.store)
        assert self.load(ALICE) == kept
        assert self.load(BOB) is None
        assert self.find(b"key") == self.scan() == [ALICE]
        assert self.find(b"old") == []

    def test_versions_go_on(self) -> None:
        """Compare and swap goes over a restart."""
        self.put(record(ALICE, VERSION))
        self.store = self.reopen_store(self.store)
        assert self.commit(Change(record(ALICE, VERSION + 1), 0)) == [ALICE]
        assert self.commit(Change(record(ALICE, VERSION + 2), VERSION - 1)) == [ALICE]
        self.put(record(ALICE, VERSION + 2), expected=VERSION)
        assert self.load(ALICE) == record(ALICE, VERSION + 2)

    def test_what_is_due_outlives_the_store(self) -> None:
        """In its order, put off or not."""
        self.put(record(ALICE, VERSION, due_at=NOON))
        self.put(record(ALICE, VERSION + 1, due_at=NOON + 9), expected=VERSION)
        self.put(record(BOB, due_at=NOON + 5))
        self.put(record(CAROL, due_at=None))
        self.store = self.reopen_store(self.store)
        assert self.due(NOON + 5) == []
        assert self.due(NOON + 10) == [BOB, ALICE]

    def test_a_lease_ends_for_who_starts_after_a_crash(self) -> None:
        """Nobody works on it any more; at the end of the lease at the latest, it is due again."""
        self.put(record(ALICE, due_at=NOON))
        assert self.due(NOON + 1, lease=30) == [ALICE]
        self.recovered()
        assert self.due(NOON + 32) == [ALICE]

    def test_what_was_answered_survives_a_kill(self) -> None:
        """D1: the moment that a commit fires, it is where no crash of ours can reach it."""
        self.put(record(ALICE, VERSION, keys=[b"key"]))
        self.put(record(BOB, VERSION))
        self.put(record(CAROL, VERSION))
        self.put(nothing(CAROL, VERSION + 1), expected=VERSION)
        self.put(record(ALICE, VERSION + 1, keys=[b"key"]), expected=VERSION)
        self.recovered()
        assert self.load(ALICE) == record(ALICE, VERSION + 1, keys=[b"key"])
        assert self.load(CAROL) is None
        assert self.scan() == [ALICE, BOB]
        assert self.find(b"key") == [ALICE]
        self.put(record(CAROL, VERSION + 2))
        assert self.due(NOON + 1) == [ALICE, BOB, CAROL]
