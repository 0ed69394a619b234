"""
T9: push services whose answers never end, or are far too much.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sippn.binding import Verdict
from sippn.http import Answer as Answered
from sippn.http import NoAnswer
from sippn.testing.push_server import Answer, Manner
from sippn.testing.push_server.exchange import Exchange
from sippn.testing.push_server.service import Service
from sippn.testing.push_server.treatment import bomb
from tests.threats.services import Services

MOST_OCTETS = 65_536  # of one answer
MOST_MEMORY = 8 * 1024 * 1024
WHOLE_REQUEST = 10.0  # seconds
LONGEST_TURN = 0.05  # seconds

TOO_MUCH = (Manner.ENDLESS, Manner.ENDLESS_HEAD, Manner.FLOOD, Manner.HEAVY, Manner.BOMB)
TOO_SLOW = (Manner.DRIP, Manner.INTERIM, Manner.HANG)
NO_ANSWER = (Manner.ENDLESS_HEAD, Manner.INTERIM, Manner.HANG)
ASKED = [
    *(("apns", "HTTP/2"), ("fcm", "HTTP/2"), ("fcm token", "HTTP/2"), ("webpush", "HTTP/2")),
    *(("fcm", "HTTP/1.1"), ("fcm token", "HTTP/1.1"), ("webpush", "HTTP/1.1")),
    ("webhook", "HTTP/1.1"),
]


@pytest.fixture
def services(version: str, tmp_path: Path) -> Iterator[Services]:
    """All push services, which speak that *version*."""
    from twisted.internet import reactor  # noqa: PLC0415 - pytest-twisted chooses which

    with Services.running(reactor, tmp_path, http1=version == "HTTP/1.1") as services:
        yield services


@pytest.fixture
def exchanges(monkeypatch: pytest.MonkeyPatch) -> list[Exchange]:
    """Every request that a service gets."""
    taken: list[Exchange] = []
    take = Service.take

    def noted(self: Service[Any], exchange: Exchange) -> None:
        taken.append(exchange)
        take(self, exchange)

    monkeypatch.setattr(Service, "take", noted)
    return taken


@pytest.fixture
def measured() -> Iterator[None]:
    """What is allocated meanwhile is known; and what the tests themselves need once is there."""
    bomb()
    gc.collect()
    tracemalloc.start()
    yield
    tracemalloc.stop()


def service_of(services: Services, asked: str) -> Service[Any]:
    """The one that is to misbehave."""
    server = services.server
    by_name: dict[str, Service[Any]] = {
        "apns": server.apns,
        "fcm": server.fcm,
        "fcm token": server.fcm.tokens,
        "webpush": server.webpush,
        "webhook": services.gateway,
    }
    return by_name[asked]


@pytest.mark.usefixtures("measured")
@pytest.mark.parametrize(("asked", "version"), ASKED)
@pytest.mark.parametrize("manner", [*TOO_MUCH, *TOO_SLOW])
async def test_answer_is_bounded(
    services: Services, exchanges: list[Exchange], asked: str, manner: Manner
) -> None:
    """T9, W4: of no answer more than 64 KiB is kept, and none takes longer than ten seconds."""
    service, kind = service_of(services, asked), asked.partition(" ")[0]
    service.script.append(Answer(manner=manner))
    services.provider(kind)
    before = tracemalloc.get_traced_memory()[0]
    outcomes = services.push(kind)
    await services.until(lambda: service.pushes, "a push")
    bad = exchanges[-1]
    if manner in TOO_MUCH:
        await services.until(lambda: outcomes, "an outcome, though the clock stands")
    took = await services.advance_until(lambda: outcomes, 2 * WHOLE_REQUEST)

    assert took <= WHOLE_REQUEST
    [outcome] = outcomes
    assert outcome.verdict in (Verdict.ACCEPTED, Verdict.FAILED)
    assert outcome.verdict is Verdict.FAILED or manner not in NO_ANSWER
    assert tracemalloc.get_traced_memory()[1] - before <= MOST_MEMORY
    answers = [one.answer for one in services.overheard]
    assert all(isinstance(one, (Answered, NoAnswer)) for one in answers)
    assert all(len(one.body) <= MOST_OCTETS for one in answers if isinstance(one, Answered))
    await services.until(lambda: bad.over, "the end of the stream, or of the connection")

    services.clock.advance(2)  # so long the token endpoint is left alone
    after = services.push(kind)
    await services.until(lambda: after, "the next push")
    assert after[0].verdict is Verdict.ACCEPTED


@pytest.mark.parametrize(("asked", "version"), [("webpush", "HTTP/2"), ("webpush", "HTTP/1.1")])
@pytest.mark.parametrize("status", [404, 410])
async def test_status_counts_whatever_follows(services: Services, asked: str, status: int) -> None:
    """T9, N-05: a subscription that is gone is gone, also where the body of the 410 never ends."""
    services.server.webpush.script.append(Answer(status, manner=Manner.ENDLESS))
    outcomes = services.push(asked)
    await services.until(lambda: outcomes, "an outcome, though the clock stands")
    assert outcomes[0].verdict is Verdict.DEAD


@pytest.mark.parametrize(("asked", "version"), [("webpush", "HTTP/2"), ("webpush", "HTTP/1.1")])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirection_leads_nowhere(services: Services, asked: str, status: int) -> None:
    """T9, T8: nobody follows it, so what is asked is asked once."""
    where = ("location", services.gateway.url)
    services.server.webpush.script.append(Answer(status, fields=(where,)))
    outcomes = services.push(asked)
    await services.until(lambda: outcomes, "an outcome")
    assert outcomes[0].verdict is Verdict.REFUSED
    assert len(services.overheard) == 1
    assert services.gateway.connections == 0


@pytest.mark.parametrize(("asked", "version"), [("webpush", "HTTP/2"), ("webhook", "HTTP/1.1")])
async def test_nobody_waits_meanwhile(services: Services, asked: str) -> None:
    """W4: two hundred megabytes that are on their way hold up nothing for 50 ms."""
    service = service_of(services, asked)
    before = services.push(asked)
    await services.until(lambda: before, "a connection")
    service.script.extend([Answer(manner=Manner.ENDLESS)] * 5)
    outcomes = [services.push(asked) for _ in range(5)]
    longest, turned = 0.0, time.process_time()
    while not all(outcomes):
        await services.turn(1)
        now = time.process_time()
        longest, turned = max(longest, now - turned), now
    assert longest <= LONGEST_TURN
