"""A clock, a provider in memory, and jobs for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import pytest
from twisted.internet.task import Clock

from sippn.binding import PushJob, PushKind, PushTarget
from sippn.testing.pns import MemoryPushProvider

MakeJob = Callable[..., PushJob]

PHONE = PushTarget("acme", "app", "token-1")


@pytest.fixture
def clock() -> Iterator[Clock]:
    """Time; whoever leaves a timer behind fails his test."""
    clock = Clock()
    yield clock
    assert clock.getDelayedCalls() == []


@pytest.fixture
def pns() -> MemoryPushProvider:
    return MemoryPushProvider()


@pytest.fixture
def make_job(clock: Clock) -> MakeJob:
    """Jobs with 20 seconds left unless said otherwise."""
    numbers = count(1)

    def make(
        kind: PushKind = PushKind.CALL, left: float = 20, target: PushTarget = PHONE
    ) -> PushJob:
        return PushJob(
            id=f"job-{next(numbers)}",
            kind=kind,
            target=target,
            aor="sip:alice@example.com",
            deadline=clock.seconds() + left,
            method="INVITE",
            call_id="call-1",
        )

    return make
