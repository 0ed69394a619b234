"""
How long a phone may stay silent before it is pushed: the operator says, or its user's app does.
"""

from __future__ import annotations

import pytest
from attrs import evolve

from sippn.testing.calls_received import ignore, ring
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from tests.flows.talk import ALICE, pushed, talking


@pytest.fixture
def transport() -> str:
    """Only of a connection can be told that it is open."""
    return "tcp"


def silent(house: House, wish: str) -> ScriptedUA:
    """A phone of alice that has a connection, and does not answer."""
    alice = house.phone("alice", "token-a")
    alice.account = evolve(alice.account, uri_params=wish)
    alice.policy = ignore
    assert house.get(alice.register()).status == 200
    return alice


@pytest.mark.parametrize(
    ("wish", "seconds"), [("", 1), (";pn-timeout=3", 3), (";pn-timeout=0.5", 1)]
)
def test_silent_phone_is_pushed_when_it_wants(house: House, wish: str, seconds: float) -> None:
    """D-05, S-05: pn-timeout is how long its copy may be out before the push; else push.hedge."""
    silent(house, wish)
    house.phone("bob").call(ALICE)
    house.run(seconds - 0.01)
    assert house.pns.jobs == []
    house.run(0.01)
    assert pushed(house) == [("call", "INVITE")]


def test_phone_that_wants_both_at_once(house: House) -> None:
    """D-05: pn-timeout=0, as linphone writes it: the push leaves beside the copy."""
    alice = silent(house, ";pn-timeout=0")
    alice.policy = ring
    call = house.phone("bob").call(ALICE)
    house.run()
    assert pushed(house) == [("call", "INVITE")]
    assert call.ringing.called
    assert len(alice.incoming) == 1


def test_wish_is_about_calls(house: House) -> None:
    """D-05, S-05: in a dialog a phone is awake as a rule: there it is heard out first."""
    talk = talking(house)
    talk.alice.account = evolve(talk.alice.account, uri_params=";pn-timeout=0")
    house.get(talk.alice.register())
    asked = talk.asks("INFO")
    house.run(3)
    assert succeeded(asked).status == 200
    assert house.pns.jobs == []


def test_answer_takes_a_wish_back(house: House) -> None:
    """S-05: who is heard in his time is not pushed, however long that is."""
    alice = silent(house, ";pn-timeout=5")
    alice.policy = ring
    house.phone("bob").call(ALICE)
    house.run(30)
    assert house.pns.jobs == []
