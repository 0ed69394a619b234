"""How long a phone and a caller wait for the server itself: REGISTER to INVITE, INVITE to push."""

from __future__ import annotations

from functools import partial

from bench.load.mixed import CALLS, REFRESHES, Mixed
from bench.load.scene import scene
from bench.measures.measure import Measure, milliseconds
from bench.plan import Plan
from bench.report.figures import Case, Figure, counts
from bench.servers.setup import Setup, Subject, start

_IDLE = 25.0
"""Operations a second when there is little to do."""


def _waited(plan: Plan, rate: float, subject: Subject) -> list[Figure]:
    """Refreshes and calls, *rate* of both a second."""
    users, sizes = plan.sizes.users_at_rate, plan.sizes
    with scene(users, http=False) as there:
        with start(subject, Setup(push_port=there.service.port), plan.scratch) as server:
            there.meet(server.port)
            there.load(users * 2)
            there.watch()
            there.closed_loop(sizes.warm_up, 10)
            load = Mixed.of(there, range(users, users * 2))
            load.fixed_rate(rate, sizes.call_seconds)
            load.settle()
        calls = there.calls
        asked = calls.asked + load.refreshes.asked
        return [
            *milliseconds("REGISTER to INVITE", calls.register_to_invite),
            *milliseconds("INVITE to push", calls.invite_to_push),
            *counts(load.done, asked - load.done, calls.doubled),
        ]


def _cases(plan: Plan) -> list[Case]:
    return [
        Case(
            f"{rate * REFRESHES:g} refreshes and {rate * CALLS:g} woken calls a second",
            plan.wakers(),
            partial(_waited, plan, rate),
        )
        for rate in (_IDLE, plan.sizes.registers / REFRESHES)
    ]


DELAY = Measure("delay", "what a phone waits for the server", _cases, lambda sizes: sizes.rounds)
