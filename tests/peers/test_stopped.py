"""
A server that is asked to end while it is at work: everybody is answered, and nothing is lost.
"""

from __future__ import annotations

import random
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from sippn.sip import PushParams
from sippn.testing.ua_account import Account
from tests.peers.callers import Callers
from tests.peers.crowd import Crowd
from tests.peers.phones import Phones, address_of
from tests.peers.push import PushService
from tests.peers.server import DOMAIN, HOST, IN_A_FILE, Configuration, Listen, Server, StartServer
from tests.peers.waiting import PATIENCE

SLEEPING = 40
PARKED = 200
PHONES = 400
RATE = 500.0  # REGISTER/s
AT_WORK = 1.0  # seconds
AT_ONCE = 60
UNTIL_ANSWERED = 1.0  # seconds
UNTIL_ENDED = 5.0  # seconds

NO_LIMITS = """\
mode = "none"

[limits]
parked_per_caller = 0
parked_per_callee = 0
pushes_per_hour_stranger = 0
"""


@pytest.fixture
def start(start_server: StartServer) -> Callable[[int], Server]:
    """Starts a server on the port that is given."""

    def start(port: int) -> Server:
        listen = (Listen(port=port),)
        return start_server(Configuration(auth=NO_LIMITS, storage=IN_A_FILE, listen=listen))

    return start


@pytest.fixture
def endpoint() -> Iterator[socket.socket]:
    """Of all callers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as endpoint:
        endpoint.bind((HOST, 0))
        endpoint.settimeout(PATIENCE)
        yield endpoint


def test_everybody_is_answered_and_nothing_is_lost(
    endpoint: socket.socket,
    gather: Callable[[int], Crowd],
    dice: random.Random,
    phones: Phones,
    start: Callable[[int], Server],
    pushes: PushService,
) -> None:
    """
    D6: SIGTERM with 200 parked calls, under 500 REGISTER/s.

    Each call gets its 503 with Retry-After within a second, and the process ends within five.
    Each REGISTER that came before is answered; what was acknowledged is stored, and no more.
    """
    server = start(0)
    asleep = [phones.make(account(number), address_of(server)) for number in range(SLEEPING)]
    for registered in [phone.register() for phone in asleep]:
        phones.wait(registered)
    callers = Callers(endpoint, server.port)
    for number in range(PARKED):
        callers.call(f"s{number % SLEEPING}")
    callers.answers(PARKED, final=False)
    for _ in range(SLEEPING):
        pushes.next()
    crowd = gather(PHONES)
    crowd.port = server.port

    crowd.register_at(RATE, dice.uniform(0, AT_WORK))
    with ThreadPoolExecutor(2) as pool:
        began = time.monotonic()
        ending = pool.submit(server.terminate)
        at_work = pool.submit(register_until, crowd, ending)
        refused = callers.answers(PARKED, final=True)
        assert ending.result() == -signal.SIGTERM
        assert time.monotonic() - began < UNTIL_ENDED
        at_work.result()
    crowd.hear_the_last()

    assert max(moment for moment, _ in refused.values()) - began < UNTIL_ANSWERED
    for _, response in refused.values():
        assert response.status == 503
        assert int(response.headers.get("Retry-After") or 0) > 0
    assert not any(r.waits and r.asked_at < began for r in crowd.registrants)
    server = start(server.port)
    crowd.compare(AT_ONCE, crashed=False)


def account(number: int) -> Account:
    """Of a phone that sleeps."""
    push = PushParams("acme", "app", f"token-{number}")
    return Account(f"s{number}", DOMAIN, push=push)


def register_until(crowd: Crowd, end: Future[int]) -> None:
    """Go on as if nothing were."""
    while not end.done():
        crowd.register_at(RATE, AT_WORK / 10)
