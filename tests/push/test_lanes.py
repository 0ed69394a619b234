"""Tests for :mod:`sippn.push.lanes`: what fails in one app holds up no other."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from attrs import define, evolve, field
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from zope.interface import implementer
from zope.interface.verify import verifyObject

from sippn.binding import PushKind, PushOutcome, PushTarget, Verdict
from sippn.events import Bus
from sippn.interfaces import IPushLanes, IPushProvider, Surroundings
from sippn.push import Departures, Lanes, PushLimits
from sippn.push.breaker import FAILURES
from sippn.push.lanes import MOST
from sippn.push.retrying import Retrying
from sippn.service.waking import ways_of
from sippn.testing.pns import MemoryPushProvider
from sippn.testing.results import succeeded
from tests.push.conftest import PHONE, MakeJob

SLOTS = 4
FAILED, TAKEN = PushOutcome(Verdict.FAILED, detail="no connection"), PushOutcome(Verdict.ACCEPTED)
REFUSED = PushOutcome(Verdict.REFUSED, detail="HTTP 403")


@implementer(IPushLanes)
@define(eq=False)
class Apps(MemoryPushProvider):
    """
    A provider whose lanes are apps.

    Those in *hung* never answer, those in *broken* fail, those in *refusing* do.
    """

    hung: set[str] = field(factory=set, init=False)
    broken: set[str] = field(factory=set, init=False)
    refusing: set[str] = field(factory=set, init=False)

    def lane_of(self, target: PushTarget) -> str:
        """Its app."""
        return target.param

    def request_push(self, job: object) -> Deferred[PushOutcome]:
        """As the app does."""
        param = job.target.param  # type: ignore[attr-defined] # it is a job
        self.at_once = None if param in self.hung else FAILED if param in self.broken else TAKEN
        if param in self.refusing:
            self.at_once = REFUSED
        return MemoryPushProvider.request_push(self, job)  # type: ignore[arg-type] # likewise


@pytest.fixture
def apps() -> Apps:
    return Apps()


def way(provider: IPushProvider, clock: Clock, limits: PushLimits | None = None) -> IPushProvider:
    """As a server wraps *provider*."""
    around = Surroundings(None, clock, clock.seconds, bytes)
    limits = limits or PushLimits(pushes_per_second=0, in_flight_per_provider=SLOTS)
    (way,) = ways_of([provider], limits, Departures(), around, Bus())
    return way


@pytest.fixture
def lanes(apps: Apps, clock: Clock) -> Lanes:
    lanes = way(apps, clock)
    assert isinstance(lanes, Lanes)
    return lanes


@pytest.fixture
def ask(lanes: Lanes, make_job: MakeJob) -> Callable[[str], Deferred[PushOutcome]]:
    """One push to a phone of that app."""

    def ask(app: str, kind: PushKind = PushKind.CALL, left: float = 20) -> Deferred[PushOutcome]:
        target = evolve(PHONE, param=app)
        asked = lanes.request_push(make_job(kind, left, target))
        return asked.addErrback(lambda _: FAILED)

    return ask


Ask = Callable[..., "Deferred[PushOutcome]"]


def test_is_a_provider(lanes: Lanes, apps: Apps) -> None:
    """Providers compose by wrapping."""
    assert verifyObject(IPushProvider, lanes)
    assert lanes.capabilities == apps.capabilities
    assert lanes.can_push(PHONE, PushKind.CALL)


def test_provider_without_lanes_costs_no_more(clock: Clock) -> None:
    """W3: what does not fail one by one has the same wrapping as ever."""
    assert isinstance(way(MemoryPushProvider(), clock), Retrying)


def test_hung_app_holds_up_no_other(apps: Apps, ask: Ask, clock: Clock) -> None:
    """W3: an app whose service hangs has so many in flight, and the others their own."""
    apps.hung.add("a")
    hung = [ask("a") for _ in range(2 * SLOTS)]
    assert len(apps.jobs) == SLOTS
    assert succeeded(ask("b")) is TAKEN
    assert not any(one.called for one in hung)
    clock.advance(20)
    assert [succeeded(one).verdict for one in hung] == [Verdict.FAILED] * 2 * SLOTS


def test_app_that_is_down_is_down_alone(
    apps: Apps, ask: Ask, clock: Clock, logged: list[str]
) -> None:
    """W2: one app's breaker is no other's, and its line says which it is."""
    apps.broken.add("com.example.phone")
    for _ in range(FAILURES):
        ask("com.example.phone", left=0.1)
    before = len(apps.jobs)
    ask("com.example.phone", left=0.1)
    assert len(apps.jobs) == before
    assert succeeded(ask("com.example.other")) is TAKEN
    assert [line.partition(":")[0] for line in logged] == [
        "the push service of acme, com.example.phone, is down, and asked once a second from now on"
    ]
    clock.advance(1)


def test_pace_is_of_all(apps: Apps, clock: Clock, make_job: MakeJob) -> None:
    """D4: the server's rate is one, however many lanes there are."""
    paced = way(apps, clock, PushLimits(pushes_per_second=10))
    for number in range(20):
        paced.request_push(make_job(target=evolve(PHONE, param=f"app-{number}")))
    assert len(apps.jobs) == 1
    clock.advance(0.95)
    assert len(apps.jobs) <= 11
    clock.advance(20)


def test_idle_lane_makes_room(lanes: Lanes, apps: Apps, ask: Ask) -> None:
    """Q-07: a UA may name its push service; lanes of the past are forgotten, the oldest first."""
    for number in range(3 * MOST):
        assert succeeded(ask(f"app-{number}")) is TAKEN
    assert len(lanes) == MOST
    first = 3 * MOST - MOST
    ask(f"app-{first}")  # used again, so the next to go is its follower
    ask("one more")
    assert f"app-{first}" in lanes._lanes
    assert f"app-{first + 1}" not in lanes._lanes


def test_lane_that_is_down_is_remembered(lanes: Lanes, apps: Apps, ask: Ask) -> None:
    """W2: by naming more apps nobody has a service asked that is known to be down."""
    apps.broken.add("down")
    for _ in range(FAILURES):
        ask("down", left=0.1)
    before = len(apps.jobs)
    for number in range(2 * MOST):
        ask(f"app-{number}")
    ask("down", left=0.1)
    assert len(apps.jobs) == before + 2 * MOST


def test_lanes_that_come_and_go_fill_no_log(
    lanes: Lanes, apps: Apps, ask: Ask, logged: list[str]
) -> None:
    """Q-07, N-05: what was told of a lane is not told anew by the next one of its name."""
    apps.refusing |= {f"app-{number}" for number in range(2 * MOST)}
    for _ in range(3):
        for app in apps.refusing:
            ask(app)
    assert len(lanes) == MOST
    assert len(logged) == MOST + 1


def test_lanes_in_use_stay_and_the_rest_go_together(
    lanes: Lanes, apps: Apps, ask: Ask, clock: Clock
) -> None:
    """Q-07: while so many are in use, all that are new have one lane."""
    apps.hung |= {f"app-{number}" for number in range(MOST + 2 * SLOTS)}
    for number in range(MOST + 2 * SLOTS):
        ask(f"app-{number}")
    assert len(lanes) == MOST
    assert len(apps.jobs) == MOST + SLOTS
    clock.advance(20)
    assert succeeded(ask("late")) is TAKEN
    assert "late" in lanes._lanes


def test_priority_is_kept_in_a_lane(apps: Apps, ask: Ask, clock: Clock) -> None:
    """Appendix A: CALL before MID before MESSAGE before REFRESH before CANCEL, in each lane."""
    apps.hung.add("a")
    in_flight = [ask("a") for _ in range(SLOTS)]
    kinds = [
        PushKind.CANCEL,
        PushKind.REFRESH,
        PushKind.MESSAGE,
        PushKind.MID_DIALOG,
        PushKind.CALL,
    ]
    for kind in kinds:
        ask("a", kind)
    apps.jobs.clear()
    while apps.unanswered:
        apps.answer()
    assert [job.kind for job in apps.jobs] == kinds[::-1]
    assert all(one.called for one in in_flight)
    clock.advance(20)
