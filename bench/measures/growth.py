"""What a refresh costs when many others are registered."""

from __future__ import annotations

import random
from functools import partial

from bench.load.line import WINDOW, line_to
from bench.measures.measure import Measure, answered, cost
from bench.plan import Plan
from bench.report.figures import Case, Figure, counts
from bench.servers.setup import Setup, Subject, start


def _refreshed(plan: Plan, number: int, subject: Subject) -> list[Figure]:
    with start(subject, Setup(), plan.scratch) as server, line_to(server.port) as line:
        loaded = line.load(number)
        dice = random.Random(number)  # noqa: S311 - no secret
        # each is drawn out of all of them, however few are refreshed
        asker = line.prepare([dice.randrange(number) for _ in range(plan.sizes.refreshed)])
        with cost(server) as used:
            refresh = asker.closed_loop(WINDOW)
    failed = loaded.lost + loaded.refused + refresh.lost + refresh.refused
    return [*answered("refresh", refresh, used), *counts(loaded.ok + refresh.ok, failed)]


def _cases(plan: Plan) -> list[Case]:
    return [
        Case(
            f"refresh at random, {number:,} push bindings held",
            plan.registrars(),
            partial(_refreshed, plan, number),
            series="push bindings held",
            at=number,
        )
        for number in plan.sizes.grown
    ]


GROWTH = Measure(
    "growth", "refreshes with few and many bindings held", _cases, lambda sizes: sizes.pairs
)
