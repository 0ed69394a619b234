"""
Vector 11: nobody registers in time.  The real times are in test_vector_11_on_the_wire.py.
"""

from __future__ import annotations

import pytest
from attrs import evolve

from sippn.proxy.settings import WaitSettings
from sippn.service import ServerSettings
from sippn.sip import Response, summary
from sippn.testing.house import House
from sippn.testing.results import succeeded
from tests.vectors.scene import ALICE, FCM, asleep, phone_that_says

T = 20.0


@pytest.fixture
def sleeper(house: House) -> None:
    """Alice, whose pushes are taken and do nothing."""
    asleep(house, phone_that_says(house, FCM))


@pytest.mark.usefixtures("sleeper")
def test_invite_is_480_when_the_wait_is_over(house: House) -> None:
    """Vector 11, P-046, P-048: a call to a phone that does not come is 480 after 20 s, +- 0.1 s."""
    call = house.phone("bob").call(ALICE)
    house.run()
    house.push_accepted()
    house.run(T - 0.1)
    assert [one.status for one in call.provisionals] == [100]
    assert not call.failed.called
    house.run(0.2)
    assert succeeded(call.failed).status == 480


@pytest.mark.usefixtures("sleeper")
@pytest.mark.parametrize("transport", ["udp"])
def test_no_100_before_3500_ms(house: House) -> None:
    """Vector 11, P-047: over UDP a MESSAGE that waits is not answered with 100 before 3.5 s."""
    bob = house.phone("bob")
    bob.message(ALICE, "hello")
    house.run(3.499)
    assert house.sent_to(bob.address) == []
    house.run(0.002)
    assert [summary(one) for one in house.sent_to(bob.address)] == ["100 Trying (MESSAGE)"]


@pytest.mark.usefixtures("sleeper")
def test_message_is_480_and_never_408(house: House) -> None:
    """Vector 11, P-047: a MESSAGE that waits is 480 before 32 s, once, and never 408."""
    bob = house.phone("bob")
    answer = bob.message(ALICE, "hello")
    house.run(31.9)
    assert succeeded(answer).status == 480
    house.run(60)
    statuses = [message.status for message in bob.received if isinstance(message, Response)]
    assert [status for status in statuses if status != 100] == [480]


@pytest.mark.parametrize("wait", [31.9, 32, 60, 3600])
def test_long_wait_is_cut_for_a_message(settings: ServerSettings, wait: float) -> None:
    """Vector 11, P-047: it is 480 before its sender gives up, whatever ``push.wait`` says."""
    waits = WaitSettings(message=wait)
    house = House.built(evolve(settings, proxy=evolve(settings.proxy, wait=waits)))
    asleep(house, phone_that_says(house, FCM.replace("fcm", "acme")))
    bob = house.phone("bob")
    answer = bob.message(ALICE, "hello")
    house.run(31.5)
    assert succeeded(answer).status == 480
    house.server.stopService()
