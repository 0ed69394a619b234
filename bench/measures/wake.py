"""Woken calls: INVITE, push, REGISTER of the phone, late INVITE, 180 and 200, ACK, BYE and 200."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from bench.load.again import Again
from bench.load.calls import Calls
from bench.load.scene import Scene, scene
from bench.measures.measure import Cost, Measure, cost, lost_by_reason, milliseconds
from bench.plan import Plan
from bench.report.figures import Case, Figure, counts
from bench.servers.setup import Setup, Subject, start

_AT_A_TIME_TO_WARM_UP = 10

Load = Callable[[Scene], float]
"""Calls of a scene; the seconds they took."""


def _woken(plan: Plan, http: bool, users: int, load: Load, subject: Subject) -> list[Figure]:
    with scene(users, http=http, again=Again() if plan.again else None) as there:
        setup = Setup(http=http, push_port=there.service.port)
        with start(subject, setup, plan.scratch) as server:
            there.meet(server.port)
            registered = there.line.load(users)
            if registered.ok < users:
                return counts(0, plan.sizes.calls)
            there.watch()
            there.closed_loop(plan.sizes.warm_up, _AT_A_TIME_TO_WARM_UP)
            there.calls.forget_figures()
            driver = time.process_time()
            with cost(server) as used:
                seconds = load(there)
            driver = time.process_time() - driver
        return _figures(there.calls, used, seconds, driver)


def _figures(calls: Calls, used: Cost, seconds: float, driver: float) -> list[Figure]:
    return [
        Figure("cpu us a call", used.of(calls.asked), 0, ratio=True),
        Figure("calls a second", calls.completed / seconds, 0),
        *milliseconds("INVITE to push", calls.invite_to_push),
        *milliseconds("REGISTER to INVITE", calls.register_to_invite),
        *milliseconds("INVITE to 200", calls.invite_to_answer),
        *counts(calls.completed, calls.asked - calls.completed, calls.doubled),
        Figure("INVITEs sent again", calls.repeated, 0, total=True),
        *lost_by_reason(calls),
        Figure("driver's cpu us a call", driver / max(1, calls.asked) * 1e6, 0),
    ]


def _cases(http: bool, plan: Plan) -> list[Case]:
    sizes, cases = plan.sizes, []
    what = f"woken call, push by {'HTTP' if http else 'datagram'}"
    for number in sizes.at_a_time:
        load = partial(_closed_loop, sizes.calls, number)
        run = partial(_woken, plan, http, sizes.users, load)
        cases.append(Case(f"{what}, {number} at a time", plan.wakers(), run))
    for rate in sizes.http_rates if http else sizes.rates:
        load = partial(_fixed_rate, rate, sizes.call_seconds)
        run = partial(_woken, plan, http, sizes.users_at_rate, load)
        title = f"{what}, {rate} a second for {sizes.call_seconds:g} s"
        cases.append(Case(title, plan.wakers(), run))
    return cases


def _closed_loop(calls: int, at_a_time: int, there: Scene) -> float:
    return there.closed_loop(calls, at_a_time)


def _fixed_rate(rate: float, seconds: float, there: Scene) -> float:
    return there.fixed_rate(rate, seconds)


WAKE = Measure(
    "wake", "woken calls, a datagram a push", partial(_cases, False), lambda sizes: sizes.rounds
)
WEBHOOK = Measure(
    "webhook", "woken calls, push by HTTP", partial(_cases, True), lambda sizes: sizes.rounds
)
