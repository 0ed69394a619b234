"""The store, with its commits done at once and on a real disk."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from acme_sippn.journal import File, Journal
from twisted.internet.defer import Deferred, execute

from sippn.binding import Change
from sippn.errors import ConfigErrors, StoreUnavailable
from sippn.interfaces import IBindingStore, settled
from sippn.testing.contracts import DurableStoreContract
from sippn.testing.contracts.records import ALICE, VERSION, record
from sippn.testing.results import failed


class TestJournal(DurableStoreContract):
    """All that a durable store promises, and what is this one's own."""

    folder: Path

    def setup_method(self) -> None:
        """Each test has a folder."""
        self.folder = Path(tempfile.mkdtemp())
        super().setup_method()

    def teardown_method(self) -> None:
        """And leaves none."""
        super().teardown_method()
        shutil.rmtree(self.folder)

    def make_store(self) -> IBindingStore:
        """One on a file that is not there yet."""
        return self.open("registrations.jsonl")

    def close_store(self, store: IBindingStore) -> None:
        """End it as the server does."""
        assert isinstance(store, Journal)
        store.stopService()

    def reopen_store(self, store: IBindingStore) -> IBindingStore:
        """On the same file."""
        self.close_store(store)
        return self.make_store()

    def recover_store(self, store: IBindingStore) -> IBindingStore:
        """On what the file is now."""
        shutil.copy(self.file, self.folder / "copy.jsonl")
        return self.open("copy.jsonl")

    @property
    def file(self) -> Path:
        """Where the records are."""
        return self.folder / "registrations.jsonl"

    def open(self, name: str) -> Journal:
        """A journal, started."""
        journal = Journal(str(self.folder / name), execute)
        journal.startService()
        return journal

    def test_half_a_line_was_never_answered(self) -> None:
        """A crash in the middle of a commit leaves one."""
        self.put(record(ALICE, VERSION))
        with self.file.open("ab") as file:
            file.write(b'[{"aor": "sip:bob@exam')
        self.store = self.reopen_store(self.store)
        assert self.scan() == [ALICE]

    def test_damage_keeps_it_from_starting(self) -> None:
        """Nobody's registration is dropped without a word."""
        self.put(record(ALICE, VERSION))
        self.close_store(self.store)
        self.file.write_bytes(b"[{}]\n" + self.file.read_bytes())
        with pytest.raises(ConfigErrors, match="line 1 is damaged"):
            self.make_store()
        self.file.unlink()
        self.store = self.make_store()

    def test_what_is_over_is_left_out_at_the_next_start(self) -> None:
        """It grows by what changes, not for ever."""
        for version in range(VERSION, VERSION + 50):
            self.put(record(ALICE, version), expected=version - 1 if version > VERSION else 0)
        before = self.file.stat().st_size
        self.store = self.reopen_store(self.store)
        assert self.file.stat().st_size < before / 40
        assert self.load(ALICE) == record(ALICE, VERSION + 49)

    def test_a_full_disk_writes_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Neither to the file nor to memory; and the next commit is whole."""
        self.put(record(ALICE, VERSION))
        before = self.file.read_bytes()
        with monkeypatch.context() as full:
            full.setattr(File, "_write", _half_of_it)
            change = Change(record(ALICE, VERSION + 1), VERSION)
            asked = Deferred.fromCoroutine(settled(self.store.commit([change])))
            failed(asked, StoreUnavailable)
        assert (self.load(ALICE), self.file.read_bytes()) == (record(ALICE, VERSION), before)
        self.put(record(ALICE, VERSION + 1), expected=VERSION)
        self.store = self.reopen_store(self.store)
        assert self.load(ALICE) == record(ALICE, VERSION + 1)


def _half_of_it(file: File, octets: bytes) -> None:
    os.pwrite(file._file, octets[: len(octets) // 2], file._size)
    raise OSError(28, "No space left on device")
