"""
W3: a push service that takes every push, and answers none.
"""

from __future__ import annotations

import pytest
from attrs import evolve

from sippn.push.settings import PushLimits
from sippn.service import ServerSettings
from sippn.testing.push_server import Answer, Manner
from sippn.testing.results import succeeded
from tests.flows.push_services import ANDROID, IPHONE, Services
from tests.flows.test_any_order import left
from tests.threats.scene import DOMAIN, SECRET

MOST = 3  # pushes in flight
IPHONES = 8
HANGS = Answer(manner=Manner.HANG)
ANSWER_TIME = 5.0  # seconds for one request


@pytest.fixture
def settings(settings: ServerSettings) -> ServerSettings:
    """Few may be in flight."""
    return evolve(settings, push=PushLimits(in_flight_per_provider=MOST))


@pytest.fixture(params=["udp"])
def transport(request: pytest.FixtureRequest) -> str:
    """What phones speak says nothing about push services."""
    return str(request.param)


def iphone(services: Services, number: int) -> None:
    """One of several, asleep."""
    words = IPHONE.replace("aa" * 32, f"{number:064x}").replace("bb" * 32, f"{number + 999:064x}")
    services.asleep(words, f"u{number}", password=SECRET)


def call_iphones(services: Services) -> list[object]:
    """Each of them, by a stranger of its own; what they are told in the end."""
    finals: list[object] = []
    for number in range(IPHONES):
        stranger = services.house.phone(f"x{number}", domain="elsewhere.example")
        call = stranger.call(f"sip:u{number}@{DOMAIN}")
        call.failed.addCallback(lambda response: finals.append(response.status))
    services.run(0.5)
    return finals


def test_so_many_are_in_flight_and_each_caller_is_answered(services: Services) -> None:
    """W3: no more than the limit are in flight, and each caller gets one final answer."""
    for number in range(IPHONES):
        iphone(services, number)
    services.apns.default = HANGS
    finals = call_iphones(services)
    assert len(services.apns.pushes) == MOST
    assert finals == []
    services.run(ANSWER_TIME + 2)
    assert len(services.apns.pushes) <= 3 * MOST
    services.run(20)
    assert finals == [480] * IPHONES
    services.run(200, 0.5)
    found = left(services.house)
    found.pop("timers", None)  # connections stay for a while
    assert found == {}
    assert services.apns.connections <= 2 * IPHONES


def test_other_services_are_not_held_up(services: Services) -> None:
    """W3: while Apple's service hangs, a phone of Google's is pushed at once, and answers."""
    for number in range(IPHONES):
        iphone(services, number)
    pixel = services.asleep(ANDROID, "alice", password=SECRET)
    services.apns.default = HANGS
    call_iphones(services)
    call = services.house.phone("x", domain="elsewhere.example").call(f"sip:alice@{DOMAIN}")
    services.take(services.server.fcm, 0.5)
    services.house.get(pixel.wake())
    services.run(0.5)
    assert succeeded(call.answered).status == 200


def test_phone_that_comes_by_itself_is_called(services: Services) -> None:
    """W3: a phone that registers while its push hangs gets its call."""
    phone = services.asleep(IPHONE, "alice", password=SECRET)
    services.apns.default = HANGS
    call = services.house.phone("x", domain="elsewhere.example").call(f"sip:alice@{DOMAIN}")
    services.take(services.apns, 0.5)
    services.house.get(phone.wake())
    services.run(0.5)
    assert succeeded(call.answered).status == 200


def test_service_that_is_back_is_asked_again(services: Services) -> None:
    """W3: what hung for a while is used as before."""
    phone = services.asleep(IPHONE, "alice", password=SECRET)
    services.apns.default = HANGS
    caller = services.house.phone("x", domain="elsewhere.example")
    first = caller.call(f"sip:alice@{DOMAIN}")
    services.run(25)
    assert succeeded(first.failed).status == 480
    services.apns.default = Answer()
    services.apns.forget()
    second = caller.call(f"sip:alice@{DOMAIN}")
    services.take(services.apns, 2)
    services.house.get(phone.wake())
    services.run(0.5)
    assert succeeded(second.answered).status == 200
