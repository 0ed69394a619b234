"""
Vector 9: one PRID under two AORs, by right or by theft.
"""

from __future__ import annotations

import pytest
from attrs import evolve

from sippn.auth.settings import AuthSettings
from sippn.service import ServerSettings
from sippn.testing.calls import Call
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from tests.threats.scene import SECRET, phone
from tests.vectors.scene import ALICE, FCM, asleep, invites, phone_that_says, registered, sent

STAR = FCM.replace("token-a", "*")


@pytest.fixture
def settings(settings: ServerSettings, passwords: AuthSettings) -> ServerSettings:
    """Everybody is asked for a password."""
    return evolve(settings, auth=passwords)


def scene(house: House, others: str = FCM) -> tuple[ScriptedUA, ScriptedUA, Call]:
    """Alice asleep and called; mallory's phone has *others* in its Contact."""
    alice = asleep(house, phone_that_says(house, FCM, password=SECRET))
    mallory = phone_that_says(house, others, user="mallory", password=SECRET)
    call = phone(house, "bob").call(ALICE)
    house.run()
    return alice, mallory, call


def test_call_to_one_account_is_not_forked_to_the_other(house: House) -> None:
    """Vector 9, Q-01, P-003: of two accounts of a device the one that is called gets the call."""
    alice, mallory, call = scene(house)
    registered(house, mallory)
    registered(house, mallory)
    house.run(2)
    assert invites(house) == []
    house.get(alice.wake())
    house.run()
    assert len(invites(house, alice)) == len(invites(house)) == 1
    assert invites(house)[0].request_uri.user == "alice"
    assert succeeded(call.answered).status == 200


def test_both_accounts_are_there_before_the_call(house: House) -> None:
    """Vector 9, Q-01: of one device, a REGISTER of the other account releases nothing."""
    mallory = asleep(house, phone_that_says(house, FCM, user="mallory", password=SECRET))
    alice = asleep(house, phone_that_says(house, FCM, password=SECRET))
    phone(house, "bob").call(ALICE)
    house.run()
    assert len(house.pns.jobs) == 1
    house.get(mallory.wake())
    house.run(5)
    assert invites(house) == []
    house.get(alice.wake())
    house.run()
    assert len(invites(house, alice)) == len(invites(house)) == 1


@pytest.mark.parametrize("stolen", [FCM, STAR, FCM.replace("token-a", "token%2Da")])
def test_thief_gets_nothing(house: House, stolen: str) -> None:
    """Vector 9, Q-01: whoever registers a copied PRID, or ``*``, gets neither call nor octet."""
    _, mallory, call = scene(house, stolen)
    registered(house, mallory)
    house.run(30)
    assert succeeded(call.failed).status == 480
    assert invites(house) == []
    to_him = b"".join(one.octets for one in sent(house) if one.to == mallory.address)
    assert b"alice" not in to_him
    assert b"bob" not in to_him


def test_star_is_no_pattern(house: House) -> None:
    """Vector 9, Q-01: a stored ``pn-prid=*`` matches the PRID ``*``, and no other."""
    mallory = asleep(house, phone_that_says(house, STAR, user="mallory", password=SECRET))
    alice = asleep(house, phone_that_says(house, FCM, password=SECRET))
    call = phone(house, "bob").call("sip:mallory@example.com")
    house.run()
    assert [job.target.prid for job in house.pns.jobs] == ["*"]
    house.get(alice.wake())
    house.run(2)
    assert invites(house) == []
    house.get(mallory.wake())
    house.run()
    assert len(invites(house, mallory)) == 1
    assert succeeded(call.answered).status == 200
