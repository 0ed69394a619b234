"""
Flow D: a binding lives on while its phone sleeps (RFC 8599 section 5.5, Appendix B 20).
"""

from __future__ import annotations

import pytest
from attrs import evolve

from sippn.binding import PushKind, Verdict
from sippn.events import BindingRemoved, PushRequested, RefreshRequested
from sippn.registrar import PushRegistration, RegistrarSettings
from sippn.service import ServerSettings
from sippn.storage.memory import MemoryStore
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA

ALICE = "sip:alice@example.com"
DUE = 3240  # seconds of an hour's registration, at the latest
EARLIEST = 2160
LAST = 3570


def asleep(house: House, expires: int = 3600) -> ScriptedUA:
    """A phone that registered for so long, and sleeps."""
    alice = house.phone("alice", "token-a")
    assert house.get(alice.register(expires)).status == 200
    alice.sleep()
    return alice


def kinds(house: House) -> list[PushKind]:
    """What the pushes so far were for."""
    return [job.kind for job in house.pns.jobs]


def test_refresh_push_keeps_a_sleeping_phone_reachable(house: House) -> None:
    """S-30, P-026, B 20: pushed by 3240 of 3600, it registers, and is called an hour later."""
    alice = asleep(house)
    house.run(EARLIEST)
    assert kinds(house) == []
    house.run(DUE - EARLIEST + 1)
    assert kinds(house) == [PushKind.REFRESH]
    house.push_accepted()
    assert house.get(alice.wake()).status == 200
    alice.sleep()
    house.run(2100)
    call = house.phone("bob").call(ALICE)
    house.run()
    house.push_accepted()
    alice.wake()
    house.run()
    assert succeeded(call.answered).status == 200
    assert kinds(house) == [PushKind.REFRESH, PushKind.CALL]


def test_silent_phone_is_pushed_four_times_and_is_gone(house: House) -> None:
    """S-30, P-028: back-off, the last 30 s before expiry; then no push for it, ever."""
    asleep(house)
    pushed: list[float] = []
    for _ in range(4000):
        house.clock.advance(1)
        while house.pns.unanswered:
            house.push_accepted()
            pushed.append(house.clock.seconds())
    first, second, third, last = pushed
    assert EARLIEST <= first <= DUE + 1
    assert last == pytest.approx(LAST, abs=1)
    assert second - first < third - second < last - third
    attempts = [event.attempt for event in house.news if isinstance(event, RefreshRequested)]
    assert attempts == [1, 2, 3, 4]
    call = house.phone("bob").call(ALICE)
    house.run()
    assert succeeded(call.failed).status in (404, 480)
    assert len(house.pns.jobs) == 4


def test_register_of_its_own_accord_stops_the_back_off(house: House) -> None:
    """B 20: stop on REGISTER."""
    alice = asleep(house)
    house.run(DUE + 1)
    house.push_accepted()
    assert house.get(alice.wake()).status == 200
    alice.sleep()
    for _ in range(330):
        house.clock.advance(1)
    assert kinds(house) == [PushKind.REFRESH]


def test_call_while_a_refresh_is_on_its_way_is_pushed_too(house: House) -> None:
    """S-13 d: a refresh is no promise that the phone comes now."""
    alice, bob = asleep(house), house.phone("bob")
    house.run(DUE + 1)
    call = bob.call(ALICE)
    house.run()
    assert kinds(house) == [PushKind.REFRESH, PushKind.CALL]
    house.get(alice.wake())
    house.run()
    assert succeeded(call.answered).status == 200
    assert len(alice.incoming) == 1


def test_removed_binding_is_not_pushed(house: House) -> None:
    """P-028: a phone that was logged out hears no more of it."""
    alice = asleep(house)
    house.get(alice.wake())
    assert house.get(alice.unregister()).status == 200
    for _ in range(4000):
        house.clock.advance(1)
    assert kinds(house) == []


def test_voip_token_gets_calls_alone(house: House) -> None:
    """R-04, B 20: iOS would stop the app; the binding is promised calls, and expires."""
    house.pns.can = lambda _, kind: kind is PushKind.CALL
    asleep(house)
    house.run(DUE + 1)
    house.phone("bob").call(ALICE)
    house.run()
    assert kinds(house) == [PushKind.CALL]


def test_one_push_refreshes_all_accounts_of_a_phone(house: House) -> None:
    """N-28: both come back; a push for each would be one too many."""
    phones = [house.asleep(user, "shared") for user in ("alice", "anne")]
    house.run(DUE + 1)
    assert len([event for event in house.news if isinstance(event, RefreshRequested)]) == 2
    assert len([event for event in house.news if isinstance(event, PushRequested)]) == 1
    house.push_accepted()
    for phone in phones:
        house.get(phone.wake())
    for _ in range(400):
        house.clock.advance(1)
    assert kinds(house) == [PushKind.REFRESH]


def test_dead_prid_is_not_pushed_again(house: House) -> None:
    """N-05: the app is gone; its binding expires, and callers need not wait for a push."""
    asleep(house)
    house.run(DUE + 1)
    house.pns.answer(Verdict.DEAD)
    for _ in range(330):
        house.clock.advance(1)
    call = house.phone("bob").call(ALICE)
    house.run()
    assert succeeded(call.failed).status == 480
    assert kinds(house) == [PushKind.REFRESH]


def test_what_is_due_survives_a_restart(settings: ServerSettings) -> None:
    """S-31, B 20: the time and the count are in the store; missed is made up for."""
    store = MemoryStore()
    settings = evolve(settings, storage=lambda _: store)
    before = House.built(settings)
    asleep(before)
    before.run(DUE + 1)
    assert kinds(before) == [PushKind.REFRESH]
    before.server.stopService()
    after = House.built(settings)
    after.run(LAST + 10)
    assert kinds(after) == [PushKind.REFRESH]
    (asked,) = [event for event in after.news if isinstance(event, RefreshRequested)]
    assert asked.attempt == 2
    after.push_accepted()
    after.run(300)
    assert [event.aor for event in after.news if isinstance(event, BindingRemoved)] == []
    assert store.load(ALICE) is None
    after.server.stopService()


def test_operator_may_want_none(settings: ServerSettings) -> None:
    """refresh_attempts = 0: who calls for his phones in time himself."""
    push = PushRegistration(refresh_attempts=0)
    house = House.built(evolve(settings, registrar=RegistrarSettings(push=push)))
    asleep(house)
    house.run(DUE + 1)
    assert kinds(house) == []
    house.server.stopService()
