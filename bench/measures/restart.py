"""A start with many bindings on disk."""

from __future__ import annotations

from functools import partial

from bench.load.scene import Scene, scene
from bench.measures.databases import Databases
from bench.measures.measure import Measure
from bench.plan import Plan
from bench.report.figures import Case, Figure, counts
from bench.servers.setup import Setup, Subject, start


def _restarted(plan: Plan, databases: Databases, subject: Subject) -> list[Figure]:
    number, sizes = plan.sizes.restored, plan.sizes
    with scene(number, http=False) as there:
        setup = Setup(durable=True, database=databases.of(subject), push_port=there.service.port)
        with start(subject, setup, plan.scratch) as server:
            there.meet(server.port)
            first = there.line.register([number - 1])
            seconds = server.came_up + first.seconds
            started = server.rss()
            _look_up(there, sizes.looked_up)
            calls = there.calls
            return [
                Figure("seconds to the first REGISTER's 200", seconds, 2, ratio=True),
                Figure("MiB after that (RSS)", started / 2**20, 0),
                Figure("MiB after the calls (RSS)", server.rss() / 2**20, 0),
                *counts(calls.completed + first.ok,
                        calls.asked - calls.completed + 1 - first.ok, calls.doubled),
            ]  # fmt: skip


def _look_up(there: Scene, number: int) -> None:
    """Call some of the phones: each is pushed by its own PRID, or the call is lost."""
    there.watch()
    there.calls.shuffle(number)
    there.closed_loop(number, min(10, number))


def _cases(plan: Plan) -> list[Case]:
    restored, called = plan.sizes.restored, plan.sizes.looked_up
    run = partial(_restarted, plan, Databases(plan.scratch, restored))
    title = f"start with {restored:,} bindings on SQLite, then {called:,} calls"
    return [Case(title, plan.sippns(), run)]


RESTART = Measure(
    "restart", "a start with many bindings on disk", _cases, lambda sizes: sizes.rounds
)
