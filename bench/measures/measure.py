"""A measure: cases that belong together."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from attrs import define, frozen

from bench.load.asking import Answers, percentile
from bench.load.calls import Calls
from bench.plan import Plan
from bench.report.figures import Case, Figure
from bench.servers.running import Server
from bench.sizes import Sizes


@frozen
class Measure:
    """
    :ivar name: on the command line.
    :ivar says: what it measures, for the list of them.
    :ivar cases: makes them for a plan.
    :ivar rounds: how often each is run.
    """

    name: str
    says: str
    cases: Callable[[Plan], list[Case]]
    rounds: Callable[[Sizes], int]


@define
class Cost:
    """What a server has used while something was done, in microseconds of CPU."""

    cpu: float = 0.0

    def of(self, operations: int) -> float:
        """For each of so many."""
        return self.cpu / operations if operations else float("nan")


@contextmanager
def cost(server: Server) -> Iterator[Cost]:
    """Count while the block runs."""
    found = Cost(-server.cpu())
    yield found
    found.cpu += server.cpu()


def shuffled(count: int, plan: Plan) -> Sequence[int]:
    """The numbers below *count*: in the same random order in each run, unless asked otherwise."""
    numbers = list(range(count))
    if not plan.in_order:
        random.Random(count).shuffle(numbers)  # noqa: S311 - no secret
    return numbers


def milliseconds(what: str, seconds: Sequence[float]) -> list[Figure]:
    """The median and the 99th percentile of *seconds*."""
    ordered = sorted(seconds)
    return [
        Figure(f"{what}: p50 ms", percentile(ordered, 0.5) * 1000, 2),
        Figure(f"{what}: p99 ms", percentile(ordered, 0.99) * 1000, 2),
    ]


def lost_by_reason(calls: Calls) -> list[Figure]:
    """What became of *calls* that did not end well, and of how many."""
    return [Figure(f"lost: {why}", n, 0, total=True) for why, n in sorted(calls.failed.items())]


def answered(what: str, answers: Answers, cpu: Cost) -> list[Figure]:
    """What *answers* cost, how fast they came, and how late."""
    return [
        Figure(f"{what}: cpu us", cpu.of(answers.asked), 1, ratio=True),
        Figure(f"{what}: a second", answers.rate, 0),
        *milliseconds(what, answers.latencies),
    ]
