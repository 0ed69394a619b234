"""Tests for :mod:`sippn.push.retrying`."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from sippn.binding import Capability, PushJob, PushKind, PushOutcome, PushTarget, Verdict
from sippn.interfaces import IPushProvider
from sippn.push import Retrying
from sippn.testing.pns import MemoryPushProvider
from sippn.testing.results import failed, succeeded

MakeJob = Callable[..., PushJob]

STEADY = bytes([127, 128])  # the middle of the spread, as near as an octet comes


@pytest.fixture
def retrying(clock: Clock, pns: MemoryPushProvider) -> Retrying:
    return Retrying(pns, clock, lambda n: STEADY[:n])


def test_speaks_for_its_provider(retrying: Retrying) -> None:
    """A wrapper is a provider: they compose."""
    assert verifyObject(IPushProvider, retrying)
    assert retrying.capabilities == (Capability("acme"),)
    assert retrying.can_push(PushTarget("acme", "", "x"), PushKind.CALL)
    assert not retrying.can_push(PushTarget("fcm", "", "x"), PushKind.CALL)


@pytest.mark.parametrize("verdict", [Verdict.ACCEPTED, Verdict.DEAD, Verdict.REFUSED])
def test_final_verdict_is_passed_on(
    retrying: Retrying, pns: MemoryPushProvider, make_job: MakeJob, verdict: Verdict
) -> None:
    """Asking again would not help."""
    asked = retrying.request_push(make_job())
    pns.answer(verdict)
    assert succeeded(asked).verdict is verdict
    assert len(pns.jobs) == 1


@pytest.mark.parametrize("verdict", [Verdict.BUSY, Verdict.FAILED])
def test_asks_again_with_growing_pauses(
    retrying: Retrying, clock: Clock, pns: MemoryPushProvider, make_job: MakeJob, verdict: Verdict
) -> None:
    """Appendix A: 0.2, 0.5, 1, 2 s inside the deadline; 2 s from then on."""
    asked = retrying.request_push(make_job())
    for pause in (0.2, 0.5, 1, 2, 2, 2):
        pns.answer(verdict)
        before = len(pns.jobs)
        clock.advance(pause * 0.99)
        assert len(pns.jobs) == before
        clock.advance(pause * 0.02)
        assert len(pns.jobs) == before + 1
    pns.answer()
    assert succeeded(asked).verdict is Verdict.ACCEPTED


@pytest.mark.parametrize(("octet", "first"), [(0, 0.16), (255, 0.24)])
def test_pauses_are_spread(
    clock: Clock, pns: MemoryPushProvider, make_job: MakeJob, octet: int, first: float
) -> None:
    """What failed together does not come back together."""
    Retrying(pns, clock, lambda n: bytes([octet]) * n).request_push(make_job())
    pns.answer(Verdict.FAILED)
    clock.advance(first - 0.001)
    assert len(pns.jobs) == 1
    clock.advance(0.002)
    assert len(pns.jobs) == 2
    pns.answer()


def test_retry_after_is_waited_for(
    retrying: Retrying, clock: Clock, pns: MemoryPushProvider, make_job: MakeJob
) -> None:
    """Never earlier than the PNS asked for."""
    asked = retrying.request_push(make_job())
    pns.answer(PushOutcome(Verdict.BUSY, retry_after=3))
    clock.advance(3)
    assert len(pns.jobs) == 1
    clock.advance(0.21)
    assert len(pns.jobs) == 2
    pns.answer()
    assert succeeded(asked).verdict is Verdict.ACCEPTED


@pytest.mark.parametrize("retry_after", [-5.0, float("nan")])
def test_nonsense_is_not_waited_for(
    retrying: Retrying,
    clock: Clock,
    pns: MemoryPushProvider,
    make_job: MakeJob,
    retry_after: float,
) -> None:
    """A plugin may hand on what its PNS made up."""
    retrying.request_push(make_job())
    pns.answer(PushOutcome(Verdict.BUSY, retry_after=retry_after))
    clock.advance(0.21)
    assert len(pns.jobs) == 2
    pns.answer()


@pytest.mark.parametrize("retry_after", [19.9, 3600.0, float("inf")])
def test_retry_after_beyond_the_deadline_ends_it(
    retrying: Retrying, pns: MemoryPushProvider, make_job: MakeJob, retry_after: float
) -> None:
    """P-045: the caller hears of it at once, not at the timer."""
    said = PushOutcome(Verdict.BUSY, retry_after=retry_after)
    asked = retrying.request_push(make_job())
    pns.answer(said)
    assert succeeded(asked) == said


def test_last_outcome_comes_out_when_time_is_up(
    retrying: Retrying, clock: Clock, pns: MemoryPushProvider, make_job: MakeJob
) -> None:
    """No attempt begins at or after the deadline."""
    asked = retrying.request_push(make_job(left=1))
    for pause in (0.21, 0.51):
        pns.answer(Verdict.FAILED)
        clock.advance(pause)
    pns.answer(PushOutcome(Verdict.FAILED, detail="the third"))
    assert succeeded(asked).detail == "the third"


def test_cancelling_between_attempts_ends_it(
    retrying: Retrying, pns: MemoryPushProvider, make_job: MakeJob
) -> None:
    """S-12: the caller hung up; no further push, and no timer (the clock's fixture sees to it)."""
    asked = retrying.request_push(make_job())
    pns.answer(Verdict.FAILED)
    asked.cancel()
    failed(asked, CancelledError)
    assert len(pns.jobs) == 1


def test_cancelling_an_attempt_takes_it_back(
    retrying: Retrying, pns: MemoryPushProvider, make_job: MakeJob
) -> None:
    """What has not left is dropped."""
    job = make_job()
    asked = retrying.request_push(job)
    asked.cancel()
    failed(asked, CancelledError)
    assert pns.withdrawn == [job]


def test_outcome_after_cancelling_is_not_retried(clock: Clock, make_job: MakeJob) -> None:
    """A push on the wire that fails after the caller hung up stays failed."""
    wire: Deferred[PushOutcome] = Deferred()
    times: list[PushJob] = []

    class Unhurried(MemoryPushProvider):
        def request_push(self, job: PushJob) -> Deferred[PushOutcome]:
            times.append(job)
            asked: Deferred[PushOutcome] = Deferred(lambda _: None)
            return asked.addErrback(lambda _: wire)

    asked = Retrying(Unhurried(), clock, lambda n: STEADY[:n]).request_push(make_job())
    asked.cancel()
    failed(asked, CancelledError)
    wire.callback(PushOutcome(Verdict.FAILED))
    clock.advance(1)
    assert len(times) == 1


def test_bug_is_not_retried(retrying: Retrying, pns: MemoryPushProvider, make_job: MakeJob) -> None:
    """A provider that raises would raise again; the Dispatcher contains it."""
    asked = retrying.request_push(make_job())
    pns.break_on(ValueError("a bug"))
    failed(asked, ValueError)


@pytest.mark.parametrize("attempts", [1, 2])
def test_push_that_is_given_up_leaves_no_circle(
    retrying: Retrying, clock: Clock, pns: MemoryPushProvider, make_job: MakeJob, attempts: int
) -> None:
    """W3: callers who hang up by the thousand must not call the collector in."""
    gc.collect()
    gc.disable()
    asked = retrying.request_push(make_job())
    for _ in range(attempts - 1):
        pns.answer(Verdict.FAILED)
        clock.advance(0.3)
    asked.cancel()
    failed(asked, CancelledError)
    del asked
    found = gc.collect()
    gc.enable()
    assert found == 0
    assert clock.getDelayedCalls() == []


def test_push_that_is_given_up_in_a_pause_is_asked_no_more(
    retrying: Retrying, clock: Clock, pns: MemoryPushProvider, make_job: MakeJob
) -> None:
    """S-12: what has not left never leaves."""
    asked = retrying.request_push(make_job())
    pns.answer(Verdict.FAILED)
    asked.cancel()
    failed(asked, CancelledError)
    clock.advance(20)
    assert len(pns.jobs) == 1
