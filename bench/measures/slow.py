"""Connections by the thousand that say nothing of use, and all whom they are to keep out."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from time import perf_counter

from attrs import frozen

from bench.load.slow import SlowConnections, slow_connections
from bench.load.turns import Turns
from bench.load.ways import FRESH, UDP, WAYS, Ways, ways_to
from bench.measures.measure import Measure
from bench.plan import Plan
from bench.report.figures import Case, Figure, counts
from bench.servers.running import Server
from bench.servers.setup import Setup, Subject, start

_RATE = 50.0
"""REGISTERs a second, each way."""

_FLOOR = 20.0
"""Milliseconds: a 99th percentile below that counts as that, for twice nothing is nothing."""

_PART = 4  # of the time, that of the base before it
_DESCRIPTORS = 256
_DIALS = 400
_AT_THE_LIMIT = 10.0  # seconds: less than it takes until they are cut
_RELEASED = 5.0  # seconds after which there should be room again at the very latest


@frozen
class _Scene:
    """A server with sockets for UDP and TCP, and those who use them."""

    server: Server
    ways: Ways
    slow: SlowConnections

    def ask(
        self, seconds: float, names: Sequence[str], meanwhile: Callable[[], object] | None = None
    ) -> None:
        """REGISTERs by those ways for so many *seconds*, until they are answered."""
        self.ways.forget_figures()
        began, asked = perf_counter(), 0
        while (now := perf_counter() - began) < seconds:
            due = int(now * _RATE) + 1
            for _ in range(due - asked):
                for name in names:
                    self.ways.send(name)
            asked = due
            if meanwhile is not None:
                meanwhile()
            self.ways.turn(0.002)
        self.ways.settle()

    def p99(self) -> dict[str, float]:
        """By the name of the way, in milliseconds."""
        return {name: way.p99 for name, way in self.ways.figures.items() if way.asked}

    def answered(self) -> list[Figure]:
        """How many were, of those asked last."""
        every = self.ways.figures.values()
        return counts(sum(len(way.latencies) for way in every), sum(way.lost for way in every))


@contextmanager
def _scene(plan: Plan, subject: Subject, setup: Setup) -> Iterator[_Scene]:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    turns = Turns()
    try:
        with (
            start(subject, setup, plan.scratch) as server,
            ways_to(server.port, turns) as ways,
            slow_connections(server.port, turns) as slow,
        ):
            yield _Scene(server, ways, slow)
    finally:
        turns.close()


def _beside(plan: Plan, again: bool, subject: Subject) -> list[Figure]:
    """*again*: whoever is cut comes back at once."""
    sizes = plan.sizes
    with _scene(plan, subject, Setup(streams=True)) as there:
        there.ask(sizes.slow_seconds / _PART, WAYS)  # to warm up
        there.ask(sizes.slow_seconds / _PART, WAYS)
        base, descriptors = there.p99(), there.server.descriptors()

        def drip() -> None:
            there.slow.dial(sizes.slow + (len(there.slow.cut) if again else 0))
            there.slow.drip()

        there.ask(sizes.slow_seconds, WAYS, drip)
        beside, answered = there.p99(), there.answered()
        cut = 100 * len(there.slow.cut) / sizes.slow
        there.slow.close()
        there.ask(1.0, [UDP])
        return [
            *_compared(base, beside),
            Figure("cut, % of their number", cut),
            Figure("the longest lived of these, s", max(there.slow.cut, default=0.0)),
            Figure("descriptors more than before", there.server.descriptors() - descriptors, 0),
            *answered,
            Figure("tracebacks", there.server.tracebacks(), 0, total=True),
        ]


def _at_the_limit(plan: Plan, subject: Subject) -> list[Figure]:
    seconds = min(_AT_THE_LIMIT, plan.sizes.slow_seconds)
    with _scene(plan, subject, Setup(streams=True, descriptors=_DESCRIPTORS)) as there:
        there.ask(seconds, [UDP])
        there.ask(seconds, [UDP])
        base = there.p99()
        while not there.slow.dial(_DIALS):
            there.ways.turn(0.01)
        began, used = perf_counter(), there.server.cpu()
        while perf_counter() - began < seconds / 4:
            there.ways.turn(0.1)
        idle = (there.server.cpu() - used) / 1e4 / (perf_counter() - began)
        there.ask(seconds / 2, [UDP])
        beside, answered, held = there.p99(), there.answered(), len(there.slow)
        there.slow.close()
        return [
            *_compared(base, beside),
            Figure("connections held at the limit", held, 0),
            Figure("CPU of who is only waited for, %", idle),
            Figure("served again on a new connection after s", _served_after(there), 2),
            *answered,
            Figure("tracebacks", there.server.tracebacks(), 0, total=True),
        ]


def _served_after(there: _Scene) -> float:
    """Seconds until a REGISTER on a new connection is answered."""
    began = perf_counter()
    while perf_counter() - began < _RELEASED:
        there.ways.forget_figures()
        there.ways.send(FRESH)
        end = perf_counter() + 0.1
        while there.ways.figures[FRESH].waiting and perf_counter() < end:
            there.ways.turn(0.01)
        if there.ways.figures[FRESH].latencies:
            return perf_counter() - began
    return float("nan")


def _compared(base: dict[str, float], beside: dict[str, float]) -> list[Figure]:
    figures = []
    for name, before in base.items():
        times = max(beside[name], _FLOOR) / max(before, _FLOOR)
        figures += [
            Figure(f"{name}: p99 ms before", before),
            Figure(f"{name}: p99 ms meanwhile", beside[name]),
            Figure(f"{name}: times that, not below {_FLOOR:g} ms", times, 2),
        ]
    return figures


def _cases(plan: Plan) -> list[Case]:
    sizes = plan.sizes
    rate = f"for {sizes.slow_seconds:g} s, {_RATE:g} REGISTERs a second each way"
    return [
        *[
            Case(
                f"{sizes.slow:,} slow connections{', which come back,' if again else ''} {rate}",
                plan.sippns(),
                partial(_beside, plan, again),
            )
            for again in (False, True)
        ],
        Case(
            f"{_DIALS} connections where {_DESCRIPTORS} files may be open",
            plan.sippns(),
            partial(_at_the_limit, plan),
        ),
    ]


SLOW = Measure("slow", "connections that say nothing of use", _cases, lambda _: 1)
