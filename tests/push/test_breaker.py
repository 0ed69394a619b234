"""Tests for :mod:`sippn.push.breaker`: a push service that is down is asked now and then."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from sippn.binding import PushKind, PushOutcome, Verdict
from sippn.interfaces import IPushProvider
from sippn.push.breaker import DOWN, FAILURES, Breaker
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
