"""Tests for :mod:`sippn.testing.pns`, beyond what the webhook's tests ask of it."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.web.client import Agent, FileBodyProducer, HTTPConnectionPool

from sippn.binding import Capability, PushJob, PushKind, PushOutcome, PushTarget, Verdict
from sippn.testing.pns import Answer, MemoryPushProvider, ScriptedPNS
from sippn.testing.results import failed, succeeded

PHONE = PushTarget("acme", "app", "token-1")
JOB = PushJob("job-1", PushKind.CALL, PHONE, "sip:alice@example.com", 20.0)


async def test_what_is_no_json_is_a_bad_request(reactor: Any, pns: ScriptedPNS) -> None:
    """It is not taken for a push."""
    agent = Agent(reactor, pool=HTTPConnectionPool(reactor, persistent=False))
    response = await agent.request(b"POST", pns.url.encode(), None, FileBodyProducer(BytesIO(b"{")))
    assert response.code == 400
    assert pns.pushes == []


def test_stopping_what_was_not_started(reactor: Any) -> None:
    """A test that fails early still tears down."""
    pns = ScriptedPNS(reactor)
    pns.cut()
    assert succeeded(pns.stop()) is None
    assert pns.connections == 0


async def test_script_comes_before_the_default(
    pns: ScriptedPNS, webhook: Any, make_job: Any
) -> None:
    """One answer a push, then the default for the rest."""
    pns.default = Answer(410)
    pns.script += [Answer(200), Answer(503)]
    seen = [(await webhook.request_push(make_job())).verdict for _ in range(4)]
    assert seen == [Verdict.ACCEPTED, Verdict.BUSY, Verdict.DEAD, Verdict.DEAD]


async def test_delayed_answer_to_who_has_gone_is_none(
    pns: ScriptedPNS, webhook: Any, make_job: Any, clock: Any
) -> None:
    """It does not fall over a connection that was cut meanwhile."""
    there: Deferred[dict[str, Any]] = Deferred()
    pns.on_push = there.callback
    pns.default = Answer(delay=0.02)
    asked = webhook.request_push(make_job())
    await there
    clock.advance(5)
    assert succeeded(asked).verdict is Verdict.FAILED
    later: Deferred[None] = Deferred()
    pns.later(0.03, lambda: later.callback(None))
    await later
    assert pns.in_flight == 0


def test_memory_provider_answers_in_order() -> None:
    """The oldest first, with a whole outcome or just a verdict."""
    pns = MemoryPushProvider()
    first, second = pns.request_push(JOB), pns.request_push(JOB)
    assert pns.unanswered == (JOB, JOB)
    assert pns.answer(PushOutcome(Verdict.BUSY, retry_after=3)) is JOB
    pns.answer()
    assert succeeded(first).retry_after == 3
    assert succeeded(second).verdict is Verdict.ACCEPTED
    assert pns.jobs == [JOB, JOB]


def test_memory_provider_has_nobody_to_answer() -> None:
    """A test that expects a push which did not come says so."""
    with pytest.raises(AssertionError, match="no push waits"):
        MemoryPushProvider().answer()


def test_memory_provider_breaks_as_told() -> None:
    """As only a provider with a bug does."""
    pns = MemoryPushProvider()
    asked = pns.request_push(JOB)
    pns.break_on(KeyError("a bug"))
    failed(asked, KeyError)


def test_memory_provider_pushes_what_it_is_capable_of() -> None:
    """Or as scripted."""
    pns = MemoryPushProvider((Capability("fcm"),))
    assert not pns.can_push(PHONE, PushKind.CALL)
    pns.can = lambda _, kind: kind is PushKind.REFRESH
    assert pns.can_push(PHONE, PushKind.REFRESH)
    assert not pns.can_push(PHONE, PushKind.CALL)
