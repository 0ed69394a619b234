"""
Tests for :mod:`sippn.tap.collector`: no collection looks at much.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Iterator

import pytest
from attrs import define
from twisted.internet.task import Clock

from sippn.service import Pauses
from sippn.tap.collector import Collector

MOST = 40_000  # objects that a collection looks at, 0.1 us each


@define(eq=False)
class Bench:
    """A collector that runs, while ``waiting[0]`` calls wait."""

    clock: Clock
    collector: Collector
    waiting: list[int]
    most: int = 0

    def grow(self, number: int) -> list[list[object]]:
        """Have so many more objects, in turns of a reactor; the most that were not frozen."""
        made: list[list[object]] = []
        self.most = 0
        for _ in range(number // 1000):
            made.extend([] for _ in range(1000))
            self.most = max(self.most, unfrozen())
            self.clock.advance(0.01)
        return made


def unfrozen() -> int:
    """How many objects a full collection would look at."""
    return len(gc.get_objects())


@pytest.fixture
def bench() -> Iterator[Bench]:
    clock = Clock()
    before = gc.get_threshold()
    waiting = [0]
    bench = Bench(clock, Collector(clock, Pauses(), lambda: waiting[0]), waiting)
    gc.unfreeze()
    bench.collector.startService()
    yield bench
    bench.collector.stopService()
    assert gc.get_threshold() == before
    assert clock.getDelayedCalls() == []
    gc.collect()
    gc.freeze()


def test_what_was_loaded_is_set_aside(bench: Bench) -> None:
    """Issue 4: a start with many bindings costs one collection, before the first call."""
    assert unfrozen() < 5_000
    assert bench.collector.pauses.counts == [0] * len(bench.collector.pauses.counts)


def test_no_collection_looks_at_all_there_is(bench: Bench) -> None:
    """Issue 4: it takes as long with a million bindings as with none."""
    made = bench.grow(400_000)
    assert len(made) == 400_000
    assert bench.most < MOST
    assert sum(bench.collector.pauses.counts) > 10
    assert 0 < bench.collector.pauses.worst <= bench.collector.pauses.seconds


def test_nothing_is_frozen_while_many_calls_wait(bench: Bench) -> None:
    """A circle that is frozen stays: what a call leaves behind must not be."""
    bench.waiting[0] = 10_000
    frozen = gc.get_freeze_count()
    made = bench.grow(200_000)
    assert gc.get_freeze_count() <= frozen
    bench.waiting[0] = 10
    bench.clock.advance(600)
    made += bench.grow(200_000)
    assert gc.get_freeze_count() > frozen + 200_000


def test_circles_go(bench: Bench) -> None:
    """What calls that are given up leave behind is found, though nothing else grows."""
    for _ in range(400):
        for _ in range(1000):
            circle: list[object] = []
            circle.append(circle)
        bench.clock.advance(0.01)
    assert unfrozen() < MOST


def test_full_collections_are_rare_where_they_take_long(bench: Bench) -> None:
    """While a thousand calls wait each of them takes long; they are a fiftieth of the time."""
    bench.waiting[0] = 10_000
    kept = bench.grow(100_000)
    bench.clock.advance(10)
    if bench.collector._next is not None:  # one may be due yet, where this machine is slow
        bench.collector._next.cancel()
        bench.collector._next = None
    bench.collector._not_before = bench.clock.seconds() + 100
    before = gc.get_stats()[2]["collections"]
    kept += bench.grow(200_000)
    assert gc.get_stats()[2]["collections"] == before
    bench.clock.advance(100)
    assert gc.get_stats()[2]["collections"] == before + 1


def test_what_comes_and_goes_is_looked_at_by_the_clock(bench: Bench) -> None:
    """Issue 4: as many old ones go as new ones come, and no count of the interpreter's grows."""
    kept: deque[list[object]] = deque(bench.grow(100_000), maxlen=100_000)
    most = 0
    for _ in range(600):
        kept.extend([] for _ in range(500))
        most = max(most, unfrozen())
        bench.clock.advance(0.05)
    assert len(kept) == 100_000
    assert most < MOST
