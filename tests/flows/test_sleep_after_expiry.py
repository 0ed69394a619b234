"""
Phones that may be woken though their registration expired (REQUIREMENTS S-32).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from attrs import evolve

from sippn.binding import PushKind
from sippn.registrar import PushRegistration, RegistrarSettings
from sippn.service import ServerSettings
from sippn.storage.memory import MemoryStore
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA

ALICE = "sip:alice@example.com"
LIFE, NIGHT = 600, 36_000  # seconds


@pytest.fixture
def settings(settings: ServerSettings) -> ServerSettings:
    """Ten hours of sleep after each registration, and no refresh pushes but one."""
    push = PushRegistration(refresh_attempts=1, sleep_after_expiry=NIGHT)
    return evolve(settings, registrar=RegistrarSettings(push=push))


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def house(settings: ServerSettings, store: MemoryStore) -> Iterator[House]:
    """With a store that can be looked into."""
    house = House.built(evolve(settings, storage=lambda _: store))
    yield house
    house.server.stopService()


def lost(house: House) -> ScriptedUA:
    """A phone that was out of reach when it was to refresh, and whose registration expired."""
    alice = house.phone("alice", "token-a", instance="<urn:uuid:a>")
    assert house.get(alice.register(LIFE)).status == 200
    alice.sleep("killed")
    pass_by(house, LIFE + 300)
    assert [job.kind for job in house.pns.jobs] == [PushKind.REFRESH]
    house.pns.jobs.clear()
    return alice


def pass_by(house: House, seconds: int) -> None:
    """Let time pass as it does, and the push service take all."""
    for _ in range(seconds // 10):
        house.run(10)
        while house.pns.unanswered:
            house.push_accepted()


def test_call_wakes_a_phone_whose_registration_expired(house: House) -> None:
    """S-32: an hour after expiry; it comes back as who it was, and the call is its."""
    alice = lost(house)
    pass_by(house, 3600)
    assert house.pns.jobs == []
    call = house.phone("bob").call(ALICE)
    house.run()
    assert [job.kind for job in house.pns.jobs] == [PushKind.CALL]
    assert not call.failed.called
    house.get(alice.wake())
    house.run()
    assert succeeded(call.answered).status == 200
    assert len(alice.incoming) == 1


def test_nobody_is_told_that_it_is_registered(house: House) -> None:
    """S-32: a 200 lists it no more, until it has registered again."""
    alice = lost(house)
    tablet = house.phone("alice", instance="<urn:uuid:t>")
    told = house.get(tablet.register())
    assert len(told.headers.get_all("Contact")) == 1
    house.get(alice.wake())
    told = house.get(tablet.register())
    assert len(told.headers.get_all("Contact")) == 2


def test_it_ends(house: House, store: MemoryStore) -> None:
    """S-32, P-028: then it is pushed no more, and nothing is left of it."""
    lost(house)
    pass_by(house, NIGHT)
    call = house.phone("bob").call(ALICE)
    house.run()
    assert succeeded(call.failed).status in (404, 480)
    assert house.pns.jobs == []
    assert store.load(ALICE) is None


def test_who_logs_out_sleeps_no_more(house: House) -> None:
    """P-028: by a de-REGISTER after its registration had expired, too."""
    alice = lost(house)
    alice.wake()
    house.run()
    assert house.get(alice.unregister()).status == 200
    call = house.phone("bob").call(ALICE)
    house.run()
    assert succeeded(call.failed).status in (404, 480)
    assert house.pns.jobs == []
