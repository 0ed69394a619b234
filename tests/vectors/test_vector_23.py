"""
Vector 23: another proxy on the way has promised to push already.
"""

from __future__ import annotations

import pytest

from sippn.testing.calls_received import answer_at_once
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from tests.vectors.scene import ALICE, FCM, invites, pass_by, phone_that_says, promised

THEIRS = ['*;+sip.pns="fcm"', '*;+sip.pns="other"', '*;+sip.pns="fcm";+sip.vapid="BA"']

theirs = pytest.mark.parametrize("field", THEIRS)


def registered(house: House, field: str) -> ScriptedUA:
    """Alice's phone; somebody on the way has added *field* to its REGISTER."""
    alice = phone_that_says(house, FCM)
    answer = house.get(alice.register(extra=[("Feature-Caps", field)]))
    assert answer.status == 200
    assert promised(answer) == []
    return alice


@theirs
def test_ours_is_not_added(house: House, field: str) -> None:
    """Vector 23, P-011, D-10: a REGISTER with sip.pns gets a 200 without Feature-Caps of ours."""
    registered(house, field)


@theirs
def test_nobody_is_pushed(house: House, field: str) -> None:
    """Vector 23, P-011: such a binding is pushed by us neither for a call nor before it expires."""
    alice = registered(house, field)
    alice.policy = answer_at_once
    call = house.phone("bob").call(ALICE)
    house.run()
    assert succeeded(call.answered).status == 200
    alice.sleep()
    house.run()
    house.phone("bob").call(ALICE)
    pass_by(house, 3700)
    assert house.pns.jobs == []


@theirs
def test_their_parameters_are_kept(house: House, field: str) -> None:
    """Vector 23, P-009, P-053: the proxy on the way finds pn-* in the Request-URI of a call."""
    registered(house, field)
    house.phone("bob").call(ALICE)
    house.run()
    (invite,) = invites(house)
    assert invite.request_uri.param("pn-provider") == "fcm"
    assert invite.request_uri.param("pn-param") == "project"
    assert invite.request_uri.param("pn-prid") == "token-a"


@theirs
def test_other_devices_are_told_nothing(house: House, field: str) -> None:
    """Vector 23, P-004: another device of the user is told no pn-* of it all the same."""
    registered(house, field)
    other = phone_that_says(house, "", instance="<urn:uuid:other>")
    answer = house.get(other.register())
    assert len(answer.contacts) == 2
    assert not [one for one in answer.contacts if "pn-" in str(one)]


def test_next_register_without_it_is_ours(house: House) -> None:
    """Vector 23, P-016: when nobody on the way pushes any more, the next REGISTER is promised."""
    alice = registered(house, THEIRS[0])
    answer = house.get(alice.register())
    assert promised(answer)[0].startswith('*;+sip.pns="fcm"')
