"""INVITEs that wait for phones that do not wake up: what one costs, and what it costs others."""

from __future__ import annotations

from functools import partial

from bench.load.line import WINDOW
from bench.load.scene import Scene, scene
from bench.measures.measure import Measure, answered, cost, shuffled
from bench.plan import Plan
from bench.report.figures import Case, Figure, counts
from bench.servers.running import Server
from bench.servers.setup import Setup, Subject, start

_WAIT = 150
"""Seconds an INVITE may wait: longer than a run takes."""

_TIMES = 5
"""Refreshes of each binding that nobody calls."""


def _parked(plan: Plan, number: int, subject: Subject) -> list[Figure]:
    most, probes = max(plan.sizes.parked), plan.sizes.probes
    with scene(most, http=False) as there:
        setup = Setup(push_port=there.service.port, wait=_WAIT)
        with start(subject, setup, plan.scratch) as server:
            there.meet(server.port)
            there.line.load(most + probes)  # as many, however many of them are called
            figures = _park(there, server, number) if number else []
            bystanders = [most + probe for probe in shuffled(probes, plan)] * _TIMES
            asker = there.line.prepare(bystanders)
            with cost(server) as used:
                refresh = asker.closed_loop(WINDOW)
        pushed = there.calls.pushes
    return [
        *answered("refresh of another binding", refresh, used),
        *figures,
        *counts(refresh.ok + pushed, refresh.lost + refresh.refused + number - pushed),
    ]


def _park(there: Scene, server: Server, number: int) -> list[Figure]:
    """Have *number* INVITEs wait; what one cost, and the memory it takes."""
    there.watch()
    before = server.pss()
    with cost(server) as used:
        there.park(number, WINDOW)
    pushed = there.calls.pushes
    return [
        Figure("to take, park and push an INVITE: cpu us", used.of(number), 0),
        Figure("octets a parked INVITE (Pss)", (server.pss() - before) / max(1, pushed), 0),
        *_late(there),
    ]


def _late(there: Scene) -> list[Figure]:
    """What else reached the phones, which is nothing."""
    return [Figure("surplus pushes", there.calls.surplus, 0, total=True)]


def _cases(plan: Plan) -> list[Case]:
    return [
        Case(
            f"{number:,} INVITEs wait, {plan.sizes.probes:,} other bindings are refreshed",
            plan.wakers(),
            partial(_parked, plan, number),
            series="INVITEs waiting",
            at=number,
        )
        for number in plan.sizes.parked
    ]


PARKED = Measure("parked", "INVITEs that wait, and what they cost others", _cases,
                 lambda sizes: sizes.pairs)  # fmt: skip
