"""Tests for :mod:`sippn.push.alarms`: what is wrong with the configuration is said once."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock
from twisted.logger import LogLevel, capturedLogs, formatEvent

from sippn.binding import PushOutcome, Verdict
from sippn.events import Bus
from sippn.push.alarms import DEAD_IN_A_ROW, Alarms
from sippn.push.departures import Departures
from sippn.push.metered import Metered
from sippn.push.told import AGAIN, RELAPSE, Told
from sippn.testing.pns import MemoryPushProvider
from tests.push.conftest import MakeJob

ADVICE = "the topic is not this key's: check apps in [[push.provider]]"
REFUSED = PushOutcome(Verdict.REFUSED, detail="403 InvalidProviderToken", advice=ADVICE)
OTHER = PushOutcome(Verdict.REFUSED, detail="400 TopicDisallowed")
TAKEN = PushOutcome(Verdict.ACCEPTED)


@pytest.fixture
def alarms(clock: Clock) -> Alarms:
    return Alarms(MemoryPushProvider(), Told(clock), "com.example.phone")


def test_refusal_is_told_once_with_what_to_do(alarms: Alarms) -> None:
    """N-05, N-10: what is wrong with the configuration is one error line, and says the cure."""
    with capturedLogs() as events:
        for _ in range(100):
            alarms.answered(REFUSED)
    (event,) = events
    assert event["log_level"] is LogLevel.error
    assert formatEvent(event) == (
        "the push service of acme, com.example.phone, refuses our pushes:"
        f" 403 InvalidProviderToken ({ADVICE})"
    )


def test_each_detail_is_told(alarms: Alarms, logged: list[str]) -> None:
    """N-05: two things that are wrong are two lines; without advice the code stands alone."""
    for outcome in (REFUSED, OTHER, REFUSED, OTHER):
        alarms.answered(outcome)
    assert len(logged) == 2
    assert logged[1].endswith("refuses our pushes: 400 TopicDisallowed")


def test_it_is_told_again_after_an_hour(alarms: Alarms, clock: Clock, logged: list[str]) -> None:
    """N-05: an operator who missed it has a line an hour, however many pushes are refused."""
    for _ in range(3 * 60):
        alarms.answered(REFUSED)
        clock.advance(60)
    assert len(logged) == 3
    assert AGAIN == 3600


def test_end_is_told(alarms: Alarms, logged: list[str]) -> None:
    """N-05: when a push is taken again that is one line, too."""
    alarms.answered(TAKEN)
    alarms.answered(REFUSED)
    alarms.answered(OTHER)
    for _ in range(3):
        alarms.answered(TAKEN)
    assert logged[2:] == ["the push service of acme, com.example.phone, takes our pushes again"]


def test_relapse_is_told_sooner_and_not_at_once(
    alarms: Alarms, clock: Clock, logged: list[str]
) -> None:
    """N-05: a key that is refused again is told of; one bad phone among good ones fills no log."""
    for _ in range(round(2 * RELAPSE)):
        alarms.answered(REFUSED)
        alarms.answered(TAKEN)
        clock.advance(1)
    assert [line.partition(" refuses ")[1] != "" for line in logged] == [True, False] * 2


@pytest.mark.parametrize("verdict", [v for v in Verdict if v is not Verdict.REFUSED])
def test_all_else_is_no_alarm(alarms: Alarms, verdict: Verdict, logged: list[str]) -> None:
    """N-05: dead tokens and services that are down are told apart from bad configuration."""
    alarms.answered(PushOutcome(verdict, detail="410 Unregistered", advice=ADVICE))
    assert logged == []


def dead(detail: str = "400 BadDeviceToken") -> PushOutcome:
    """A token is."""
    return PushOutcome(Verdict.DEAD, detail=detail, advice="sandbox is wrong")


def test_nothing_but_dead_tokens_is_an_alarm(alarms: Alarms, logged: list[str]) -> None:
    """N-05: where no token is known, the environment or the app is wrong, and that is said."""
    for _ in range(5 * DEAD_IN_A_ROW):
        alarms.answered(dead())
    alarms.answered(TAKEN)
    assert logged == [
        (
            "the push service of acme, com.example.phone, knows none of our tokens:"
            " 400 BadDeviceToken (sandbox is wrong)"
        ),
        "the push service of acme, com.example.phone, takes our pushes again",
    ]


def test_dead_tokens_among_living_ones_are_none(alarms: Alarms, logged: list[str]) -> None:
    """N-05: apps are removed from phones every day."""
    for number in range(10 * DEAD_IN_A_ROW):
        alarms.answered(dead("410 Unregistered" if number % 5 else "400 BadDeviceToken"))
    for number in range(10 * DEAD_IN_A_ROW):
        alarms.answered(dead() if number % DEAD_IN_A_ROW else TAKEN)
    assert logged == []


def test_every_answer_is_told_of(clock: Clock, make_job: MakeJob, logged: list[str]) -> None:
    """N-05: whatever was pushed, and whoever waits for it still."""
    pns = MemoryPushProvider()
    metered = Metered(pns, clock, Bus(), Departures(), Alarms(pns, Told(clock)))
    metered.request_push(make_job())
    pns.answer(REFUSED)
    assert [line.partition(":")[0] for line in logged] == [
        "the push service of acme refuses our pushes"
    ]


def test_nothing_of_a_phone_is_told(clock: Clock, make_job: MakeJob) -> None:
    """T7: neither a PRID nor whose it is."""
    pns = MemoryPushProvider()
    metered = Metered(pns, clock, Bus(), Departures(), Alarms(pns, Told(clock)))
    with capturedLogs() as events:
        metered.request_push(make_job())
        pns.answer(REFUSED)
    text = repr(events)
    assert not [word for word in ("token-1", "alice") if word in text]
