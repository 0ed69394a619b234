"""
A power cut: what a server had answered is on the disk, whatever became of all else.

A server's system calls are recorded once; then its disk is made again from them as it may be
after a power cut, in many ways, and opened as the next server would.
"""

from __future__ import annotations

import os
import random
import socket
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.peers import recording
from tests.peers.crowd import make_crowd
from tests.peers.power import Life
from tests.peers.processes import Processes
from tests.peers.recording import Happening, Sent, Synced, Written
from tests.peers.server import IN_A_FILE, Configuration, Server

pytestmark = pytest.mark.peer  # strace

CUTS = int(os.environ.get("SIPPN_POWER_CUTS", "200"))
CUTS_IN_VAIN = 20
PHONES = 200
IN_FLIGHT = 25
ANSWERS = 3000
NO_PUSHES = "http://127.0.0.1:9/"

Neglect = Callable[[Sequence[Happening]], list[Happening]]


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """That of a server which starts with nothing, registers a crowd, and ends in order."""
    folder = tmp_path_factory.mktemp("life").resolve()
    log = folder / "calls"
    processes = Processes(folder)
    dice = random.Random(8599)  # noqa: S311 - the same phones for all tests
    configuration = Configuration(storage=IN_A_FILE)
    try:
        server = Server.start(processes, folder, NO_PUSHES, configuration, recording.command(log))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as endpoint:
            crowd = make_crowd(endpoint, dice, PHONES)
            crowd.port = server.port
            crowd.register(IN_FLIGHT, ANSWERS)
            crowd.finish()
        server.stop()
        happenings = recording.recorded(log, folder / "sippn.db")
        yield Life(happenings, [registrant.story for registrant in crowd.registrants])
    finally:
        processes.kill()


def test_recording_has_what_is_hard(life: Life) -> None:
    """D2: all answers; and checkpoints, when the data base itself is written."""
    assert sum(isinstance(h, Sent) for h in life.happenings) == ANSWERS + IN_FLIGHT
    syncs = Counter(map(synced, life.happenings[: _last_answer(life)]))
    assert syncs["sippn.db-wal"] >= 50
    assert syncs["sippn.db"] > 2, "two of them while the tables are made"


def test_nothing_that_was_answered_is_lost(life: Life, dice: random.Random, tmp_path: Path) -> None:
    """D2: at 200 random points, with what was not synced there, not there, or torn."""
    moments = dice.choices(range(len(life.happenings)), k=CUTS)
    for complaint in life.complaints(moments, dice, tmp_path):
        assert not complaint


def test_first_start_can_be_cut_short(life: Life, dice: random.Random, tmp_path: Path) -> None:
    """D2: while the tables are made, or after; the next server starts, and knows its phones."""
    first = next(n for n, h in enumerate(life.happenings) if isinstance(h, Sent))
    for complaint in life.complaints(range(first + 20), dice, tmp_path):
        assert not complaint


def test_end_can_be_cut_short(life: Life, dice: random.Random, tmp_path: Path) -> None:
    """D2: the log goes to its place and is removed, in that order."""
    moments = range(_last_answer(life), len(life.happenings))
    for complaint in life.complaints(moments, dice, tmp_path):
        assert not complaint


def never_synced(happenings: Sequence[Happening]) -> list[Happening]:
    """As with ``synchronous = OFF``."""
    return [h for h in happenings if not isinstance(h, Synced)]


def synced_at_checkpoints(happenings: Sequence[Happening]) -> list[Happening]:
    """As with ``synchronous = NORMAL``: the log only before it goes to its place."""
    kept: list[Happening] = []
    next_is_checkpoint = False
    for happening in reversed(happenings):
        if next_is_checkpoint or synced(happening) != "sippn.db-wal":
            kept.append(happening)
        if not isinstance(happening, Sent):
            into = happening.path if isinstance(happening, Written) else ""
            next_is_checkpoint = into.endswith("sippn.db")
    return kept[::-1]


def folder_never_synced(happenings: Sequence[Happening]) -> list[Happening]:
    """What is in the log is safe, and its name is not."""
    return [h for h in happenings if synced(h).startswith("sippn.db") or not synced(h)]


def answered_early(happenings: Sequence[Happening]) -> list[Happening]:
    """As by a server that does not wait for the disk."""
    kept: list[Happening] = []
    for happening in happenings:
        place = len(kept)
        while isinstance(happening, Sent) and isinstance(kept[place - 1], Sent | Synced):
            place -= 1
        kept.insert(place, happening)
    return kept


@pytest.mark.parametrize(
    "neglect", [never_synced, synced_at_checkpoints, folder_never_synced, answered_early]
)
def test_neglect_is_found_out(
    life: Life, dice: random.Random, neglect: Neglect, tmp_path: Path
) -> None:
    """D2: the model can fail: a server that cares less would have lost something."""
    careless = life.with_other(neglect(life.happenings))
    moments = dice.sample(range(len(careless.happenings)), CUTS_IN_VAIN)
    assert any(careless.complaints(moments, dice, tmp_path))


def synced(happening: Happening) -> str:
    """The name of the file that was, or of the folder; empty: that is not what happened."""
    return Path(happening.path).name if isinstance(happening, Synced) else ""


def _last_answer(life: Life) -> int:
    return max(n for n, h in enumerate(life.happenings) if isinstance(h, Sent))
