"""
Vector 8: one INVITE, however many REGISTERs the phone sends.
"""

from __future__ import annotations

import pytest
from attrs import evolve

from sippn.auth.settings import AuthSettings
from sippn.service import ServerSettings
from sippn.sip import Request, Response, read
from sippn.testing.calls_received import by_hand, ring
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from tests.threats.scene import SECRET, phone
from tests.vectors.scene import ALICE, FCM, asleep, invites, phone_that_says, registered, sent


@pytest.fixture
def settings(settings: ServerSettings, passwords: AuthSettings) -> ServerSettings:
    """Everybody is asked for a password."""
    return evolve(settings, auth=passwords)


@pytest.fixture
def alice(house: House) -> ScriptedUA:
    """Asleep, and called by bob."""
    alice = asleep(house, phone_that_says(house, FCM, password=SECRET))
    alice.policy = ring
    phone(house, "bob").call(ALICE)
    house.run()
    house.push_accepted()
    alice.forget()
    return alice


def told(alice: ScriptedUA) -> list[str]:
    """What she was told, in order: statuses and methods."""
    return [
        str(message.status) if isinstance(message, Response) else message.method
        for message in alice.received
    ]


def test_challenge_and_answer_make_one_invite(house: House, alice: ScriptedUA) -> None:
    """Vector 8, Q-02, P-041: 401, 200, INVITE: a REGISTER that is challenged releases nothing."""
    assert house.get(alice.wake()).status == 200
    house.run(30)
    assert told(alice)[:3] == ["401", "200", "INVITE"]
    assert len(invites(house)) == 1


@pytest.mark.parametrize("apart", [0, 0.05, 1])
def test_three_registers_make_one_invite(house: House, alice: ScriptedUA, apart: float) -> None:
    """Vector 8, P-041: three REGISTERs in a row after one push release the call once."""
    alice.wake()
    house.run(apart)
    for _ in range(2):
        alice.register()
        house.run(apart)
    house.run()
    answers = [m.status for m in alice.received if isinstance(m, Response)]
    assert answers.count(200) == 3
    assert len(invites(house)) == 1


def test_three_registers_at_once_make_one_invite(house: House, alice: ScriptedUA) -> None:
    """Vector 8, P-041: three REGISTERs that wait for no answer release it once, too."""
    alice.wake()
    alice.register()
    alice.register()
    house.run(5)
    assert len(invites(house)) == 1


def test_it_is_answered_once(house: House, alice: ScriptedUA) -> None:
    """Vector 8, P-041: REGISTERs that come while the phone rings, or later, bring no other copy."""
    alice.policy = by_hand
    alice.wake()
    house.run()
    alice.incoming[0].ring()
    registered(house, alice)
    alice.incoming[0].answer()
    house.run()
    registered(house, alice)
    house.run(40)
    assert len(invites(house)) == 1
    assert len(alice.incoming) == 1
    assert alice.incoming[0].acked.called


def test_wrong_password_releases_nothing(house: House, alice: ScriptedUA) -> None:
    """Vector 8, P-049, P-044: a REGISTER that is refused neither gets the call nor ends it."""
    thief = phone_that_says(house, FCM, password="guessed")
    thief.account = evolve(thief.account, user="alice")
    assert house.get(thief.register()).status == 401
    assert invites(house) == []
    alice.wake()
    house.run()
    assert len(invites(house, alice)) == len(invites(house)) == 1


def test_call_is_up(house: House) -> None:
    """Vector 8, P-001: the server that takes the REGISTERs takes the call, and is in its path."""
    alice = asleep(house, phone_that_says(house, FCM, password=SECRET))
    bob = phone(house, "bob")
    call = bob.call(ALICE)
    house.run()
    for _ in range(3):
        alice.wake()
        house.run()
    assert succeeded(call.answered).status == 200
    assert len(call.answers) == 1
    messages = [read(one.octets) for one in sent(house) if one.to == bob.address]
    finals = [m for m in messages if isinstance(m, Response) and m.cseq.method == "INVITE"]
    assert [m.status for m in finals if m.status >= 200 and m.status != 407] == [200]
    assert not [m for m in messages if isinstance(m, Request)]
