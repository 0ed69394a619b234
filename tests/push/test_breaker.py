"""Tests for :mod:`sippn.push.breaker`: a push service that is down is asked now and then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import count, islice

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from sippn.binding import PushKind, PushOutcome, PushTarget, Verdict
from sippn.interfaces import IPushProvider
from sippn.push import Limited, Line, Pace, Slots
from sippn.push.breaker import DOWN, FAILURES, LONGEST_HOLD, TOLD_TO_WAIT, Breaker
from sippn.testing.pns import MemoryPushProvider
from sippn.testing.results import succeeded
from tests.push.conftest import PHONE, MakeJob


@pytest.fixture
def breaker(pns: MemoryPushProvider, clock: Clock) -> Breaker:
    return Breaker(pns, clock)


def push(breaker: Breaker, pns: MemoryPushProvider, verdict: Verdict, make_job: MakeJob) -> None:
    """One push that comes to *verdict*."""
    asked = breaker.request_push(make_job())
    assert pns.answer(verdict)
    assert succeeded(asked).verdict is verdict


def break_down(breaker: Breaker, pns: MemoryPushProvider, make_job: MakeJob) -> None:
    """So many that it is taken for down."""
    for _ in range(FAILURES):
        push(breaker, pns, Verdict.FAILED, make_job)


def test_is_a_provider(breaker: Breaker, pns: MemoryPushProvider) -> None:
    """Providers compose by wrapping."""
    assert verifyObject(IPushProvider, breaker)
    assert breaker.capabilities == pns.capabilities
    assert breaker.can_push(PHONE, PushKind.CALL)


def test_service_that_is_down_is_asked_once_a_second(
    breaker: Breaker, pns: MemoryPushProvider, clock: Clock, make_job: MakeJob
) -> None:
    """W2: after 20 failures at most one probe a second, however many wait; nothing piles up."""
    break_down(breaker, pns, make_job)
    asked_before = len(pns.jobs)
    for _ in range(80):
        clock.advance(0.125)
        for _ in range(5):
            breaker.request_push(make_job())
    assert len(pns.jobs) - asked_before == 10
    assert breaker.spared == 390


def test_others_fail_at_once(breaker: Breaker, pns: MemoryPushProvider, make_job: MakeJob) -> None:
    """W2: who retries has time left, and has taken no place in a line."""
    break_down(breaker, pns, make_job)
    assert breaker.is_down
    assert succeeded(breaker.request_push(make_job())) is DOWN


@pytest.mark.parametrize("verdict", [v for v in Verdict if v is not Verdict.FAILED])
def test_first_answer_lets_all_through(
    breaker: Breaker, pns: MemoryPushProvider, clock: Clock, make_job: MakeJob, verdict: Verdict
) -> None:
    """W2: first push at most 5 s after it is back; to say no is an answer."""
    break_down(breaker, pns, make_job)
    clock.advance(1)
    push(breaker, pns, verdict, make_job)
    assert not breaker.is_down
    before = len(pns.jobs)
    for _ in range(50):
        breaker.request_push(make_job())
    assert len(pns.jobs) - before == 50


def test_failed_probe_keeps_it_down(
    breaker: Breaker, pns: MemoryPushProvider, clock: Clock, make_job: MakeJob
) -> None:
    """W2: one more failure is not a new beginning."""
    break_down(breaker, pns, make_job)
    clock.advance(1)
    push(breaker, pns, Verdict.FAILED, make_job)
    assert succeeded(breaker.request_push(make_job())) is DOWN


def test_failures_have_to_be_in_a_row(
    breaker: Breaker, pns: MemoryPushProvider, make_job: MakeJob
) -> None:
    """A service that fails now and then is not down."""
    for _ in range(3):
        for _ in range(FAILURES - 1):
            push(breaker, pns, Verdict.FAILED, make_job)
        push(breaker, pns, Verdict.ACCEPTED, make_job)
    assert not breaker.is_down


def test_push_that_was_given_up_says_nothing(
    breaker: Breaker, pns: MemoryPushProvider, make_job: MakeJob
) -> None:
    """Callers hang up: that is no fault of the service."""
    for _ in range(2 * FAILURES):
        asked: Deferred[PushOutcome] = breaker.request_push(make_job())
        asked.addErrback(lambda _: None)
        asked.cancel()
    assert not breaker.is_down


def test_log_says_when_and_never_for_whom(
    breaker: Breaker,
    pns: MemoryPushProvider,
    clock: Clock,
    make_job: MakeJob,
    logged: list[str],
) -> None:
    """W2: one line when it goes down and one when it is back; T7: no PRID."""
    break_down(breaker, pns, make_job)
    clock.advance(600)
    push(breaker, pns, Verdict.FAILED, make_job)
    clock.advance(1)
    push(breaker, pns, Verdict.ACCEPTED, make_job)
    assert [line.partition(" of ")[0] for line in logged] == ["the push service"] * 2
    assert "is down" in logged[0]
    assert "back after 601 s" in logged[1]
    assert PHONE.prid not in "".join(logged)


def test_one_phone_that_fails_often_breaks_nothing(
    breaker: Breaker, pns: MemoryPushProvider, make_job: MakeJob
) -> None:
    """W2: a push that is tried again and again is one failure; its service may be well."""
    job = make_job()
    for _ in range(2 * FAILURES):
        asked = breaker.request_push(job)
        assert pns.answer(Verdict.FAILED)
        succeeded(asked)
    assert not breaker.is_down


def phones() -> Iterator[PushTarget]:
    """One after the other."""
    return (evolve(PHONE, prid=f"token-{number}") for number in count())


def told_to_wait(
    breaker: Breaker,
    pns: MemoryPushProvider,
    make_job: MakeJob,
    targets: Iterable[PushTarget],
    seconds: float = 30,
) -> None:
    """Pushes to these, each of which is to come back later."""
    busy = PushOutcome(Verdict.BUSY, detail="HTTP 503", retry_after=seconds)
    for target in targets:
        breaker.request_push(make_job(target=target))
        pns.answer(busy)


def test_service_that_tells_all_to_wait_is_left_alone(
    breaker: Breaker, pns: MemoryPushProvider, clock: Clock, make_job: MakeJob, logged: list[str]
) -> None:
    """W2: a Retry-After that everybody gets is kept for everybody; then one finds out."""
    told_to_wait(breaker, pns, make_job, islice(phones(), TOLD_TO_WAIT))
    assert breaker.is_held
    clock.advance(29)
    spared = succeeded(breaker.request_push(make_job()))
    assert (spared.verdict, spared.retry_after) == (Verdict.BUSY, 1)
    clock.advance(1)
    before = len(pns.jobs)
    for _ in range(10):
        breaker.request_push(make_job())
    assert len(pns.jobs) == before + 1
    pns.answer(Verdict.ACCEPTED)
    assert not breaker.rests
    assert [line.partition(" acme ")[2] for line in logged] == [
        "has told all to wait, and is left alone for 30 s",
        "is back after 30 s",
    ]


def test_phone_that_is_asked_too_often_stops_no_other(
    breaker: Breaker, pns: MemoryPushProvider, make_job: MakeJob
) -> None:
    """Q-03: APNs' TooManyRequests is about one device, whose calls alone have to wait."""
    told_to_wait(breaker, pns, make_job, [PHONE] * 5 * TOLD_TO_WAIT)
    assert not breaker.rests


def test_others_that_are_taken_in_between_say_it_is_not_all(
    breaker: Breaker, pns: MemoryPushProvider, make_job: MakeJob
) -> None:
    """Q-03: phones that are told to wait one by one are no service that does."""
    targets = phones()
    for _ in range(5):
        told_to_wait(breaker, pns, make_job, islice(targets, TOLD_TO_WAIT - 1))
        push(breaker, pns, Verdict.ACCEPTED, make_job)
    assert not breaker.rests


def test_busy_without_a_time_holds_nobody(
    breaker: Breaker, pns: MemoryPushProvider, make_job: MakeJob
) -> None:
    """Appendix A: each is retried by itself."""
    for _ in range(3 * TOLD_TO_WAIT):
        push(breaker, pns, Verdict.BUSY, make_job)
    assert not breaker.rests


def test_hold_ends_in_a_minute(
    breaker: Breaker, pns: MemoryPushProvider, clock: Clock, make_job: MakeJob
) -> None:
    """W2: a Retry-After of an hour is asked about once a minute, and by one push."""
    targets = phones()
    told_to_wait(breaker, pns, make_job, islice(targets, TOLD_TO_WAIT), 3600)
    before = len(pns.jobs)
    for _ in range(600):
        clock.advance(1)
        for target in islice(targets, 3):
            breaker.request_push(make_job(target=target))
            if pns.unanswered:
                pns.answer(PushOutcome(Verdict.BUSY, retry_after=3600))
    assert len(pns.jobs) - before == 10


def test_hold_that_becomes_an_outage_is_told_as_one(
    breaker: Breaker, pns: MemoryPushProvider, clock: Clock, make_job: MakeJob, logged: list[str]
) -> None:
    """W2: a service that first tells all to wait and then is gone is asked once a second."""
    told_to_wait(breaker, pns, make_job, islice(phones(), TOLD_TO_WAIT), 1)
    for _ in range(FAILURES):
        clock.advance(1)
        push(breaker, pns, Verdict.FAILED, make_job)
    assert breaker.is_down
    assert not breaker.is_held
    assert succeeded(breaker.request_push(make_job())) is DOWN
    clock.advance(1)
    push(breaker, pns, Verdict.ACCEPTED, make_job)
    assert [word for line in logged for word in ("told", "down", "back") if word in line] == [
        "told",
        "down",
        "back",
    ]


def test_outage_may_end_with_a_busy_service(
    breaker: Breaker, pns: MemoryPushProvider, clock: Clock, make_job: MakeJob
) -> None:
    """W2: one that is told to wait has been answered: the others are asked."""
    break_down(breaker, pns, make_job)
    clock.advance(1)
    told_to_wait(breaker, pns, make_job, [PHONE])
    assert not breaker.rests


def test_own_pace_breaks_no_service(
    pns: MemoryPushProvider, clock: Clock, make_job: MakeJob
) -> None:
    """W2: pushes that our limits kept back until they were late say nothing of the service."""
    pns.at_once = PushOutcome(Verdict.ACCEPTED)
    breaker = Breaker(Limited(pns, clock, Slots(100), Pace(clock, 2)), clock)
    asked = [breaker.request_push(make_job(left=2.1)) for _ in range(3 * FAILURES)]
    for _ in range(21):
        clock.advance(0.1)
    assert Counter(succeeded(each).verdict for each in asked)[Verdict.FAILED] > FAILURES
    assert not breaker.is_down


def test_line_that_is_full_breaks_no_service(
    pns: MemoryPushProvider, clock: Clock, make_job: MakeJob
) -> None:
    """W2: more pushes at once than there is room for are no fault of the service's."""
    breaker = Breaker(Limited(pns, clock, Slots(2, Line(5)), Pace(clock, 0)), clock)
    asked = [breaker.request_push(make_job()) for _ in range(3 * FAILURES)]
    assert sum(each.called for each in asked) > FAILURES
    assert not breaker.is_down
    while pns.unanswered:
        pns.answer()


def test_service_that_hangs_is_down(
    pns: MemoryPushProvider, clock: Clock, make_job: MakeJob
) -> None:
    """W2: pushes that it was asked and left without an answer are its fault, whoever waits."""
    breaker = Breaker(Limited(pns, clock, Slots(FAILURES), Pace(clock, 0)), clock)
    for _ in range(2 * FAILURES):
        breaker.request_push(make_job(left=5))
    clock.advance(5)
    assert breaker.is_down


def test_service_is_not_held_by_what_was_long_ago(
    breaker: Breaker, pns: MemoryPushProvider, clock: Clock, make_job: MakeJob
) -> None:
    """Q-03: phones that are told to wait now and then are no service that tells all to."""
    for target in islice(phones(), 3 * TOLD_TO_WAIT):
        told_to_wait(breaker, pns, make_job, [target])
        clock.advance(LONGEST_HOLD / (TOLD_TO_WAIT - 1))
    assert not breaker.rests


def test_repr_tells_nothing(breaker: Breaker, pns: MemoryPushProvider, make_job: MakeJob) -> None:
    """T7: not even a digest of a PRID is in what an object says of itself."""
    told_to_wait(breaker, pns, make_job, [PHONE])
    assert "token" not in repr(breaker)
    assert PHONE.prid not in repr(breaker._told_to_wait)
