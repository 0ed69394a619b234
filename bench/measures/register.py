"""REGISTER: the first of each phone, and refreshes, in memory and durable."""

from __future__ import annotations

from functools import partial

from bench.load.line import WINDOW, line_to
from bench.measures.measure import Measure, answered, cost, shuffled
from bench.plan import Plan
from bench.report.figures import Case, Figure, counts
from bench.servers.setup import Setup, Subject, start


def _closed_loop(plan: Plan, setup: Setup, subject: Subject) -> list[Figure]:
    number = plan.sizes.bindings
    with start(subject, setup, plan.scratch) as server, line_to(server.port) as line:
        asker = line.prepare(range(number))
        empty = server.on_disk()
        with cost(server) as first_cost:
            first = asker.closed_loop(WINDOW)
        asker = line.prepare(shuffled(number, plan))
        with cost(server) as refresh_cost:
            refresh = asker.closed_loop(WINDOW)
        written = server.on_disk() - empty
    disk = [Figure("octets on disk a binding", written / number, 0)] if setup.durable else []
    return [
        *answered("first", first, first_cost),
        *answered("refresh", refresh, refresh_cost),
        *disk,
        *counts(first.ok + refresh.ok, first.lost + refresh.lost),
        Figure("refused", first.refused + refresh.refused, 0, total=True),
    ]


def _fixed_rate(plan: Plan, setup: Setup, subject: Subject) -> list[Figure]:
    sizes = plan.sizes
    number = min(sizes.bindings, int(sizes.rate * sizes.seconds))
    with start(subject, setup, plan.scratch) as server, line_to(server.port) as line:
        line.load(number)
        asker = line.prepare(shuffled(number, plan))
        with cost(server) as refresh_cost:
            refresh = asker.fixed_rate(sizes.rate)
    return [
        *answered("refresh", refresh, refresh_cost),
        *counts(refresh.ok, refresh.lost),
        Figure("refused", refresh.refused, 0, total=True),
    ]


def _order(plan: Plan) -> str:
    return "in order" if plan.in_order else "in random order"


def _in_memory(plan: Plan) -> list[Case]:
    title = f"REGISTER, {plan.sizes.bindings:,} push bindings, {WINDOW} at a time, {_order(plan)}"
    return [Case(title, plan.registrars(), partial(_closed_loop, plan, Setup()))]


def _durable(plan: Plan) -> list[Case]:
    setup, sizes = Setup(durable=True), plan.sizes
    what = f"REGISTER, {sizes.bindings:,} push bindings on SQLite"
    return [
        Case(
            f"{what}, {WINDOW} at a time, {_order(plan)}",
            plan.registrars(),
            partial(_closed_loop, plan, setup),
        ),
        Case(
            f"{what}, {sizes.rate:,} a second, {_order(plan)}",
            plan.registrars(),
            partial(_fixed_rate, plan, setup),
        ),
    ]


REGISTER = Measure("register", "REGISTER in memory", _in_memory, lambda sizes: sizes.rounds)
DURABLE = Measure(
    "durable", "REGISTER on disk before the 200: SQLite", _durable, lambda sizes: sizes.rounds
)
