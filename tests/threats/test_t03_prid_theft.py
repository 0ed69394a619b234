"""
T3: somebody registers the PRID of somebody else.
"""

from __future__ import annotations

import pytest

from sippn.binding import PushOutcome, Verdict
from sippn.sip import PushParams
from sippn.testing.calls_received import ring
from sippn.testing.house import House
from sippn.testing.results import succeeded
from tests.threats.scene import ALICE, SECRET, Sender, phone, sleeper

MALLORY = "sip:mallory@example.com"
SHARED = 8  # AORs that one PRID may have


def test_call_waits_for_its_own_aor(house: House) -> None:
    """T3, Q-01: who registers the PRID of somebody else gets no call of theirs."""
    alice, thief = sleeper(house, "alice", "token-a"), phone(house, "mallory", "token-a")
    call = phone(house, "bob").call(ALICE)
    house.run()
    assert house.get(thief.register()).status == 200
    house.run(5)
    assert thief.incoming == []
    house.get(alice.wake())
    house.run()
    assert succeeded(call.answered).status == 200
    assert (len(alice.incoming), len(thief.incoming)) == (1, 0)


def test_call_waits_for_its_own_instance(house: House) -> None:
    """T3: another device of alice's, with another PRID, does not end the wait for this one."""
    first = house.asleep("alice", "token-1", password=SECRET, instance="<urn:uuid:1>")
    phone(house, "bob").call(ALICE)
    house.run()
    other = house.phone("alice", "token-2", password=SECRET, instance="<urn:uuid:2>")
    other.policy = ring
    house.get(other.register())
    house.run()
    house.get(first.wake())
    house.run()
    assert len(first.incoming) == 1


@pytest.mark.parametrize("as_", ["mallory", "alice"])
def test_only_its_owner_registers_an_aor(house: House, as_: str) -> None:
    """T3: neither with mallory's password, nor with none that is right."""
    alice = sleeper(house, "alice", "token-a")
    call = phone(house, "bob").call(ALICE)
    house.run()
    thief = Sender.at(house)
    contact = ("Contact", "<sip:alice@192.0.2.66;pn-provider=acme;pn-param=app;pn-prid=token-a>")
    if as_ == "mallory":
        assert thief.register("alice", contact, as_="mallory") == [403]
    else:
        guessing = house.phone("alice", "token-a", password="guess")
        assert house.get(guessing.register()).status == 401
    house.run(5)
    assert not call.answered.called
    house.get(alice.wake())
    house.run()
    assert (succeeded(call.answered).status, len(alice.incoming)) == (200, 1)


def test_prid_has_so_many_aors(house: House) -> None:
    """T3, Q-07: a PRID has eight AORs at most; the ninth is refused, the eight are left alone."""
    phones = [phone(house, f"u{number}", "token") for number in range(SHARED + 1)]
    found = [house.get(one.register()).status for one in phones]
    assert found == [200] * SHARED + [403]
    assert house.get(phones[0].register()).status == 200


def test_prid_that_moves_is_reported(house: House, logged: list[str]) -> None:
    """T3: between users who have nothing to do with each other; not the PRID itself."""
    sleeper(house, "alice", "token-of-alice")
    house.get(phone(house, "mallory", "token-of-alice").register())
    assert f"{MALLORY} registers the PRID of {ALICE}" in logged
    assert not [line for line in logged if "token-of-alice" in line]


def test_refresh_is_not_reported(house: House, logged: list[str]) -> None:
    """T3: whoever registers his own PRID again is no news."""
    house.get(sleeper(house, "alice", "token-a").wake())
    assert not [line for line in logged if "registers the PRID" in line]


def test_gone_is_older_bindings_alone(house: House) -> None:
    """T3: a 410 that was true a minute ago is not of a PRID that was registered since."""
    alice = sleeper(house, "alice", "token-a")
    call = phone(house, "bob").call(ALICE)
    house.run(1)
    gone_since = house.server.location._wall() - 60
    house.pns.answer(PushOutcome(Verdict.DEAD, gone_since=gone_since))
    house.run()
    assert call.failed.called
    phone(house, "bob").call(ALICE)
    house.run()
    assert len(house.pns.jobs) == 2
    house.pns.answer(Verdict.DEAD)
    house.run()
    phone(house, "bob").call(ALICE)
    house.run()
    assert len(house.pns.jobs) == 2
    assert house.get(alice.wake()).status == 200


def test_verdict_on_a_theft_is_on_the_theft(house: House) -> None:
    """T3: the PNS says that mallory's app has no such PRID; alice's has, and is pushed."""
    sleeper(house, "alice", "token-a")
    thief = phone(house, "mallory")
    house.get(thief.wake(push=PushParams("acme", "other-app", "token-a")))
    thief.sleep()
    house.run()
    phone(house, "bob").call(MALLORY)
    house.run()
    house.pns.answer(Verdict.DEAD)
    house.run()
    phone(house, "bob").call(ALICE)
    house.run()
    assert [job.aor for job in house.pns.jobs] == [MALLORY, ALICE]


def test_thief_pays_for_his_own_calls(house: House) -> None:
    """T3: strangers drain alice's PRID by way of mallory no faster than by way of herself."""
    sleeper(house, "alice", "token-a")
    thief = sleeper(house, "mallory", "token-a")
    for _ in range(25):
        stranger = house.phone("x", domain="elsewhere.example")
        call = stranger.call(MALLORY)
        house.run()
        house.get(thief.wake())
        house.run()
        if call.answered.called:
            house.get(call.hang_up())
        thief.sleep()
        house.run()
    assert len(house.pns.jobs) == 20
