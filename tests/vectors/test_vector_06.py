"""
Vector 6: a UA takes its binding back, and says nothing of its PRID.
"""

from __future__ import annotations

import pytest
from attrs import evolve

from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from tests.vectors.scene import ALICE, FCM, PHONE, phone_that_says, promised, registered

WITHOUT_PRID = ["", ";pn-provider=fcm;pn-param=project", ";pn-provider=fcm", ";pn-provider"]


def removed(house: House, words: str, instance: str) -> ScriptedUA:
    """A phone that was registered with a PRID, and is not any more, by a Contact without it."""
    phone = phone_that_says(house, FCM, instance=instance)
    registered(house, phone)
    phone.account = evolve(phone.account, uri_params=words)
    answer = house.get(phone.unregister())
    assert (answer.status, answer.contacts) == (200, ())
    assert promised(answer) == []
    return phone


@pytest.mark.parametrize("instance", ["", PHONE])
@pytest.mark.parametrize("words", WITHOUT_PRID)
def test_same_uri_without_prid_removes_it(house: House, words: str, instance: str) -> None:
    """Vector 6, U-05, P-029: the same Contact without pn-prid, expires=0, removes the binding."""
    phone = removed(house, words, instance)
    assert house.get(phone.query()).contacts == ()


@pytest.mark.parametrize("instance", ["", PHONE])
@pytest.mark.parametrize("words", WITHOUT_PRID)
def test_it_is_not_pushed(house: House, words: str, instance: str) -> None:
    """Vector 6, P-028: after that a call is 480 or 404, and nobody is pushed."""
    phone = removed(house, words, instance)
    phone.sleep()
    call = house.phone("bob").call(ALICE)
    house.run(1)
    assert succeeded(call.failed).status in (404, 480)
    for _ in range(3700):
        house.clock.advance(1)
    assert house.pns.jobs == []


def test_expires_of_its_contact_is_enough(house: House) -> None:
    """Vector 6, U-05: ``;expires=0`` of the Contact counts, whatever Expires says."""
    phone = phone_that_says(house, FCM, instance="")
    registered(house, phone)
    phone.account = evolve(phone.account, uri_params="", contact_params=";expires=0")
    assert registered(house, phone).contacts == ()
    phone.sleep()
    call = house.phone("bob").call(ALICE)
    house.run(1)
    assert succeeded(call.failed).status in (404, 480)
    assert house.pns.jobs == []


def test_star_removes_it(house: House) -> None:
    """Vector 6, P-029: ``Contact: *`` removes push bindings as it does all others."""
    phone = phone_that_says(house, FCM)
    registered(house, phone)
    assert house.get(phone.register(0, contacts=["*"])).status == 200
    phone.sleep()
    call = house.phone("bob").call(ALICE)
    house.run(1)
    assert succeeded(call.failed).status in (404, 480)
    assert house.pns.jobs == []
