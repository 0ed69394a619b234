"""
Many calls at once, and push services that are down (RELIABILITY W1, W2, W3, W5).

How many is set by ``SIPPN_LOAD_CALLS``; the goal of W1 is shown by 100,000, which take ten
minutes, and in CI by a fiftieth of them.
"""

from __future__ import annotations

import os
import random

import pytest
from attrs import evolve

from sippn.binding import Capability, PushOutcome, Verdict
from sippn.errors import ServiceUnavailable
from sippn.push import PushLimits
from sippn.push.breaker import FAILURES
from sippn.service import ServerSettings
from sippn.sip import PushParams
from sippn.testing.house import House
from sippn.testing.pns import MemoryPushProvider
from sippn.wake import Caller, Parking
from sippn.wake.settings import ParkingLimits
from tests.flows.load import Load, wrong
from tests.flows.test_any_order import left

CALLS = int(os.environ.get("SIPPN_LOAD_CALLS", "2000"))
AT_ONCE = 200
OUTAGE = 120  # seconds; W2 has 600
A_SECOND = 10  # calls; W2 has 50


@pytest.fixture
def transport() -> str:
    """What is lost over UDP is repeated: the harder case."""
    return "udp"


@pytest.fixture
def settings(settings: ServerSettings) -> ServerSettings:
    """Nobody is budgeted: all are strangers here."""
    limits = ParkingLimits(parked_per_caller=0, parked_per_callee=0, pushes_per_hour_stranger=0)
    return evolve(settings, parking=limits)


def pass_by(house: House, seconds: float) -> None:
    """Time passes as it does: a clock that jumps skips what would have been done meanwhile."""
    for _ in range(round(20 * seconds)):
        house.run(0.05)


@pytest.mark.parametrize("seed", range(max(1, CALLS // AT_ONCE)))
def test_each_of_many_calls_ends_once_and_in_time(settings: ServerSettings, seed: int) -> None:
    """W1: one final answer each, none before its cause, 480 within 0.5 s, and nothing is left."""
    house = House.built(settings)
    load = Load(house, random.Random(seed))  # noqa: S311 - the same in every run
    load.register(AT_ONCE)
    load.call_all()
    load.end()
    assert wrong(load.plans) == []
    assert len(load.fates) == 9
    assert left(house) == {}
    house.server.stopService()


def test_push_service_that_is_down_is_left_alone(settings: ServerSettings) -> None:
    """W2: a final for each INVITE, at most one probe a second after 20 failures, then back."""
    house = House.built(settings)
    phones = [house.asleep(f"user{number}", f"prid-{number}") for number in range(60)]
    callers = [house.phone(f"caller{number}") for number in range(20)]
    house.pns.at_once = PushOutcome(Verdict.FAILED)
    calls, asked, parked = [], [], []
    for second in range(OUTAGE):
        asked.append(len(house.pns.jobs))
        parked.append(len(house.server.figures.parking))
        for number in range(A_SECOND):
            user = (second * A_SECOND + number) % len(phones)
            calls.append(callers[number % 20].call(f"sip:user{user}@example.com"))
            house.run(1 / A_SECOND)
    down = next(second for second, count in enumerate(asked) if count >= FAILURES)
    assert down < 10
    probes = [
        later - before for before, later in zip(asked[down:], asked[down + 1 :], strict=False)
    ]
    assert max(probes[1:]) <= 1
    assert sum(probes) > len(probes) / 2
    assert max(parked) <= 21 * A_SECOND
    house.pns.at_once, before = PushOutcome(Verdict.ACCEPTED), len(house.pns.jobs)
    pass_by(house, 5)
    back = {job.target.prid for job in house.pns.jobs[before:]}
    assert len(back) > 5
    house.run(60)
    assert [call.failed.called for call in calls] == [True] * OUTAGE * A_SECOND
    pass_by(house, 20)  # in which the last calls are taken back
    house.run(500)
    assert left(house) == {}
    house.server.stopService()


def test_push_service_that_hangs_keeps_nobody_else_waiting(settings: ServerSettings) -> None:
    """W3: in flight <= 100; who comes back by itself has its call; other services are prompt."""
    other = MemoryPushProvider((Capability("other"),), at_once=PushOutcome(Verdict.ACCEPTED))
    house = House.built(evolve(settings, providers=(lambda _: other,)))
    phones = [house.asleep(f"user{number}", f"prid-{number}") for number in range(150)]
    third = house.phone("third")
    third.account = evolve(third.account, push=PushParams("other", "app", "prid-other"))
    house.get(third.register())
    third.sleep()
    bob = house.phone("bob")
    calls = [bob.call(f"sip:user{number}@example.com") for number in range(150)]
    pass_by(house, 1)
    assert len(house.pns.unanswered) == PushLimits().in_flight_per_provider == 100
    woken = bob.call("sip:third@example.com")
    house.run()
    pass_by(house, 0.2)
    assert [job.target.prid for job in other.jobs] == ["prid-other"]
    for phone in (third, phones[0], phones[149]):
        phone.wake()
    house.run()
    assert all(call.answered.called for call in (woken, calls[0], calls[149]))
    house.run(30)
    assert all(call.failed.called for call in calls[1:149])
    house.server.stopService()


def test_ten_thousand_may_wait(settings: ServerSettings) -> None:
    """W5: the limits are those of RELIABILITY unless the operator has others."""
    limits = ParkingLimits()
    assert (limits.parked, limits.parked_per_callee, limits.parked_per_caller) == (10_000, 5, 20)
    parking = Parking(limits)
    callers = [Caller(f"caller{number}") for number in range(501)]
    for number in range(10_000):
        parking.enter(f"sip:user{number}@example.com", callers[number // 20])
    with pytest.raises(ServiceUnavailable) as refused:
        parking.enter("sip:more@example.com", callers[500])
    assert dict(refused.value.headers)["Retry-After"] == "5"
    assert settings.push.in_flight_per_provider == 100
