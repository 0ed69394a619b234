"""
Vector 5: lives that are too short for a push to lengthen them.
"""

from __future__ import annotations

import pytest
from attrs import evolve

from sippn.registrar import PushRegistration, RegistrarSettings
from sippn.service import ServerSettings
from sippn.testing.house import House
from tests.vectors.scene import ALICE, FCM, asleep, pass_by, phone_that_says, promised, registered

LEAD = 120


def test_too_brief_is_423(house: House) -> None:
    """Vector 5, P-013: Expires 100 gets a 423 whose Min-Expires has room for a refresh push."""
    answer = house.get(phone_that_says(house, FCM).register(100))
    assert answer.status == 423
    assert int(answer.headers.get("Min-Expires") or "0") > LEAD
    assert "Feature-Caps" not in answer.headers


def test_too_brief_is_not_registered(house: House) -> None:
    """Vector 5, P-013: after a 423 there is no binding, and nobody is pushed."""
    phone = phone_that_says(house, FCM)
    assert house.get(phone.register(100)).status == 423
    assert house.get(phone.query()).contacts == ()
    house.phone("bob").call(ALICE)
    house.run(30)
    assert house.pns.jobs == []


@pytest.mark.parametrize("least", [1, 121, 300, 3600])
def test_min_expires_is_enough(settings: ServerSettings, least: int) -> None:
    """Vector 5, P-013, P-026: who registers for Min-Expires is promised a push, and gets it."""
    push = PushRegistration(expires_min=least)
    house = House.built(evolve(settings, registrar=RegistrarSettings(push=push)))
    phone = phone_that_says(house, FCM.replace("fcm", "acme"))
    enough = int(house.get(phone.register(100)).headers.get("Min-Expires") or "0")
    assert LEAD < enough <= max(least, 2 * LEAD)
    answer = house.get(phone.register(enough))
    assert (answer.status, len(promised(answer))) == (200, 1)
    assert answer.contacts[0].param("expires") == str(enough)
    phone.sleep()
    pass_by(house, enough)
    assert house.pns.jobs != []
    house.server.stopService()


def test_short_grant_is_no_promise(settings: ServerSettings) -> None:
    """Vector 5, P-015: 3600 asked for and 60 granted gets a 200 without Feature-Caps."""
    push = PushRegistration(expires_min=60, expires_max=60)
    house = House.built(evolve(settings, registrar=RegistrarSettings(push=push)))
    answer = registered(house, phone_that_says(house, FCM.replace("fcm", "acme")))
    assert answer.contacts[0].param("expires") == "60"
    assert promised(answer) == []
    house.phone("bob").call(ALICE)
    house.run(30)
    assert house.pns.jobs == []
    house.server.stopService()


def test_longest_life_is_the_operators(house: House) -> None:
    """Vector 5, P-013: a push binding is granted what it asks for, and never more."""
    phone = asleep(house, phone_that_says(house, FCM))
    phone.wake(expires=30 * 86400)
    house.run()
    assert house.get(phone.query()).contacts[0].param("expires") == str(30 * 86400)
