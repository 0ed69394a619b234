"""A push service that is down, or that takes pushes and says nothing."""

from __future__ import annotations

import re
from collections import deque
from functools import partial
from time import perf_counter

from bench.load.calls import Call
from bench.load.pns import Mode
from bench.load.scene import Scene, scene
from bench.measures.measure import Measure, lost_by_reason, milliseconds
from bench.plan import Plan
from bench.report.figures import Case, Figure, counts
from bench.servers.running import Server
from bench.servers.setup import Setup, Subject, start

_RATE = 50.0
"""INVITEs a second."""

_BEFORE = 20.0  # seconds in which a service may be tried before it has failed 20 times
_BY_ITSELF = 0.5  # seconds after which a phone wakes up that is not pushed
_FINAL = re.compile(r"INVITE [3-6][0-9][0-9]")


def _down(plan: Plan, subject: Subject) -> list[Figure]:
    seconds = plan.sizes.outage
    with scene(plan.sizes.users_at_rate, http=True) as there:
        setup = Setup(http=True, push_port=there.service.port, wait=plan.sizes.wait)
        with start(subject, setup, plan.scratch) as server:
            _prepare(there, server, plan)
            memory, service = server.rss(), there.service
            service.become(Mode.DOWN)
            there.begin(_RATE, min(_BEFORE, seconds / 2))
            tried, since = service.connects, perf_counter()
            there.fixed_rate(_RATE, seconds - min(_BEFORE, seconds / 2))
            tries = (service.connects - tried) / (perf_counter() - since)
            grown = server.rss() - memory
            calls = there.calls
            answered = sum(n for why, n in calls.failed.items() if _FINAL.fullmatch(why))
            asked, answered = calls.asked, answered + calls.completed
            service.become(Mode.ANSWERS)
            return [
                Figure("tries a second once it was known", tries, 2),
                Figure("MiB grown (RSS)", grown / 2**20),
                Figure("seconds from its return to the first push", _first_push(there), 2),
                *counts(answered, asked - answered, calls.doubled),
                Figure("tracebacks", server.tracebacks(), 0, total=True),
            ]


def _hangs(plan: Plan, subject: Subject) -> list[Figure]:
    with scene(plan.sizes.users_at_rate, http=True) as there:
        setup = Setup(http=True, push_port=there.service.port, wait=plan.sizes.wait)
        with start(subject, setup, plan.scratch) as server:
            _prepare(there, server, plan)
            there.service.become(Mode.HANGS)
            _calls_to_phones_that_wake_by_themselves(there, plan.sizes.outage)
            calls = there.calls
            return [
                Figure("most pushes in flight", there.service.unanswered, 0),
                *milliseconds("INVITE to 200", calls.invite_to_answer),
                *counts(calls.completed, calls.asked - calls.completed, calls.doubled),
                *lost_by_reason(calls),
                Figure("tracebacks", server.tracebacks(), 0, total=True),
            ]


def _prepare(there: Scene, server: Server, plan: Plan) -> None:
    """Register all, and have it run as it does."""
    there.meet(server.port)
    there.load(plan.sizes.users_at_rate)
    there.watch()
    there.closed_loop(plan.sizes.warm_up, 10)
    there.calls.patience = 2.0 * plan.sizes.wait  # no answer by then: none will come
    there.calls.forget_figures()


def _first_push(there: Scene) -> float:
    """Call until a push comes; seconds from now."""
    there.calls.forget_figures()
    began, begun = perf_counter(), 0
    while not there.calls.pushes and perf_counter() - began < 60:
        if begun < (perf_counter() - began) * _RATE:
            begun += 1
            there.call()
        there.turn(0.01)
    return perf_counter() - began


def _calls_to_phones_that_wake_by_themselves(there: Scene, seconds: float) -> None:
    """Nobody is pushed, and each phone registers a second after it was called."""
    waking: deque[tuple[float, Call]] = deque()
    began, begun = perf_counter(), 0
    while (now := perf_counter()) - began < seconds or there.calls:
        if begun < min(now - began, seconds) * _RATE:
            begun += 1
            call = there.call()
            if call is not None:
                waking.append((now + _BY_ITSELF, call))
        while waking and waking[0][0] <= now:
            there.wake(waking.popleft()[1])
        there.turn(0.005)


def _cases(plan: Plan) -> list[Case]:
    what = f"for {plan.sizes.outage:g} s at {_RATE:g} INVITEs a second"
    return [
        Case(f"push service down {what}", plan.sippns(), partial(_down, plan)),
        Case(f"push service hangs {what}", plan.sippns(), partial(_hangs, plan)),
    ]


OUTAGE = Measure("outage", "a push service that is down, or hangs", _cases, lambda _: 1)
