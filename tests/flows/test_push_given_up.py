"""
Calls that are over, and of which a phone may know: it is told, or shown a call that ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from sippn.testing.calls import Call
from sippn.testing.calls_received import ring
from sippn.testing.push_server import Answer, Device, Manner
from sippn.testing.push_server.files import APP
from sippn.testing.push_server.service import Service
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from tests.flows.push_services import AA, ANDROID, BB, IPHONE, VOIP_ALONE, WALL, Services

BUSY = Answer(503, (("retry-after", "2"),))
LIVES = 10  # seconds, a push that takes another back


@pytest.fixture
def transport() -> str:
    """Push services do not care."""
    return "udp"


def comes(services: Services, phone: ScriptedUA) -> Sequence[str]:
    """What *phone* is sent when it registers."""
    carried = services.house.network.carried
    before = len(carried)
    assert services.house.get(phone.wake()).status == 200
    services.run(1)
    here = services.house.address
    sent = [one.octets.split(b" ")[0].decode() for one in carried[before:] if one.source == here]
    return [method for method in sent if method in {"INVITE", "CANCEL"}]


def fails(services: Services, call: Call) -> int:
    """How *call* ends by itself."""
    while not call.failed.called:
        services.run(0.05)
    return succeeded(call.failed).status


def pns_of(services: Services, pns: str) -> tuple[str, Service[Any]]:
    """What a phone of that service says, and the service."""
    if pns == "fcm":
        return ANDROID, services.server.fcm
    return services.browser(), services.server.webpush


@pytest.mark.parametrize("manner", [Manner.HANG, Manner.CUT])
def test_iphone_that_may_have_rung_is_shown_its_call(services: Services, manner: Manner) -> None:
    """S-12, T9: a VoIP push that Apple took but did not answer is no less a call to be shown."""
    alice = services.asleep(VOIP_ALONE)
    services.apns.default = Answer(manner=manner, acts=True)
    assert fails(services, services.call()) == 480
    assert comes(services, alice) == ["INVITE", "CANCEL"]


@pytest.mark.parametrize("manner", [Manner.HANG, Manner.CUT])
@pytest.mark.parametrize("pns", ["fcm", "webpush"])
def test_phone_that_may_have_rung_is_told(services: Services, pns: str, manner: Manner) -> None:
    """S-12, T9: a push without an answer is taken back when its call has failed."""
    words, service = pns_of(services, pns)
    alice = services.asleep(words)
    service.default = Answer(manner=manner, acts=True)
    assert fails(services, services.call()) == 480
    service.default = Answer()
    service.pushes.clear()
    services.take(service, LIVES)
    services.run(1)
    assert comes(services, alice) == []


@pytest.mark.parametrize("pns", ["fcm", "webpush"])
def test_redial_is_not_overtaken_by_what_is_over(services: Services, pns: str) -> None:
    """S-12, S-04: a late cancellation would replace the next call's push: the phone slept on."""
    words, service = pns_of(services, pns)
    services.asleep(words)
    call = services.call()
    services.take(service)
    service.default = BUSY
    call.cancel()
    services.run(0.5)
    assert len(service.pushes) == 1
    service.default = Answer()
    service.pushes.clear()
    services.call()
    services.take(service)
    services.run(LIVES)
    assert service.pushes == []


@pytest.mark.parametrize("how", ["dead", "busy", "busy still"])
def test_iphone_that_could_not_be_told_is_shown_its_call(services: Services, how: str) -> None:
    """S-12: until Apple takes the push to the other token, the app has to show the call."""
    alice = services.asleep(IPHONE)
    call = services.call()
    services.run(1)
    if how == "dead":
        services.apns.devices[BB] = Device(APP, unregistered_at=WALL + 50)
    else:
        services.apns.default = BUSY
    call.cancel()
    services.run(LIVES + 2 if how == "busy" else 2)
    assert comes(services, alice) == ["INVITE", "CANCEL"]
    assert comes(services, alice) == []


def test_iphone_is_shown_its_call_whatever_its_other_token_is_told(services: Services) -> None:
    """S-12, R-04: that Apple has the push that says so does not say that the phone had it."""
    alice = services.asleep(IPHONE)
    call = services.call()
    services.run(1)
    call.cancel()
    services.run(1)
    assert [push.token for push in services.apns.pushes] == [AA, BB]
    assert comes(services, alice) == ["INVITE", "CANCEL"]


@pytest.mark.parametrize(("pns", "words"), [("apns", IPHONE), ("fcm", ANDROID)])
def test_who_got_the_call_after_all_is_not_shown_it_again(
    services: Services, pns: str, words: str
) -> None:
    """S-09, S-12: one who comes late and gets the call has not missed it, whatever its push did."""
    desk = services.house.phone("alice", instance="<urn:uuid:desk>")
    services.house.get(desk.register())
    desk.policy = ring
    alice = services.asleep(words, instance="<urn:uuid:mobile>")
    alice.policy = ring
    call = services.call()
    services.run(1)
    service: Service[Any] = getattr(services.server, pns)
    service.default = BUSY
    services.run(21)
    assert comes(services, alice) == ["INVITE"]
    services.run(LIVES)
    call.cancel()
    services.run(1)
    assert comes(services, alice) == []
