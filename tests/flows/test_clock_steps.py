"""
The wall clock is set while a whole server runs, or while it is down (RELIABILITY E1).
"""

from __future__ import annotations

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from sippn.binding import PushKind
from sippn.interfaces import INotebook
from sippn.service import ServerSettings
from sippn.storage.memory import MemoryStore
from sippn.testing import house as houses
from sippn.testing.house import House
from sippn.testing.results import succeeded

ALICE = "sip:alice@example.com"
HOUR, DAY = 3600, 86_400

steps = pytest.mark.parametrize("step", [HOUR, DAY, -HOUR, -DAY])


@implementer(INotebook)
class DurableStore(MemoryStore):
    """One that outlives its server, with what that noted."""

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self._notes: dict[str, str] = {}

    def note(self, name: str) -> str | None:
        """What was noted last."""
        return self._notes.get(name)

    def keep_note(self, name: str, text: str) -> Deferred[None]:
        """At once."""
        self._notes[name] = text
        return succeed(None)


def set_clock(monkeypatch: pytest.MonkeyPatch, step: float) -> None:
    """Set that of every house by *step* seconds."""
    monkeypatch.setattr(houses, "WALL", houses.WALL + step)


def kinds(house: House) -> list[PushKind]:
    """What the pushes so far were for."""
    return [job.kind for job in house.pns.jobs]


@steps
def test_step_changes_nothing(house: House, monkeypatch: pytest.MonkeyPatch, step: float) -> None:
    """E1: nobody ends early, is pushed early or late, or waits for longer."""
    alice, desk = house.asleep("alice", "token-a"), house.phone("desk")
    assert house.get(desk.register(3600)).status == 200
    house.run(60)
    call = house.phone("bob").call(ALICE)
    house.run()
    house.push_accepted()
    set_clock(monkeypatch, step)
    house.run(19)
    assert not call.failed.called
    house.run(2)
    assert succeeded(call.failed).status == 480
    kinds_before = kinds(house)
    house.run(2000)
    assert kinds(house) == kinds_before
    (contact,) = house.get(desk.query()).contacts
    assert dict(contact.params)["expires"] == str(3600 - 60 - 21 - 2000)
    house.run(1300)
    assert kinds(house)[len(kinds_before) :] == [PushKind.REFRESH]
    assert house.get(alice.wake()).status == 200
    house.run(300)
    assert not house.get(desk.query()).contacts


@steps
def test_step_while_it_is_down_starts_no_herd(
    settings: ServerSettings, monkeypatch: pytest.MonkeyPatch, step: float
) -> None:
    """E1: where nobody knows the boot, what the server saw itself still counts."""
    store = DurableStore()
    settings = evolve(settings, storage=lambda _: store)
    before = House.built(settings)
    phones = [before.asleep(f"user{number}", f"token-{number}") for number in range(20)]
    set_clock(monkeypatch, step)
    before.run(61)
    before.server.stopService()
    set_clock(monkeypatch, 61)  # a new house starts at 0
    after = House.built(settings)
    after.run(1800)
    assert kinds(after) == []
    for number, phone in enumerate(phones):
        asking = after.phone(phone.account.user)
        (contact,) = after.get(asking.query()).contacts
        assert dict(contact.params)["expires"] == str(3600 - 61 - 1800), number
    after.server.stopService()
