"""Tests for :mod:`sippn.push.metered`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from twisted.internet.defer import CancelledError
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from sippn.binding import Capability, PushJob, PushKind, PushOutcome, PushTarget, Verdict
from sippn.events import Bus, Event, PushAnswered, PushRequested
from sippn.interfaces import IPushProvider
from sippn.push import Departures, Metered
from sippn.testing.pns import MemoryPushProvider
from sippn.testing.results import failed, succeeded

MakeJob = Callable[..., PushJob]


@pytest.fixture
def bus() -> Bus:
    return Bus()


@pytest.fixture
def metered(clock: Clock, pns: MemoryPushProvider, bus: Bus) -> Metered:
    return Metered(pns, clock, bus)


def test_speaks_for_its_provider(metered: Metered) -> None:
    """A wrapper is a provider: they compose."""
    assert verifyObject(IPushProvider, metered)
    assert metered.capabilities == (Capability("acme"),)
    assert metered.can_push(PushTarget("acme", "", "x"), PushKind.CALL)
    assert not metered.can_push(PushTarget("fcm", "", "x"), PushKind.CALL)


def test_outcomes_are_counted_by_provider_and_verdict(
    metered: Metered, pns: MemoryPushProvider, make_job: MakeJob
) -> None:
    """What an operator sees first when phones do not ring."""
    verdicts = [Verdict.ACCEPTED, Verdict.ACCEPTED, Verdict.BUSY, Verdict.DEAD]
    asked = [metered.request_push(make_job()) for _ in verdicts]
    for verdict in verdicts:
        pns.answer(verdict)
    assert [succeeded(each).verdict for each in asked] == verdicts
    assert metered.asked == {"acme": 4}
    assert metered.answered == {
        ("acme", Verdict.ACCEPTED): 2,
        ("acme", Verdict.BUSY): 1,
        ("acme", Verdict.DEAD): 1,
    }


def test_push_and_answer_are_told(
    metered: Metered, bus: Bus, clock: Clock, pns: MemoryPushProvider, make_job: MakeJob
) -> None:
    """N-07: why did it not ring? No event has the PRID (T7)."""
    news: list[Event] = []
    bus.subscribe(news.append)
    clock.advance(100)
    metered.request_push(make_job())
    assert news == [PushRequested(100, "job-1", "call", "acme", "sip:alice@example.com", "call-1")]
    clock.advance(0.25)
    pns.answer(PushOutcome(Verdict.REFUSED, detail="HTTP 403"))
    assert news[1:] == [
        PushAnswered(
            100.25, "job-1", "acme", "sip:alice@example.com", "call-1", "REFUSED", "HTTP 403", 0.25
        )
    ]
    assert "token-1" not in repr(news)


def test_withdrawn_push_has_no_answer(
    metered: Metered, bus: Bus, pns: MemoryPushProvider, make_job: MakeJob
) -> None:
    """It never left."""
    news: list[Event] = []
    asked = metered.request_push(make_job())
    bus.subscribe(news.append)
    asked.cancel()
    failed(asked, CancelledError)
    assert news == []
    assert not metered.answered


@pytest.mark.parametrize(
    ("outcome", "has_left"),
    [
        (PushOutcome(Verdict.ACCEPTED), True),
        (PushOutcome(Verdict.FAILED), True),
        (PushOutcome(Verdict.FAILED, unsent=True), False),
        (PushOutcome(Verdict.BUSY), False),
    ],
)
def test_departure_is_taken_back_where_the_pns_has_not_got_it(
    outcome: PushOutcome, has_left: bool, clock: Clock, pns: MemoryPushProvider, make_job: MakeJob
) -> None:
    """S-12: a push has left while it is in flight, and after it where the PNS may have it."""
    departures, job = Departures(), make_job()
    departures.watch(job.id)
    Metered(pns, clock, Bus(), departures).request_push(job)
    assert departures.have_left(job.id)
    pns.answer(outcome)
    assert departures.have_left(job.id) is has_left


def test_withdrawn_push_has_left(clock: Clock, pns: MemoryPushProvider, make_job: MakeJob) -> None:
    """S-12: nobody knows whether a push that was given up on the wire reached the PNS."""
    departures, job = Departures(), make_job()
    departures.watch(job.id)
    asked = Metered(pns, clock, Bus(), departures).request_push(job)
    asked.cancel()
    failed(asked, CancelledError)
    assert departures.have_left(job.id)


def test_made_up_names_do_not_fill_the_memory(clock: Clock, bus: Bus, make_job: MakeJob) -> None:
    """A webhook that serves any PNS is asked for whatever UAs register."""
    pns = MemoryPushProvider(at_once=PushOutcome(Verdict.ACCEPTED))
    metered = Metered(pns, clock, bus)
    for number in range(200):
        metered.request_push(make_job(target=PushTarget(f"pns-{number}", "", "x")))
    assert len(metered.asked) == 65
    assert metered.asked["other"] == 136
    assert metered.answered["other", Verdict.ACCEPTED] == 136
    metered.request_push(make_job(target=PushTarget("pns-0", "", "x")))
    assert metered.asked["pns-0"] == 2
