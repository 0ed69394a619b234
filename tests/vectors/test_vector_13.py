"""
Vector 13: a phone on the desk that is awake, and a mobile that is not.
"""

from __future__ import annotations

import pytest

from sippn.binding import PushKind
from sippn.events import WakeEnded
from sippn.testing.calls import Call
from sippn.testing.calls_received import ring
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from tests.vectors.scene import ALICE, FCM, asleep, invites, phone_that_says, registered

Scene = tuple[ScriptedUA, ScriptedUA, Call]


@pytest.fixture
def scene(house: House) -> Scene:
    """The desk phone rings; the mobile was pushed, and sleeps still."""
    desk = phone_that_says(house, "", instance="<urn:uuid:desk>")
    registered(house, desk)
    mobile = asleep(house, phone_that_says(house, FCM))
    desk.policy = mobile.policy = ring
    call = house.phone("bob").call(ALICE)
    house.run()
    house.push_accepted()
    return desk, mobile, call


def test_desk_rings_at_once(house: House, scene: Scene) -> None:
    """Vector 13, P-051: who is awake is called at once, beside one who is pushed."""
    desk, mobile, call = scene
    assert (len(invites(house, desk)), len(invites(house, mobile))) == (1, 0)
    assert succeeded(call.ringing).status == 180
    assert [job.kind for job in house.pns.jobs] == [PushKind.CALL]


def test_mobile_joins(house: House, scene: Scene) -> None:
    """Vector 13, P-041: a mobile that registers while the desk rings gets that call, too."""
    desk, mobile, call = scene
    house.run(3)
    house.get(mobile.wake())
    house.run()
    assert (len(invites(house, desk)), len(invites(house, mobile))) == (1, 1)
    mobile.incoming[0].answer()
    house.run()
    assert succeeded(call.answered).status == 200
    assert desk.incoming[0].cancelled
    assert len(call.answers) == 1


def test_answer_at_the_desk_ends_the_wait(house: House, scene: Scene) -> None:
    """Vector 13, P-052: when the desk answers first, the wait is over, and a cancel push leaves."""
    desk, mobile, call = scene
    house.run(2)
    desk.incoming[0].answer()
    house.run()
    assert succeeded(call.answered).status == 200
    assert len([event for event in house.news if isinstance(event, WakeEnded)]) == 1
    assert [job.kind for job in house.pns.jobs] == [PushKind.CALL, PushKind.CANCEL]
    called, cancelled = house.pns.jobs
    assert cancelled.target == called.target
    assert cancelled.call_id == called.call_id
    assert cancelled.collapse_key == called.collapse_key
    assert mobile.missed == 0


def test_mobile_that_comes_after_that_is_left_alone(house: House, scene: Scene) -> None:
    """Vector 13, P-052: a mobile that registers after the answer does not ring."""
    desk, mobile, _ = scene
    desk.incoming[0].answer()
    house.run()
    assert house.get(mobile.wake()).status == 200
    house.run(30)
    assert len(invites(house, mobile)) == 0


def test_answer_of_the_mobile_ends_the_desk(house: House, scene: Scene) -> None:
    """Vector 13, P-052: a desk phone that declines ends nothing for a mobile that may come."""
    desk, mobile, call = scene
    desk.incoming[0].reject(486)
    house.run()
    assert not call.failed.called
    house.get(mobile.wake())
    house.run()
    mobile.incoming[0].answer()
    house.run()
    assert succeeded(call.answered).status == 200
