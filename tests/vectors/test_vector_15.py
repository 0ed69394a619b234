"""
Vector 15: an INVITE that is to replace a dialog of a sleeping phone.
"""

from __future__ import annotations

import pytest
from attrs import evolve

from sippn.auth.settings import AuthSettings
from sippn.binding import PushKind
from sippn.service import ServerSettings
from sippn.testing.house import House
from sippn.testing.results import succeeded
from tests.threats.scene import SECRET, phone
from tests.vectors.scene import APNS, invites, phone_that_says, registered, talking


@pytest.fixture
def settings(settings: ServerSettings, passwords: AuthSettings) -> ServerSettings:
    """Everybody is asked for a password: whoever wakes like that has to be known."""
    return evolve(settings, auth=passwords)


def test_replaces_wakes(house: House) -> None:
    """Vector 15, P-069: an INVITE with Replaces wakes by the PURR of its Request-URI."""
    alice = phone_that_says(house, APNS, password=SECRET)
    registered(house, alice)
    bob = phone(house, "bob")
    call = talking(house, alice, bob)
    alice.sleep()
    house.run()
    house.pns.jobs.clear()
    target, carol = call.dialog.target, phone(house, "carol")
    assert ";pn-purr=" in target
    taken = carol.call(target, extra=[("Replaces", call.dialog.replaces)])
    house.run()
    assert [job.kind for job in house.pns.jobs] == [PushKind.CALL]
    assert taken.invite.to.tag is None
    before = len(invites(house))
    house.get(alice.wake(endpoint=house.endpoint()))
    house.run()
    assert len(invites(house)) == before + 1
    (invite,) = invites(house, alice)
    assert invite.uri == target
    assert invite.headers.get("Replaces") == call.dialog.replaces
    assert succeeded(taken.answered).status == 200


def test_without_replaces_nobody_is_woken_by_it(house: House) -> None:
    """Vector 15, P-069: an INVITE without Replaces and without a To tag wakes nobody by a PURR."""
    alice = phone_that_says(house, APNS, password=SECRET)
    registered(house, alice)
    call = talking(house, alice, phone(house, "bob"))
    alice.sleep()
    house.run()
    house.pns.jobs.clear()
    phone(house, "carol").call(call.dialog.target)
    house.run(1)
    assert house.pns.jobs == []
