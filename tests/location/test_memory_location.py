"""The location service on a store that answers at once."""

from __future__ import annotations

import pytest
from attrs import define
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from sippn.binding import (
    AOR,
    Binding,
    Decision,
    Grant,
    PushState,
    PushTarget,
    Record,
    Registration,
    Terms,
    decide,
    prid_key,
)
from sippn.binding.records import LINGER
from sippn.errors import StoreUnavailable
from sippn.location import LocationService
from sippn.storage.memory import MemoryStore
from sippn.testing.desk import T0, contact
from sippn.testing.results import failed, succeeded
from sippn.testing.stores import HandStore

TARGET = PushTarget("acme", "", "shared")
PHONE = contact("sip:a@192.0.2.1;pn-provider=acme;pn-prid=shared")


def nothing(record: Record | None) -> Decision:
    """A rule that changes nothing."""
    return Decision(None)


@define(eq=False)
class House:
    """A location service, and a wall clock to turn."""

    store: MemoryStore
    clock: Clock
    location: LocationService
    now: list[float]

    def register(self, aor: AOR, seconds: int = 600, call_id: str = "c") -> Decision:
        """Register the phone under *aor*."""
        registration = Registration(aor, call_id, 1, (PHONE,))
        grant = Grant(aor, ((PHONE.uri, seconds),))
        now = self.now[0]
        return succeeded(
            self.location.update(
                aor, lambda r: decide(r, registration, grant, Terms(), now, lambda: f"b-{aor}")
            )
        )

    def states(self, *aors: AOR) -> list[PushState]:
        """The push state of the binding of each AOR."""
        found = [succeeded(Deferred.fromCoroutine(self.location.bindings(aor))) for aor in aors]
        return [bindings[0].push_state for bindings in found]


@pytest.fixture
def house() -> House:
    store, clock, now = MemoryStore(), Clock(), [T0]
    return House(store, clock, LocationService(store, clock, lambda: now[0]), now)


def test_many_updates_in_a_row_nest_nothing(house: House) -> None:
    """A store that answers at once does not deepen the stack."""
    for number in range(3000):
        house.register("sip:a@h", call_id=f"c{number}")


def test_author_may_write_again_and_again(house: House) -> None:
    """Awaiting one update after the other nests nothing either."""

    async def write() -> None:
        for _ in range(3000):
            await house.location.update("sip:a@h", nothing)

    succeeded(Deferred.fromCoroutine(write()))


def test_disowned_prid_is_dead_wherever_it_is_registered(house: House) -> None:
    """P-045, vector 10: a PRID may serve several AORs; the PNS has disowned it for all."""
    house.register("sip:a@h")
    house.register("sip:b@h")
    house.now[0] = T0 + 10
    house.register("sip:c@h")
    succeeded(house.location.disown_prid(TARGET, before=T0 + 5))
    assert house.states("sip:a@h", "sip:b@h", "sip:c@h") == [
        PushState.DEAD,
        PushState.DEAD,
        PushState.ACTIVE,
    ]
    house.register("sip:a@h", call_id="back")
    assert house.states("sip:a@h") == [PushState.ACTIVE]


def test_unknown_prid_is_disowned_in_vain(house: House) -> None:
    """Nobody has it any more: no error."""
    assert succeeded(house.location.disown_prid(TARGET, before=T0)) is None


def test_disowning_fails_with_its_store(location: LocationService, store: HandStore) -> None:
    """The caller hears it once, however many AORs there are."""
    for aor in ("sip:a@h", "sip:b@h"):
        bound = Binding("b", "sip:a@h", "f", T0 + 60, T0, "c", 1, push_target=TARGET)
        store.overwrite(Record(aor, 1, (bound,), None, frozenset([prid_key(TARGET)])))
    disowned = location.disown_prid(TARGET, before=T0)
    store.refuse(StoreUnavailable("down"))
    assert not disowned.called
    store.refuse(StoreUnavailable("still down"))
    failed(disowned, StoreUnavailable)


def test_what_expired_is_dropped_in_the_end(house: House) -> None:
    """Nothing may grow with phones that never came back."""
    told: list[Decision] = []
    house.location.subscribe(lambda _, decision: told.append(decision))
    house.register("sip:a@h", seconds=60)
    house.register("sip:b@h", seconds=600)
    house.clock.advance(0)
    told.clear()
    house.now[0] = T0 + 60 + LINGER
    assert succeeded(Deferred.fromCoroutine(house.location.expire_due())) == 0
    house.now[0] += 1
    assert succeeded(Deferred.fromCoroutine(house.location.expire_due())) == 1
    house.clock.advance(0)
    assert [[b.id for b in decision.removed] for decision in told] == [["b-sip:a@h"]]
    assert house.location.load("sip:a@h") is None
    left = house.location.load("sip:b@h")
    assert isinstance(left, Record)
