"""A scripted push service on a real socket, webhooks that talk to it, and jobs for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import iscoroutinefunction
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted  # type: ignore[import-untyped] # it has no py.typed
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from sippn.binding import PushJob, PushKind, PushTarget
from sippn.interfaces import Surroundings
from sippn.providers.webhook import Webhook
from sippn.providers.webhook_settings import WebhookSettings
from sippn.testing.pns import ScriptedPNS

PRID = "prid-that-nobody-may-see"
WALL = 784111777.0  # Sun, 06 Nov 1994 08:49:37 GMT, as in RFC 9110

Wait = Callable[[Deferred[Any]], Any]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """An ``async def`` of this room is a test that runs in the reactor."""
    here = Path(__file__).parent
    for item in items:
        function = getattr(item, "obj", None)
        if here in item.path.parents and iscoroutinefunction(function):
            pytest_twisted.ensureDeferred(function)


@pytest.fixture
def wait() -> Wait:
    """For fixtures: run the reactor until a Deferred has its result."""
    blockon: Wait = pytest_twisted.blockon
    return blockon


@pytest.fixture
def reactor() -> Iterator[Any]:
    """The reactor; whoever leaves a timer behind fails his test."""
    from twisted.internet import reactor  # noqa: PLC0415 - pytest-twisted chooses which

    yield reactor
    assert reactor.getDelayedCalls() == []


@pytest.fixture
def clock() -> Iterator[Clock]:
    """What webhooks measure with; so a test needs to wait for nothing."""
    clock = Clock()
    clock.advance(1000)
    yield clock
    assert clock.getDelayedCalls() == []


@pytest.fixture
def pns(reactor: Any, wait: Wait) -> Iterator[ScriptedPNS]:
    pns = ScriptedPNS(reactor)
    pns.start()
    yield pns
    wait(pns.stop())


@pytest.fixture
def surroundings(reactor: Any, clock: Clock) -> Surroundings:
    return Surroundings(reactor, clock, lambda: WALL, bytes)


@pytest.fixture
def make_webhook(surroundings: Surroundings, wait: Wait) -> Iterator[Callable[..., Webhook]]:
    """Webhooks that are started, and stopped at the end."""
    made: list[Webhook] = []

    def make(url: str, **settings: Any) -> Webhook:
        webhook = Webhook.build(WebhookSettings(url, **settings), surroundings)
        webhook.startService()
        made.append(webhook)
        return webhook

    yield make
    for webhook in made:
        wait(webhook.stopService())


@pytest.fixture
def webhook(pns: ScriptedPNS, make_webhook: Callable[..., Webhook]) -> Webhook:
    return make_webhook(pns.url)


@pytest.fixture
def make_job(clock: Clock) -> Callable[..., PushJob]:
    """Jobs with 20 seconds left unless said otherwise."""
    numbers = count(1)

    def make(left: float = 20) -> PushJob:
        return PushJob(
            id=f"job-{next(numbers)}",
            kind=PushKind.CALL,
            target=PushTarget("acme", "app", PRID),
            aor="sip:alice@example.com",
            deadline=clock.seconds() + left,
            method="INVITE",
            call_id="call-1",
        )

    return make
