"""A start when many phones should have been asked to refresh while the server was down."""

from __future__ import annotations

from collections import deque
from functools import partial
from time import perf_counter

from attrs import define, field

from bench.load.again import Again
from bench.load.refreshes import Refreshes
from bench.load.scene import Scene, scene
from bench.measures.databases import Databases
from bench.measures.measure import Measure, milliseconds
from bench.plan import Plan
from bench.report.figures import Case, Figure, counts
from bench.servers.setup import Setup, Subject, start

_SHARE = 0.3
"""Of the phones, those whose refresh is overdue."""

_CALLS = 20.0
"""A second, to phones that are not, meanwhile."""


@define(eq=False)
class _Herd:
    """
    The phones that are asked to refresh, and do.

    :ivar most: pushes to them within any second.
    :ivar again: pushes to one that had been asked before.
    """

    _refreshes: Refreshes
    asked: set[int] = field(factory=set, init=False)
    most: int = field(default=0, init=False)
    again: int = field(default=0, init=False)
    _second: deque[float] = field(factory=deque, init=False)

    def summoned(self, user: int) -> None:
        """Register the phone of *user*."""
        now = perf_counter()
        self._second.append(now)
        while self._second[0] < now - 1.0:
            self._second.popleft()
        self.most = max(self.most, len(self._second))
        self.again += user in self.asked
        self.asked.add(user)
        self._refreshes.send_for(user)


def _restarted(plan: Plan, databases: Databases, subject: Subject) -> list[Figure]:
    sizes = plan.sizes
    with scene(sizes.herd, http=False, again=Again()) as there:
        setup = Setup(
            durable=True,
            database=databases.of(subject),
            pushes=sizes.push_cap,
            push_port=there.service.port,
        )
        refreshes = Refreshes(there.phones, there.ends, range(sizes.herd), _nothing)
        herd = _Herd(refreshes)
        there.phones[0].summoned = herd.summoned
        there.calls.spare(databases.overdue)
        with start(subject, setup, plan.scratch) as server:
            there.meet(server.port)
            there.watch()
            seconds = _until_all_are_asked(there, herd, databases.overdue, sizes.push_cap)
            calls = there.calls
            done = refreshes.statuses[200] + calls.completed
            return [
                Figure("seconds until all were asked", seconds),
                Figure("most pushes to them in a second", herd.most, 0),
                Figure("asked more than once", herd.again, 0, total=True),
                *milliseconds("INVITE to push", calls.invite_to_push),
                *counts(done, databases.overdue + calls.asked - done, calls.doubled),
                Figure("tracebacks", server.tracebacks(), 0, total=True),
            ]


def _until_all_are_asked(there: Scene, herd: _Herd, overdue: int, cap: int) -> float:
    """Call others meanwhile; seconds it took, or three times what it had to and a minute."""
    began, most = perf_counter(), 60.0 + 3.0 * overdue / cap
    while len(herd.asked) < overdue and perf_counter() - began < most:
        there.begin(_CALLS, 0.5)
    seconds = perf_counter() - began
    there.settle()
    there.spend(1.0)
    return seconds


def _nothing() -> None:
    """Nothing follows a refresh."""


def _cases(plan: Plan) -> list[Case]:
    overdue = int(plan.sizes.herd * _SHARE)
    title = f"start with {plan.sizes.herd:,} bindings, {overdue:,} refreshes overdue"
    databases = Databases(plan.scratch, plan.sizes.herd, overdue)
    return [Case(title, plan.sippns(), partial(_restarted, plan, databases))]


HERD = Measure("herd", "a start with many refreshes overdue", _cases, lambda _: 1)
