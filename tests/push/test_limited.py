"""Tests for :mod:`sippn.push.limited`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from attrs import evolve
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from sippn.binding import Capability, PushJob, PushKind, PushOutcome, PushTarget, Verdict
from sippn.interfaces import IPushProvider
from sippn.push import Limited, Line, Pace, Slots
from sippn.push.limited import LATE, NO_TURN, was_asked
from sippn.testing.pns import MemoryPushProvider
from sippn.testing.results import failed, succeeded

MakeJob = Callable[..., PushJob]


@pytest.fixture
def slots() -> Slots:
    return Slots(2)


@pytest.fixture
def limited(clock: Clock, pns: MemoryPushProvider, slots: Slots) -> Limited:
    return Limited(pns, clock, slots, Pace(clock, 0))


def test_speaks_for_its_provider(limited: Limited, pns: MemoryPushProvider) -> None:
    """A wrapper is a provider: they compose."""
    assert verifyObject(IPushProvider, limited)
    assert limited.capabilities == (Capability("acme"),)
    assert limited.can_push(PushTarget("acme", "", "x"), PushKind.CALL)
    assert not limited.can_push(PushTarget("fcm", "", "x"), PushKind.CALL)


def test_outcome_is_the_providers_own(
    limited: Limited, pns: MemoryPushProvider, make_job: MakeJob
) -> None:
    """A wrapper adds no words."""
    said = PushOutcome(Verdict.BUSY, "pns-1", "HTTP 429", retry_after=3)
    asked = limited.request_push(make_job())
    pns.answer(said)
    assert succeeded(asked) == said


def test_no_more_in_flight_than_slots(
    limited: Limited, pns: MemoryPushProvider, make_job: MakeJob
) -> None:
    """W3: a PNS that accepts and never answers holds a bounded number."""
    asked = [limited.request_push(make_job()) for _ in range(5)]
    assert len(pns.unanswered) == 2
    pns.answer()
    assert len(pns.unanswered) == 2
    for _ in range(4):
        pns.answer()
    assert [succeeded(each).verdict for each in asked] == [Verdict.ACCEPTED] * 5


def test_hanging_provider_keeps_no_other_waiting(
    clock: Clock, pns: MemoryPushProvider, make_job: MakeJob
) -> None:
    """W3: slots are a provider's own; only the pace is common."""
    pace = Pace(clock, 500)
    other = MemoryPushProvider(at_once=PushOutcome(Verdict.ACCEPTED))
    hung, alive = (Limited(p, clock, Slots(1), pace) for p in (pns, other))
    stuck = [hung.request_push(make_job(left=10)) for _ in range(50)]
    assert succeeded(alive.request_push(make_job())).verdict is Verdict.ACCEPTED
    clock.advance(10)
    assert [succeeded(each) for each in stuck] == [LATE] + [NO_TURN] * 49


def test_call_overtakes_refreshes(
    limited: Limited, pns: MemoryPushProvider, make_job: MakeJob
) -> None:
    """CALL > MID_DIALOG > MESSAGE > REFRESH > CANCEL while all slots are taken."""
    kinds = [PushKind.REFRESH] * 2
    kinds += [PushKind.CANCEL, PushKind.REFRESH, PushKind.MESSAGE, PushKind.CALL]
    for kind in kinds:
        limited.request_push(make_job(kind))
    answered = [pns.answer().kind for _ in kinds]
    assert answered[2:] == [PushKind.CALL, PushKind.MESSAGE, PushKind.REFRESH, PushKind.CANCEL]


def test_call_does_not_wait_for_a_herd_of_refreshes(
    clock: Clock, pns: MemoryPushProvider, make_job: MakeJob
) -> None:
    """S-30, D4: their PNS has not answered one of them, and the pace is what it is."""
    limited = Limited(pns, clock, Slots(100), Pace(clock, 500))
    herd = [limited.request_push(make_job(PushKind.REFRESH, left=60)) for _ in range(1000)]
    for _ in range(1000):
        clock.advance(0.001)
    assert len(pns.unanswered) == 75
    call = limited.request_push(make_job())
    clock.advance(0.002)
    assert pns.unanswered[-1].kind is PushKind.CALL
    for each in (*herd, call):
        each.cancel()
        failed(each, CancelledError)


def test_job_that_waits_past_its_deadline_is_dropped(
    limited: Limited, clock: Clock, pns: MemoryPushProvider, make_job: MakeJob
) -> None:
    """After its deadline a push is worth nothing, and does not leave."""
    for _ in range(2):
        limited.request_push(make_job(left=60))
    asked = limited.request_push(make_job(left=5))
    clock.advance(4.9)
    assert not asked.called
    clock.advance(0.1)
    assert succeeded(asked) == PushOutcome(Verdict.FAILED, detail="no turn before the deadline")
    pns.answer()
    pns.answer()
    assert len(pns.jobs) == 2


def test_who_stands_behind_hears_of_the_deadline(
    limited: Limited, clock: Clock, make_job: MakeJob
) -> None:
    """Whatever he added to the result meanwhile, it is an outcome and no cancellation."""
    heard: list[PushOutcome | Failure] = []
    limited.request_push(make_job(left=5)).addBoth(heard.append)
    clock.advance(5)
    assert heard == [PushOutcome(Verdict.FAILED, detail="deadline passed")]


def test_answered_jobs_leave_no_timer(
    limited: Limited, clock: Clock, pns: MemoryPushProvider, make_job: MakeJob
) -> None:
    """W3: whether their deadlines came in order or not."""
    for left in (5, 60, 4):
        limited.request_push(make_job(left=left))
    for _ in range(3):
        pns.answer()
    assert clock.getDelayedCalls() == []


def test_job_past_its_deadline_is_not_asked(
    limited: Limited, pns: MemoryPushProvider, make_job: MakeJob
) -> None:
    """Nor does it wait first."""
    assert succeeded(limited.request_push(make_job(left=0))) is NO_TURN
    assert pns.jobs == []


def test_provider_that_hangs_past_the_deadline_is_told_to_stop(
    limited: Limited, clock: Clock, pns: MemoryPushProvider, slots: Slots, make_job: MakeJob
) -> None:
    """A plugin without timeouts of its own must not keep its slots for ever."""
    job = make_job(left=5)
    asked = limited.request_push(job)
    clock.advance(5)
    assert succeeded(asked).verdict is Verdict.FAILED
    assert pns.withdrawn == [job]
    assert slots.taken == 0


def test_deadline_of_what_waits_is_told_from_that_of_what_left(
    clock: Clock, pns: MemoryPushProvider, make_job: MakeJob
) -> None:
    """W2: only what a provider was asked says something of its service."""
    limited = Limited(pns, clock, Slots(2), Pace(clock, 2))
    asked, paced, queued = (limited.request_push(make_job(left=0.4)) for _ in range(3))
    clock.advance(0.4)
    outcomes = [succeeded(each) for each in (asked, paced, queued)]
    assert outcomes == [LATE, NO_TURN, NO_TURN]
    assert [was_asked(each) for each in outcomes] == [True, False, False]
    assert len(pns.jobs) == 1


def test_cancelled_job_leaves_the_queue_at_once(
    limited: Limited, pns: MemoryPushProvider, slots: Slots, make_job: MakeJob
) -> None:
    """S-12, S-13 a: the caller hung up, or the UA is back: drop what has not left."""
    for _ in range(2):
        limited.request_push(make_job())
    asked = limited.request_push(make_job())
    asked.cancel()
    failed(asked, CancelledError)
    assert slots.waiting == 0
    pns.answer()
    pns.answer()
    assert len(pns.jobs) == 2
    assert slots.taken == 0


def test_cancelled_job_in_flight_is_taken_back(
    limited: Limited, pns: MemoryPushProvider, slots: Slots, make_job: MakeJob
) -> None:
    """The provider knows best what can still be dropped."""
    job = make_job()
    asked = limited.request_push(job)
    asked.cancel()
    failed(asked, CancelledError)
    assert pns.withdrawn == [job]
    assert slots.taken == 0


def test_slot_is_taken_until_the_provider_is_done(
    clock: Clock, slots: Slots, make_job: MakeJob
) -> None:
    """W3: what is on the wire counts, even if nobody waits for it any more."""
    wire: Deferred[PushOutcome] = Deferred()

    class Unhurried(MemoryPushProvider):
        def request_push(self, job: PushJob) -> Deferred[PushOutcome]:
            self.jobs.append(job)
            asked: Deferred[PushOutcome] = Deferred(lambda _: None)
            return asked.addErrback(lambda _: wire)

    asked = Limited(Unhurried(), clock, slots, Pace(clock, 0)).request_push(make_job())
    asked.cancel()
    failed(asked, CancelledError)
    assert slots.taken == 1
    wire.callback(PushOutcome(Verdict.ACCEPTED))
    assert slots.taken == 0


def test_broken_provider_gives_its_slot_back(
    limited: Limited, pns: MemoryPushProvider, slots: Slots, make_job: MakeJob
) -> None:
    """A bug costs one push; the Dispatcher contains it."""
    asked = limited.request_push(make_job())
    pns.break_on(ValueError("a bug"))
    failed(asked, ValueError)
    assert slots.taken == 0


def test_full_queue_fails_at_once(clock: Clock, pns: MemoryPushProvider, make_job: MakeJob) -> None:
    """The queue is bounded (T5); Retrying asks again when there may be room."""
    limited = Limited(pns, clock, Slots(1, Line(1)), Pace(clock, 0))
    waiting = [limited.request_push(make_job()) for _ in range(2)]
    assert succeeded(limited.request_push(make_job())) == PushOutcome(
        Verdict.FAILED, detail="queue full"
    )
    pns.answer()
    pns.answer()
    assert [succeeded(each).verdict for each in waiting] == [Verdict.ACCEPTED] * 2


def test_full_line_before_the_pace_gives_the_slot_back(
    clock: Clock, pns: MemoryPushProvider, slots: Slots, make_job: MakeJob
) -> None:
    """Whatever ends a job, its slot is free."""
    pace = Pace(clock, 1, Line(0))
    limited = Limited(pns, clock, slots, pace)
    limited.request_push(make_job())
    assert succeeded(limited.request_push(make_job())).detail == "queue full"
    assert slots.taken == 1
    pns.answer()


def test_pushes_leave_at_the_common_pace(
    clock: Clock, pns: MemoryPushProvider, make_job: MakeJob
) -> None:
    """DESIGN section 5: pushes_per_second, all providers together."""
    pace = Pace(clock, 10)
    other = MemoryPushProvider()
    one, two = (Limited(p, clock, Slots(0), pace) for p in (pns, other))
    for _ in range(3):
        one.request_push(make_job())
        two.request_push(make_job())
    assert len(pns.jobs) + len(other.jobs) == 1
    for seen in range(2, 7):
        clock.advance(0.1)
        assert len(pns.jobs) + len(other.jobs) == seen
    for provider in (pns, other):
        for _ in range(3):
            provider.answer()


def test_jobs_that_wait_for_a_slot_use_no_turn(
    clock: Clock, pns: MemoryPushProvider, make_job: MakeJob
) -> None:
    """W3: a hung provider's queue must not use up the pace of the others."""
    pace = Pace(clock, 1)
    hung = Limited(pns, clock, Slots(1), pace)
    asked = [hung.request_push(make_job(left=60)) for _ in range(10)]
    clock.advance(1)
    other = MemoryPushProvider(at_once=PushOutcome(Verdict.ACCEPTED))
    alive = Limited(other, clock, Slots(1), pace)
    assert succeeded(alive.request_push(make_job())).verdict is Verdict.ACCEPTED
    for each in asked:
        each.cancel()
        failed(each, CancelledError)


def test_evolved_job_is_another_job(limited: Limited, make_job: MakeJob) -> None:
    """Jobs are values: nothing is kept by identity."""
    job = make_job()
    first, second = limited.request_push(job), limited.request_push(evolve(job))
    first.cancel()
    failed(first, CancelledError)
    assert not second.called
    second.cancel()
    failed(second, CancelledError)
