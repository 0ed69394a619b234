"""
Calls that are woken through Apple's, Google's and a browser's push service.
"""

from __future__ import annotations

from typing import Any

import pytest

from sippn.binding import PushState
from sippn.events import PushAnswered
from sippn.testing.calls_received import ring
from sippn.testing.push_server import Answer, Device
from sippn.testing.push_server.files import APP
from sippn.testing.push_server.service import Service
from sippn.testing.results import succeeded
from tests.flows.push_services import AA, ANDROID, BB, CC, IPHONE, VOIP_ALONE, WALL, Services

ALICE = "sip:alice@example.com"
DAY = 86400.0
PNS = ("apns", "fcm", "webpush")


def words_of(services: Services, pns: str) -> str:
    """What a phone of that service says."""
    return {"apns": IPHONE, "fcm": ANDROID}.get(pns) or services.browser()


def service_of(services: Services, pns: str) -> Service[Any]:
    """That service."""
    server = services.server
    found: dict[str, Service[Any]] = {
        "apns": server.apns,
        "fcm": server.fcm,
        "webpush": server.webpush,
    }
    return found[pns]


@pytest.mark.parametrize("pns", PNS)
def test_phone_is_woken_and_gets_its_call(services: Services, pns: str) -> None:
    """P-040, P-041, N-04: one push, a REGISTER, one INVITE."""
    alice = services.asleep(words_of(services, pns))
    call = services.call()
    services.take(service_of(services, pns))
    services.house.get(alice.wake())
    services.house.run()
    assert succeeded(call.answered).status == 200
    services.run(30)
    assert services.pushes == 0
    assert set(services.server.acted.values()) == {1}


@pytest.mark.parametrize("pns", PNS)
def test_nothing_of_the_token_is_said(services: Services, pns: str, logged: list[str]) -> None:
    """T7, Q-05: neither the log nor an event has a token, an URL's path or a key of ours."""
    services.asleep(words_of(services, pns))
    service_of(services, pns).default = Answer(403, body=b"{}")
    services.call()
    services.run(5)
    said = "\n".join([*logged, repr(services.house.news), repr(services.house.server)])
    paths = [url.split("/push/")[-1] for url in services.server.webpush.subscriptions]
    assert "refuse" in said
    assert [word for word in (AA, BB, CC, "Bearer", "vapid t=", *paths) if word in said] == []


def test_each_call_is_shown_on_an_iphone(services: Services) -> None:
    """S-04: CallKit has to show each call, so each one is a VoIP push; one REGISTER is enough."""
    alice = services.asleep(IPHONE)
    alice.policy = ring
    calls = [services.call(by=f"caller{number}") for number in range(3)]
    services.run(0.2, 0.01)
    pushes = services.apns.pushes
    assert [(push.token, push.push_type) for push in pushes] == [(AA, "voip")] * 3
    assert len({push.id for push in pushes}) == 3
    services.house.get(alice.wake())
    services.house.run()
    assert len(alice.incoming) == 3
    assert not any(call.failed.called for call in calls)


def test_many_calls_are_one_message_to_an_android(services: Services) -> None:
    """S-04: what need not show each call is pushed once, however many wait."""
    services.asleep(ANDROID)
    for number in range(3):
        services.call(by=f"caller{number}")
    services.run(0.2, 0.01)
    assert len(services.server.fcm.pushes) == 1


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (200, 'SIP;cause=200;text="Call completed elsewhere"'),
        (603, 'SIP;cause=603;text="Decline"'),
    ],
)
def test_iphone_is_told_what_became_of_its_call(services: Services, status: int, said: str) -> None:
    """S-12, N-06: what was answered or declined on another phone is shown as no missed call."""
    desk = services.house.phone("alice", instance="<urn:uuid:desk>")
    services.house.get(desk.register())
    desk.policy = ring
    services.asleep(IPHONE)
    services.call()
    assert services.take(services.apns).token == AA
    if status == 200:
        desk.incoming[0].answer()
    else:
        desk.incoming[0].reject(status)
    services.house.run()
    push = services.take(services.apns)
    assert push.token == BB
    assert push.payload["sippn"]["reason"] == said


def test_dead_voip_token_leaves_the_other(services: Services) -> None:
    """N-05, N-29: a call whose VoIP token is gone is announced by the other one, and comes."""
    alice = services.asleep(IPHONE)
    services.server.apns.devices[AA] = Device(APP, unregistered_at=WALL + 1)
    services.run(5)
    call = services.call()
    services.run(0.2, 0.01)
    assert [push.token for push in services.apns.pushes] == [AA, BB]
    binding = services.binding()
    assert binding.push_target is not None
    assert (binding.push_target.tokens, binding.push_state) == (
        (("remote", BB),),
        PushState.ACTIVE,
    )
    services.house.get(alice.wake())
    services.house.run()
    assert succeeded(call.answered).status == 200


def test_token_that_has_registered_since_is_not_dead(services: Services) -> None:
    """N-05, Appendix A: a 410 that is dated before the last REGISTER kills no binding."""
    services.run(100, 1)
    services.asleep(VOIP_ALONE)
    services.server.apns.devices[AA] = Device(APP, unregistered_at=WALL + 50)
    call = services.call()
    services.run(0.2, 0.01)
    assert succeeded(call.failed).status == 480
    assert services.binding().push_state is PushState.ACTIVE
    services.server.apns.devices.clear()
    services.call()
    services.run(0.2, 0.01)
    assert len(services.apns.pushes) == 2


@pytest.mark.parametrize("wrong", [DAY, -DAY])
@pytest.mark.parametrize(("dated", "state"), [(50, PushState.ACTIVE), (150, PushState.DEAD)])
def test_clock_that_is_set_right_kills_no_token(
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
    wrong: float,
    dated: float,
    state: PushState,
) -> None:
    """N-05, E1: an operator sets the clock; Apple's dates are compared with our registrations."""
    services.run(100, 1)
    services.asleep(VOIP_ALONE)
    services.run(100, 1)
    # our clock goes on evenly: from now on it is ahead of the system's, or behind
    monkeypatch.setattr("sippn.testing.house.WALL", WALL + wrong)
    services.server.wall = services.apns.wall = lambda: (
        WALL + wrong + services.house.clock.seconds()
    )
    services.server.apns.devices[AA] = Device(APP, unregistered_at=WALL + wrong + dated)
    services.call()
    services.run(0.2, 0.01)
    assert services.binding().push_state is state


def test_wrong_configuration_is_told_once_and_kills_nothing(
    services: Services, logged: list[str]
) -> None:
    """N-05, N-10: a key that Apple does not know is one line with its cure; bindings live on."""
    services.asleep(IPHONE)
    services.apns.default = services.apns.refusal("InvalidProviderToken")
    calls = [services.call(by=f"caller{number}") for number in range(3)]
    services.run(1)
    assert [succeeded(call.failed).status for call in calls] == [480] * 3
    told = [line for line in logged if "refuses our pushes" in line]
    assert len(told) == 1
    assert told[0].startswith(f"the push service of apns, {APP}, refuses our pushes: 403 ")
    assert "key" in told[0]
    assert services.binding().push_state is PushState.ACTIVE
    services.apns.default = Answer()
    services.call()
    services.run(1)
    assert logged[-1] == f"the push service of apns, {APP}, takes our pushes again"


def test_what_came_back_is_told_to_the_bus(services: Services) -> None:
    """N-07: an operator who asks why it did not ring finds what the push service said."""
    services.asleep(ANDROID)
    services.server.fcm.unregistered.add(CC)
    services.call()
    services.run(1)
    (answered,) = [one for one in services.house.news if isinstance(one, PushAnswered)]
    assert (answered.provider, answered.verdict) == ("fcm", "DEAD")
    assert "UNREGISTERED" in answered.detail
