"""Tests for :mod:`sippn.upkeep.refreshing`: how many pushes may be without an answer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from attrs import define, field
from twisted.internet.defer import succeed
from twisted.internet.task import Clock

from sippn.binding import Binding, PushTarget
from sippn.events import Bus
from sippn.testing.pns import MemoryPushProvider
from sippn.upkeep.refreshing import LEAST, MOST, RefreshPushes

USUAL = 700  # of a line: what comes of 500 a second


@define(eq=False)
class Herd:
    """Phones whose push services do not answer; each app of them is a line."""

    pns: MemoryPushProvider = field(factory=MemoryPushProvider)
    pushes: RefreshPushes = field(init=False)
    numbers: Iterator[int] = field(factory=count)

    def __attrs_post_init__(self) -> None:
        self.pushes = RefreshPushes(
            self.pns,
            Clock(),
            wall=lambda: 1000.0,
            entropy=bytes,
            bus=Bus(),
            disown=lambda *_: succeed(None),
            line_of=lambda target: target.param,
            most=USUAL,
        )

    def fill(self, line: str) -> int:
        """Ask for as many of *line* as there is room for; how many there were."""
        asked = 0
        while self.pushes.room(line) > 0:
            self.one(line)
            asked += 1
        return asked

    def one(self, line: str) -> None:
        """Ask for a push to one more phone."""
        number = next(self.numbers)
        target = PushTarget("acme", line, f"token-{number}")
        binding = Binding(
            f"b{number}", "sip:a@192.0.2.1", "flow", 5000.0, 1.0, "c", 1, push_target=target
        )
        self.pushes.request(f"sip:{number}@example.com", binding)


@pytest.fixture
def herd() -> Herd:
    return Herd()


def test_line_has_what_it_needs(herd: Herd) -> None:
    """S-31: the few lines that operators have are not bounded by each other."""
    assert [herd.fill(f"app-{number}") for number in range(5)] == [USUAL] * 5


@pytest.mark.parametrize(("down", "room"), [(12, 5 * LEAST), (64, LEAST)])
def test_lines_that_are_down_leave_room_for_the_rest(herd: Herd, down: int, room: int) -> None:
    """W3: however many apps get no answer, the refreshes of another one leave."""
    for number in range(down):
        herd.fill(f"down-{number}")
    assert herd.pushes.room("well") == room
    assert len(herd.pns.unanswered) <= MOST + down * LEAST


def test_line_that_has_more_than_it_leaves_waits_for_the_others(herd: Herd) -> None:
    """W3: what is answered goes to who has less."""
    for number in range(11):
        herd.fill(f"down-{number}")
    for _ in range(USUAL // 7):
        herd.pns.answer()  # of the first one
    assert herd.fill("down-0") == 0
    assert herd.fill("well") == 300


def test_room_comes_back_with_the_answers(herd: Herd) -> None:
    """D4: what was answered counts no more."""
    herd.fill("app")
    assert herd.pushes.room("app") == 0
    for _ in range(10):
        herd.pns.answer()
    assert herd.pushes.room("app") == 10
