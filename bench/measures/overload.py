"""More than a server can do: three times that, and a source that floods it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from attrs import frozen

from bench.load.again import Again
from bench.load.asking import percentile
from bench.load.flood import flood
from bench.load.mixed import CALLS, REFRESHES, Mixed
from bench.load.scene import scene
from bench.measures.measure import Measure
from bench.plan import Plan
from bench.report.figures import Case, Figure, counts
from bench.servers.running import Server
from bench.servers.setup import Setup, Subject, start

_SOURCES = 40
"""Addresses from which phones and callers send: no source is much of the load."""

_AT_A_TIME = 64
_TIMES = 3.0
_PART = 8  # of the overload, each of the phases around it
_AFTERWARDS = 5.0  # seconds in which all has to be as it was


@frozen
class _Fresh:
    """
    A server at work.

    :ivar capacity: operations it can do a second.
    """

    server: Server
    load: Mixed
    capacity: float
    part: float

    def at_half(self) -> float:
        """Half of what it can do; the 99th percentile of refreshes meanwhile, milliseconds."""
        self.load.fixed_rate(self.capacity / 2, self.part)
        self.load.settle()
        return _p99(self.load.refreshes.latencies)


@contextmanager
def _fresh(plan: Plan, subject: Subject) -> Iterator[_Fresh]:
    users, part = plan.sizes.users_at_rate * 3, plan.sizes.overload / _PART
    with scene(users, http=False, sources=_SOURCES, again=Again()) as there:
        setup = Setup(push_port=there.service.port)
        with start(subject, setup, plan.scratch) as server:
            there.meet(server.port)
            there.load(users * 2)
            there.watch()
            load = Mixed.of(there, range(users, users * 2))
            load.closed_loop(part, _AT_A_TIME)  # to warm up
            yield _Fresh(server, load, load.closed_loop(part, _AT_A_TIME), part)


def _three_times(plan: Plan, subject: Subject) -> list[Figure]:
    with _fresh(plan, subject) as fresh:
        before = fresh.at_half()
        load, capacity, seconds = fresh.load, fresh.capacity, plan.sizes.overload
        load.fixed_rate(capacity * _TIMES, seconds)
        calls, refreshes = load.scene.calls.completed, load.refreshes.statuses[200]
        load.settle()
        figures = [
            Figure("capacity, a second", capacity, 0),
            Figure("refreshes done, %", _share(refreshes, capacity * REFRESHES * seconds)),
            Figure("calls done, %", _share(calls, capacity * CALLS * seconds)),
            *_answers(load),
        ]
        load.fixed_rate(capacity / 2, min(_AFTERWARDS, seconds))
        after = fresh.at_half()
        return [
            *figures,
            Figure("before it: refresh p99 ms", before),
            Figure("after it: refresh p99 ms", after),
            Figure("tracebacks", fresh.server.tracebacks(), 0, total=True),
        ]


def _flooded(plan: Plan, subject: Subject) -> list[Figure]:
    with _fresh(plan, subject) as fresh:
        seconds = plan.sizes.overload / 2
        with flood(fresh.server.port, seconds) as sent:
            fresh.load.fixed_rate(fresh.capacity / 2, seconds)
        fresh.load.settle()
        asked = fresh.load.scene.calls.asked + fresh.load.refreshes.asked
        return [
            Figure("capacity, a second", fresh.capacity, 0),
            Figure("flood, a second", sent[0] / seconds, 0),
            Figure("others that ended well, %", _share(fresh.load.done, asked), 2),
            *_answers(fresh.load),
            Figure("tracebacks", fresh.server.tracebacks(), 0, total=True),
        ]


def _answers(load: Mixed) -> list[Figure]:
    """Who was answered how, once all is over."""
    calls, refreshes = load.scene.calls, load.refreshes
    refused = refreshes.statuses.total() - refreshes.statuses[200]
    said = sorted(refreshes.retry_after)
    lost = calls.asked + refreshes.asked - load.done - refused
    figures = [
        Figure("refresh p99 ms", _p99(refreshes.latencies)),
        Figure("the same, since it was sent last: p99 ms", _p99(refreshes.since_last)),
        Figure("INVITE to 200 p99 ms", _p99(calls.invite_to_answer)),
        Figure("refreshes refused, %", _share(refused, refreshes.asked)),
        Figure("of the calls pushed, ended well, %", _share(calls.completed, calls.pushes), 2),
        *counts(load.done, lost, calls.doubled),
    ]
    if said:
        figures += [
            Figure("least Retry-After", said[0], 0),
            Figure("most Retry-After", said[-1], 0),
        ]
    return figures


def _share(part: float, whole: float) -> float:
    """In percent."""
    return 100 * part / whole if whole else float("nan")


def _p99(seconds: list[float]) -> float:
    return percentile(sorted(seconds), 0.99) * 1000


def _cases(plan: Plan) -> list[Case]:
    seconds = plan.sizes.overload
    return [
        Case(
            f"{_TIMES:g} times the capacity for {seconds:g} s, 4 refreshes for each call",
            plan.sippns(),
            partial(_three_times, plan),
        ),
        Case(
            f"half of the capacity while one source floods for {seconds / 2:g} s",
            plan.sippns(),
            partial(_flooded, plan),
        ),
    ]


OVERLOAD = Measure("overload", "more than a server can do", _cases, lambda _: 1)
