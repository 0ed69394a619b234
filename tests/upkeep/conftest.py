"""Upkeep of a store, with phones that register and a push service in memory."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from attrs import define, evolve, field
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from sippn.binding import (
    AOR,
    Binding,
    Change,
    Decision,
    Grant,
    PushTarget,
    Refresh,
    Registration,
    Terms,
    decide,
)
from sippn.events import Bus, Event
from sippn.location import LocationService
from sippn.testing.desk import T0, contact
from sippn.testing.pns import MemoryPushProvider
from sippn.testing.results import succeeded
from sippn.testing.stores import HandStore
from sippn.upkeep import Upkeep

ALICE = "sip:alice@example.com"


class WillingStore(HandStore):
    """
    A store that answers at once, unless it is told to wait.

    :cvar waits: commits are answered by hand.
    """

    waits: bool = False

    def commit(self, changes: Sequence[Change]) -> Deferred[Sequence[AOR]]:
        """At once, or by hand."""
        written = super().commit(changes)
        if not self.waits:
            self.answer()
        return written


@define(eq=False)
class Scene:
    """
    Upkeep, and everything around it.

    :ivar numbers: counts REGISTERs and job ids.
    """

    clock: Clock = field(factory=Clock)
    pns: MemoryPushProvider = field(factory=MemoryPushProvider)
    store: WillingStore = field(factory=WillingStore)
    news: list[Event] = field(factory=list)
    numbers: int = 0
    location: LocationService = field(init=False)
    upkeep: Upkeep = field(init=False)

    def __attrs_post_init__(self) -> None:
        bus = Bus()
        bus.subscribe(self.news.append)
        self.location = LocationService(self.store, self.clock, self.wall)
        self.upkeep = Upkeep(
            self.location, self.pns, self.clock, self.wall, self._entropy, bus, attempts=4
        )
        self.location.subscribe(self.upkeep.location_changed)

    def wall(self) -> float:
        """Goes with the clock."""
        return T0 + self.clock.seconds()

    def register(
        self,
        aor: AOR = ALICE,
        prid: str = "p1",
        seconds: int = 3600,
        target: PushTarget | None = None,
    ) -> Binding:
        """A REGISTER of the phone that has *prid*, or *target* with it, and its news."""
        self.numbers += 1
        uri = f"sip:x@192.0.2.1;pn-provider=acme;pn-prid={prid}"
        phone = evolve(contact(uri), refresh=Refresh.PUSHED)
        if target is not None:
            phone = evolve(phone, wanted=target, push_target=target)
        registration = Registration(aor, f"call-{prid}", self.numbers, (phone,))
        grant, new_id = Grant(aor, ((phone.uri, seconds),)), f"of-{aor[4:].partition('@')[0]}"
        update = self.location.update(
            aor, lambda r: decide(r, registration, grant, Terms(), self.wall(), lambda: new_id)
        )
        self.clock.advance(0)
        decision: Decision = succeeded(update)
        return decision.registered[0] if decision.registered else decision.removed[0]

    def until(self, at: float | None, later: float = 0.001) -> None:
        """Turn the clock to *later* seconds after *at*."""
        assert at is not None
        self.clock.advance(at - self.wall() + later)

    def look(self) -> Deferred[int]:
        """Look, and give the look all the turns it takes."""
        looked: Deferred[int] = Deferred.fromCoroutine(self.upkeep.look())
        while not looked.called and self.clock.getDelayedCalls():
            self.clock.advance(0)
            if self.store.waits:
                break
        self.clock.advance(0)
        return looked

    def stored(self, aor: AOR = ALICE) -> Binding:
        """The first binding of *aor*."""
        return self.store.stored(aor).bindings[0]

    def _entropy(self, size: int) -> bytes:
        self.numbers += 1
        return self.numbers.to_bytes(size, "big")


@pytest.fixture
def scene() -> Scene:
    return Scene()
