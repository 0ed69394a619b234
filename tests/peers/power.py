"""
Power cuts in the life of a server: what the next one finds, beside what phones were told.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

from attrs import evolve, frozen

from sippn.binding import Change, Record
from sippn.errors import ConfigErrors, StoreUnavailable
from sippn.sip import Response, read
from sippn.storage.sqlite import SQLiteStore
from tests.peers.disk import Disk, put
from tests.peers.recording import Happening, Sent
from tests.peers.registrant import Place
from tests.peers.server import DOMAIN
from tests.storage.turns import Opened, Turns

Heard: TypeAlias = Sequence[int]
"""The CSeq number of the last REGISTER for which each phone had its 200; 0: none."""


@frozen
class Life:
    """
    What a server did from its start to its end.

    :ivar happenings: its recording.
    :ivar stories: what each phone asked for, by CSeq number.
    """

    happenings: Sequence[Happening]
    stories: Sequence[dict[int, Place]]

    def with_other(self, happenings: Sequence[Happening]) -> Life:
        """One that was led otherwise, and answered the same."""
        return evolve(self, happenings=happenings)

    def complaints(
        self, moments: Iterable[int], dice: random.Random, folder: Path
    ) -> Iterator[str]:
        """
        What is wrong after a power cut, for each of these *moments*; empty: nothing.

        :param moments: indices of happenings: each is the last one before a cut.
        :param folder: takes the files that are left; those that are in order go at once.
        """
        for number, (moment, found, heard) in enumerate(self._cuts(Counter(moments), dice)):
            place = folder / str(number)
            put(found, place)
            complaint = self._complaint(place / "sippn.db", heard)
            if complaint:
                complaint += f": {place} is what was left after {moment} of them"
            else:
                shutil.rmtree(place)
            yield complaint

    def _cuts(
        self, moments: Counter[int], dice: random.Random
    ) -> Iterator[tuple[int, dict[str, bytes], Heard]]:
        disk, heard = Disk(), [0] * len(self.stories)
        for moment, happening in enumerate(self.happenings):
            disk.do(happening)
            if isinstance(happening, Sent):
                response = read(happening.octets)
                assert isinstance(response, Response)
                assert response.status == 200
                heard[int(response.call_id)] = response.cseq.number
            for _ in range(moments[moment]):
                yield moment, disk.lose_power(dice), tuple(heard)

    def _complaint(self, database: Path, heard: Heard) -> str:
        turns = Turns()
        opened = Opened(turns)
        try:
            store = opened(database)
            found = [_place(store, number) for number in range(len(heard))]
            next_one = store.commit([Change(Record("sip:next@h", 1, (), 1.0), 0)])
            if turns.wait(next_one.addErrback(str)):
                return "nothing can be written any more"
        except (ConfigErrors, StoreUnavailable) as error:
            return str(error)
        finally:
            opened.close()
        return self._what_is_lost(heard, found) or _damage(database)

    def _what_is_lost(self, heard: Heard, found: Sequence[Place]) -> str:
        for story, last, place in zip(self.stories, heard, found, strict=True):
            asked_since = [story[cseq] for cseq in story if cseq > last]
            possible = [story.get(last), *asked_since[:1]]
            if place not in possible:
                return f"{place} is stored, not any of {possible}"
        return ""


def _place(store: SQLiteStore, number: int) -> Place:
    """Where the store says that a phone is, in the words of the phone."""
    record = store.load(f"sip:{number}@{DOMAIN}")
    bindings = record.bindings if record is not None else ()
    places = [f"<{binding.contact}>;q=0.{binding.q:03}" for binding in bindings]
    return ", ".join(places) or None


def _damage(database: Path) -> str:
    with closing(sqlite3.connect(database)) as connection:
        (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    return "" if verdict == "ok" else str(verdict)
