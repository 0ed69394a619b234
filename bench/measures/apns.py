"""Woken calls whose pushes go to APNs: over HTTP/2 and TLS, with a token that is signed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count

from attrs import define, field, frozen

from bench.load.calls import Calls
from bench.load.scene import Scene, scene
from bench.measures.measure import Cost, Measure, cost, lost_by_reason, milliseconds
from bench.plan import Plan
from bench.report.figures import Case, Figure, counts
from bench.servers.push import Counts, PushServer, push_server
from bench.servers.running import Server
from bench.servers.setup import Setup, Subject, start
from bench.servers.sippn import Sippn

_IN_FLIGHT = 1_000  # pushes: what is measured is the work, not how it is bounded
_PARTS = 5  # of the pushes, after each of which the memory is looked at
_FIRST = 3  # of these fill what is kept for half a minute, as answers to what may come again


@frozen
class _Pushed:
    """
    What a run of calls came to.

    :ivar service: None: they were pushed by datagrams.
    """

    calls: Calls
    used: Cost
    seconds: float
    service: Counts | None

    @property
    def cost(self) -> float:
        """CPU microseconds a call, not a number if none was asked for."""
        return self.used.of(self.calls.asked)


@contextmanager
def _prepared(
    plan: Plan, subject: Subject, goaway: int | None
) -> Iterator[tuple[Scene, Server, PushServer | None]]:
    """
    A server whose phones are registered.

    :param goaway: after so many streams APNs says that; 0: never; None: pushes are datagrams.
    """
    with (
        scene(plan.sizes.users, http=False) as there,
        push_server(plan.scratch, there.service.port, goaway or 0) as service,
    ):
        if goaway is None:  # by the same process: what runs besides makes all else dearer, too
            setup = Setup(push_port=service.datagram_port)
        else:
            setup = Setup(providers=service.providers, in_flight=_IN_FLIGHT)
        with start(subject, setup, plan.scratch) as server:
            _warm(there, server, plan)
            yield there, server, None if goaway is None else service


def _warm(there: Scene, server: Server, plan: Plan) -> None:
    there.meet(server.port)
    there.load(plan.sizes.users)
    there.watch()
    there.closed_loop(plan.sizes.warm_up, 10)
    there.calls.forget_figures()


def _pushed(plan: Plan, subject: Subject, goaway: int | None) -> _Pushed:
    with _prepared(plan, subject, goaway) as (there, server, service):
        before = service.counts() if service else None
        with cost(server) as used:
            seconds = there.closed_loop(plan.sizes.pushed, plan.sizes.pushed_at_a_time)
        after = service.counts() if service else None
        return _Pushed(there.calls, used, seconds, _since(before, after))


def _since(before: Counts | None, after: Counts | None) -> Counts | None:
    if before is None or after is None:
        return None
    return Counts(
        after.acted - before.acted,
        after.different - before.different,
        after.doubled - before.doubled,
        after.connections,
    )


@define(eq=False)
class _Pairs:
    """
    The same calls by APNs and by datagram, the order turned round each time.

    What an hour makes dearer it makes so for both: the difference is the client's.
    """

    _plan: Plan
    _goaway: int
    _numbers: Iterator[int] = field(factory=count, init=False)

    def __call__(self, subject: Subject) -> list[Figure]:
        """One pair."""
        ways: list[int | None] = [None, self._goaway]
        if next(self._numbers) % 2:
            ways.reverse()
        runs = {way: _pushed(self._plan, subject, way) for way in ways}
        apns, datagram = runs[self._goaway], runs[None]
        return [
            Figure("client's cpu us a push", apns.cost - datagram.cost, 0, ratio=True),
            Figure("cpu us a call", apns.cost, 0),
            Figure("cpu us a call, by datagram", datagram.cost, 0),
            *_of_calls(apns),
            *_of_pushes(apns),
        ]


def _of_calls(run: _Pushed) -> list[Figure]:
    calls = run.calls
    return [
        Figure("calls a second", calls.completed / run.seconds, 0),
        *milliseconds("INVITE to push", calls.invite_to_push),
        *milliseconds("INVITE to 200", calls.invite_to_answer),
        *counts(calls.completed, calls.asked - calls.completed, calls.doubled),
        Figure("INVITEs sent again", calls.repeated, 0, total=True),
        *lost_by_reason(calls),
    ]


def _of_pushes(run: _Pushed) -> list[Figure]:
    service = run.service
    if service is None:
        return []
    return [
        Figure("pushes that reached a phone", service.acted, 0, total=True),
        Figure("of these different ones", service.different, 0, total=True),
        Figure("pushes doubled", service.doubled, 0, total=True),
        Figure("pushes that no call waited for", run.calls.surplus, 0, total=True),
        Figure("connections to APNs", service.connections, 0),
    ]


def _memory(plan: Plan, subject: Subject) -> list[Figure]:
    part = plan.sizes.pushes // _PARTS
    grown: list[Figure] = []
    sizes: list[float] = []
    with _prepared(plan, subject, 0) as (there, server, service):
        for number in range(1, _PARTS + 1):
            there.closed_loop(part, plan.sizes.pushed_at_a_time)
            sizes.append(server.rss() / 2**20)
            grown.append(Figure(f"MiB after {number * part:,} pushes (RSS)", sizes[-1]))
        acted = service.counts() if service else None
        calls = there.calls
        return [
            *grown,
            Figure("MiB grown in the last two parts", sizes[-1] - sizes[_FIRST - 1]),
            Figure("pushes doubled", acted.doubled if acted else math.nan, 0, total=True),
            *counts(calls.completed, calls.asked - calls.completed, calls.doubled),
            *lost_by_reason(calls),
            Figure("tracebacks", server.tracebacks(), 0, total=True),
        ]


def _subjects(plan: Plan) -> list[Subject]:
    """Those that can push to APNs by themselves."""
    sippns = [one for one in plan.sippns() if isinstance(one, Sippn)]
    return [one for one in sippns if (one.tree / "sippn/providers/apns").is_dir()]


def _cases(plan: Plan) -> list[Case]:
    sizes, subjects = plan.sizes, _subjects(plan)
    what = f"{sizes.pushed:,} woken calls, {sizes.pushed_at_a_time} at a time, push by APNs"
    again = f", GOAWAY every {sizes.goaway} streams"
    return [
        Case(what, subjects, _Pairs(plan, 0)),
        Case(what + again, subjects, _Pairs(plan, sizes.goaway)),
    ]


def _memory_cases(plan: Plan) -> list[Case]:
    run: Callable[[Subject], list[Figure]] = partial(_memory, plan)
    return [Case(f"memory, {plan.sizes.pushes:,} pushes by APNs", _subjects(plan), run)]


APNS = Measure("apns", "woken calls, push by APNs", _cases, lambda sizes: sizes.rounds)
APNS_MEMORY = Measure("apns-memory", "memory while APNs is pushed to", _memory_cases, lambda _: 1)
