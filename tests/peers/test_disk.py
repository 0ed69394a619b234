"""The model of a disk that loses its power."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from tests.peers.disk import Disk
from tests.peers.recording import Created, Cut, Happening, Removed, Synced, Written

FILE = "/f/file"
MADE: tuple[Happening, ...] = (Created(FILE), Synced("/f"))


@pytest.fixture
def dice() -> random.Random:
    return random.Random(4096)  # noqa: S311 - the same ones each time


def left(happenings: Sequence[Happening], dice: random.Random) -> set[bytes | None]:
    """All that is found of the file in many power cuts; None: it is not there."""
    disk = Disk()
    for happening in happenings:
        disk.do(happening)
    return {disk.lose_power(dice).get(FILE) for _ in range(200)}


def test_what_was_synced_is_there(dice: random.Random) -> None:
    """And nothing else is possible."""
    assert left([*MADE, Written(FILE, 0, b"abc"), Synced(FILE)], dice) == {b"abc"}


def test_what_was_not_synced_is_there_or_not(dice: random.Random) -> None:
    """In any choice: a later write may be there without an earlier one, and leave a hole."""
    first, second, third = (Written(FILE, n, b"abc"[n : n + 1]) for n in range(3))
    writes = [*MADE, first, Synced(FILE), second, third]
    assert left(writes, dice) == {b"a", b"ab", b"a\0c", b"abc"}


def test_what_is_written_during_a_sync_is_not_synced(dice: random.Random) -> None:
    """The disk may have been asked before it came."""
    first, second = Written(FILE, 0, b"a"), Written(FILE, 1, b"b")
    assert left([*MADE, first, second, Synced(FILE, but=1)], dice) == {b"a", b"ab"}


def test_write_is_torn_between_sectors(dice: random.Random) -> None:
    """Where those of the disk end, not where the write began."""
    old, new = b"o" * 1024, b"n" * 1000
    found = left([*MADE, Written(FILE, 0, old), Synced(FILE), Written(FILE, 12, new)], dice)
    first, second = old[:12] + b"n" * 500, b"n" * 500 + old[:12]
    assert found == {old, first + second, first + old[:512], old[:512] + second}


def test_file_has_its_old_length_or_the_new_one(dice: random.Random) -> None:
    """Until that is synced."""
    cut: list[Happening] = [*MADE, Written(FILE, 0, b"abc"), Synced(FILE), Cut(FILE, 1)]
    assert left(cut, dice) == {b"abc", b"a"}
    assert left([*cut, Synced(FILE)], dice) == {b"a"}


def test_new_name_is_safe_when_its_folder_is(dice: random.Random) -> None:
    """What is in the file was synced, and is lost with its name."""
    made: list[Happening] = [Created(FILE), Written(FILE, 0, b"abc"), Synced(FILE)]
    assert left(made, dice) == {None, b"abc"}
    assert left([*made, Synced("/f")], dice) == {b"abc"}


def test_removed_file_may_come_back(dice: random.Random) -> None:
    """Until its folder is synced; another one of that name is not the same file."""
    removed: list[Happening] = [*MADE, Written(FILE, 0, b"abc"), Synced(FILE), Removed(FILE)]
    assert left(removed, dice) == {b"abc", None}
    assert left([*removed, Synced("/f")], dice) == {None}
    assert left([*removed, Created(FILE)], dice) == {b"abc", None, b""}


def test_opening_is_not_making(dice: random.Random) -> None:
    """A file that is there stays as it is."""
    assert left([*MADE, Written(FILE, 0, b"a"), Synced(FILE), Created(FILE)], dice) == {b"a"}
