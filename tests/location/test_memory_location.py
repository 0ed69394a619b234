"""The location service on a store that answers at once."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from attrs import define, evolve
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from sippn.binding import (
    AOR,
    Binding,
    Change,
    Decision,
    Grant,
    PushKind,
    PushState,
    PushTarget,
    Record,
    Registration,
    Terms,
    decide,
    prid_keys,
)
from sippn.binding.records import LINGER
from sippn.errors import StoreUnavailable
from sippn.interfaces import settled
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


def bind(record: Record | None) -> Decision:
    """A rule that always stores."""
    bound = Binding("b", "sip:a@h", "f", T0 + 60, T0, "c", 1)
    return Decision(Record("sip:a@h", record.version + 1 if record else 1, (bound,), None))


class FiredStore(MemoryStore):
    """It answers in Deferreds that have fired."""

    def commit(self, changes: Sequence[Change]) -> Deferred[Sequence[AOR]]:
        """At once."""
        return Deferred.fromCoroutine(settled(super().commit(changes)))


@define(eq=False)
class House:
    """A location service, and a wall clock to turn."""

    store: MemoryStore
    clock: Clock
    location: LocationService
    now: list[float]

    def register(
        self, aor: AOR, seconds: int = 600, call_id: str = "c", target: PushTarget = TARGET
    ) -> Decision:
        """Register the phone under *aor*."""
        phone = evolve(PHONE, wanted=target, push_target=target)
        registration = Registration(aor, call_id, 1, (phone,))
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


@pytest.mark.parametrize("kind", [MemoryStore, FiredStore])
def test_author_may_store_again_and_again(clock: Clock, kind: type[MemoryStore]) -> None:
    """Nor does what a store answers at once, in a Deferred or without."""
    location = LocationService(kind(), clock, lambda: T0)

    async def write() -> None:
        for _ in range(1500):
            await location.update("sip:a@h", bind)

    writing = [Deferred.fromCoroutine(write()) for _ in range(2)]
    assert [succeeded(each) for each in writing] == [None, None]


def test_store_that_was_slow_once_nests_nothing(clock: Clock) -> None:
    """Nor where its author is called back while a batch is settled, again and again."""
    answer = Deferred[None]()

    class LateStore(FiredStore):
        def commit(self, changes: Sequence[Change]) -> Deferred[Sequence[AOR]]:
            if answer.called:
                return super().commit(changes)
            return answer.addCallback(lambda _: FiredStore.commit(self, changes))

    location = LocationService(LateStore(), clock, lambda: T0)

    async def write() -> None:
        for _ in range(1500):
            await location.update("sip:a@h", bind)

    writing = Deferred.fromCoroutine(write())
    answer.callback(None)
    clock.advance(0)
    succeeded(writing)


def test_many_may_wait_for_one(location: LocationService, store: HandStore) -> None:
    """However many have nothing to store, they are done one after the other."""
    answer = Deferred[None]()
    store.reading = lambda record: answer.addCallback(lambda _: record)
    first = location.update("sip:a@h", nothing)
    store.reading = lambda record: record
    waiting = [location.update("sip:a@h", nothing) for _ in range(3000)]
    answer.callback(None)
    succeeded(first)
    assert [succeeded(update) for update in waiting] == [Decision(None)] * 3000


def test_disowned_prid_is_dead_wherever_it_is_registered(house: House) -> None:
    """P-045, vector 10: a PRID may serve several AORs; the PNS has disowned it for all."""
    house.register("sip:a@h")
    house.register("sip:b@h")
    house.now[0] = T0 + 10
    house.register("sip:c@h")
    succeeded(house.location.disown_prid(TARGET, PushKind.CALL, before=T0 + 5))
    assert house.states("sip:a@h", "sip:b@h", "sip:c@h") == [
        PushState.DEAD,
        PushState.DEAD,
        PushState.ACTIVE,
    ]
    house.register("sip:a@h", call_id="back")
    assert house.states("sip:a@h") == [PushState.ACTIVE]


def test_dead_token_ends_one_service_wherever_it_is_registered(house: House) -> None:
    """N-05, N-29: each AOR is found by that token, and keeps the other one that it has."""
    voip, remote = ("voip", "AA"), ("remote", "BB")
    one = PushTarget("apns", "", "AA:voip&BB:remote", (voip, remote))
    other = PushTarget("apns", "", "AA", (voip,))
    house.register("sip:a@h", target=one)
    house.register("sip:b@h", target=other)
    assert succeeded(Deferred.fromCoroutine(house.location.sharing(one))) == ("sip:a@h", "sip:b@h")
    succeeded(house.location.disown_prid(one, PushKind.CALL, before=T0 + 5))
    assert house.states("sip:a@h", "sip:b@h") == [PushState.ACTIVE, PushState.DEAD]
    (bound,) = succeeded(Deferred.fromCoroutine(house.location.bindings("sip:a@h")))
    assert bound.push_target is not None
    assert bound.push_target.tokens == (remote,)


def test_unknown_prid_is_disowned_in_vain(house: House) -> None:
    """Nobody has it any more: no error."""
    assert succeeded(house.location.disown_prid(TARGET, PushKind.CALL, before=T0)) is None


def test_disowning_fails_with_its_store(
    location: LocationService, store: HandStore, clock: Clock
) -> None:
    """The caller hears it once, however many AORs there are."""
    for aor in ("sip:a@h", "sip:b@h"):
        bound = Binding("b", "sip:a@h", "f", T0 + 60, T0, "c", 1, push_target=TARGET)
        store.overwrite(Record(aor, 1, (bound,), None, prid_keys(TARGET)))
    disowned = location.disown_prid(TARGET, PushKind.CALL, before=T0)
    store.refuse(StoreUnavailable("down"))
    assert not disowned.called
    clock.advance(0)
    store.refuse(StoreUnavailable("still down"))
    failed(disowned, StoreUnavailable)


def test_due_aors_belong_to_who_asked(house: House) -> None:
    """S-31: for as long as he needs; what he did not get done is due again."""

    def due(limit: int = 10) -> list[AOR]:
        return [r.aor for r in succeeded(Deferred.fromCoroutine(house.location.due(limit)))]

    house.register("sip:a@h", seconds=60)
    house.register("sip:b@h", seconds=61)
    house.register("sip:c@h", seconds=600)
    house.now[0] = T0 + 60 + LINGER
    assert due() == []
    house.now[0] += 2
    assert due(1) == ["sip:a@h"]
    assert due() == ["sip:b@h"]
    assert due() == []
    house.now[0] += 31
    assert due() == ["sip:a@h", "sip:b@h"]
