"""
Vector 10: a token that its push service knows no more.
"""

from __future__ import annotations

import pytest

from sippn.binding import PushState
from sippn.testing.calls import Call
from sippn.testing.push_server import Device
from sippn.testing.push_server.files import APP
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from tests.flows.push_services import AA, ANDROID, CC, VOIP_ALONE, WALL, Services

AT_ONCE = 0.2  # seconds
APNS, FCM, WEBPUSH = "apns", "fcm", "webpush"


@pytest.fixture(params=[APNS, FCM, WEBPUSH])
def pns(request: pytest.FixtureRequest) -> str:
    """Whose token it is."""
    return str(request.param)


@pytest.fixture
def alice(services: Services, pns: str) -> ScriptedUA:
    """Her phone, asleep, from which the app has just been removed."""
    words = {APNS: VOIP_ALONE, FCM: ANDROID}.get(pns) or services.browser()
    alice = services.asleep(words)
    services.house.run(10)
    services.server.apns.devices[AA] = Device(APP, unregistered_at=WALL + 5)
    services.server.fcm.unregistered.add(CC)
    for subscription in services.server.webpush.subscriptions.values():
        subscription.gone_status = 410
    return alice


def lives(services: Services) -> None:
    """The app is there again."""
    services.server.apns.devices.clear()
    services.server.fcm.unregistered.clear()
    for subscription in services.server.webpush.subscriptions.values():
        subscription.gone_status = None


def seconds_to_480(services: Services, call: Call) -> float:
    """How long *call* has yet to go."""
    since = services.house.clock.seconds()
    for _ in range(100):
        if call.failed.called:
            break
        services.house.run(0.01)
    assert succeeded(call.failed).status == 480
    return services.house.clock.seconds() - since


@pytest.mark.usefixtures("alice")
def test_caller_is_answered_at_once(services: Services) -> None:
    """Vector 10, N-05: when the push service says that a token is gone, the call is 480 at once."""
    assert seconds_to_480(services, services.call()) < AT_ONCE
    assert services.pushes == 1
    assert services.binding().push_state is PushState.DEAD


@pytest.mark.usefixtures("alice")
def test_dead_token_is_pushed_no_more(services: Services) -> None:
    """Vector 10, N-05: neither for the next call nor to have the binding refreshed."""
    seconds_to_480(services, services.call())
    assert seconds_to_480(services, services.call()) < AT_ONCE
    services.run(3599, 1)
    assert services.pushes == 1


def test_next_register_revives(services: Services, alice: ScriptedUA) -> None:
    """Vector 10, N-05: a REGISTER proves the token alive, and calls are pushed again."""
    seconds_to_480(services, services.call())
    lives(services)
    assert services.house.get(alice.wake()).status == 200
    assert services.binding().push_state is PushState.ACTIVE
    alice.sleep()
    services.house.run()
    before = services.pushes
    call = services.call()
    services.run(0.1, 0.01)
    assert services.pushes == before + 1
    services.house.get(alice.wake())
    services.house.run()
    assert succeeded(call.answered).status == 200


@pytest.mark.parametrize("transport", ["tcp"])
def test_phone_that_is_awake_is_called_all_the_same(services: Services, alice: ScriptedUA) -> None:
    """Vector 10, N-05: the binding stays: who is connected is called without a push."""
    seconds_to_480(services, services.call())
    services.house.get(alice.wake())
    call = services.call()
    assert succeeded(call.answered).status == 200
