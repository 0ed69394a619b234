"""
Vector 7: a phone comes back with another token, from another port, while a call waits for it.
"""

from __future__ import annotations

import pytest
from attrs import evolve

from sippn.testing.calls_received import ring
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from sippn.transport import Address
from tests.vectors.scene import ALICE, FCM, asleep, invites, phone_that_says, sent


def rotated(house: House, restarted: bool) -> tuple[ScriptedUA, Address]:
    """Alice's phone, called while it slept, and back with another token; where it was."""
    alice = asleep(house, phone_that_says(house, FCM))
    was = alice.address
    house.network.carried.clear()
    house.phone("bob").call(ALICE)
    house.run()
    house.push_accepted()
    alice.account = evolve(alice.account, uri_params=FCM.replace("token-a", "token-b"))
    alice.policy = ring
    assert house.get(alice.wake(endpoint=house.endpoint(), restarted=restarted)).status == 200
    house.run()
    return alice, was


@pytest.mark.parametrize("restarted", [False, True])
def test_it_is_called_once_where_it_is_now(house: House, restarted: bool) -> None:
    """Vector 7, P-043, P-042: a phone with a new token and port gets one INVITE, where it is."""
    alice, was = rotated(house, restarted)
    assert alice.address != was
    assert len(invites(house)) == 1
    assert len(invites(house, alice)) == 1
    assert invites(house)[0].request_uri.host == alice.address.host


@pytest.mark.parametrize("restarted", [False, True])
def test_nothing_goes_where_it_was(house: House, restarted: bool) -> None:
    """Vector 7, P-002: the call that waited goes where the phone is, and nothing where it was."""
    alice, was = rotated(house, restarted)
    alice.incoming[0].answer()
    house.run(40)
    assert [one.octets for one in sent(house) if one.to.host == was.host] == []


@pytest.mark.parametrize("restarted", [False, True])
def test_old_token_is_forgotten(house: House, restarted: bool) -> None:
    """Vector 7, U-04: a new token replaces the old one: the next call pushes it alone."""
    alice, _ = rotated(house, restarted)
    alice.incoming[0].answer()
    house.run()
    assert len(house.get(alice.query()).contacts) == 1
    alice.sleep()
    house.run()
    before = len(house.pns.jobs)
    house.phone("carol").call(ALICE)
    house.run(1)
    assert [job.target.prid for job in house.pns.jobs[before:]] == ["token-b"]


def test_caller_gets_the_phone(house: House) -> None:
    """Vector 7, U-06: a call that waited for a phone that came back anew is answered."""
    alice = asleep(house, phone_that_says(house, FCM))
    call = house.phone("bob").call(ALICE)
    house.run()
    alice.account = evolve(alice.account, uri_params=FCM.replace("token-a", "token-b"))
    alice.wake(endpoint=house.endpoint(), restarted=True)
    house.run()
    assert succeeded(call.answered).status == 200
    assert len(invites(house)) == 1
