"""A herd of phones that are due at once: in good order, and calls before it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable

import pytest
from attrs import define, evolve, field
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from zope.interface import implementer

from sippn.binding import (
    AOR,
    Capability,
    Decision,
    Grant,
    PushJob,
    PushKind,
    PushOutcome,
    PushTarget,
    Refresh,
    Registration,
    Terms,
    Verdict,
    decide,
)
from sippn.events import Bus
from sippn.interfaces import IPushLanes, IPushProvider, Surroundings
from sippn.location import LocationService
from sippn.push import Departures, Dispatcher, PushLimits
from sippn.service.waking import ways_of
from sippn.storage.memory import MemoryStore
from sippn.testing.desk import T0, contact
from sippn.testing.pns import MemoryPushProvider
from sippn.testing.results import succeeded
from sippn.upkeep import Upkeep, UpkeepSettings

TO_WAKE = 2.0  # seconds from the push to the REGISTER
STEP = 0.02  # seconds, of the clock


@implementer(IPushLanes)
@define(eq=False)
class PNS(MemoryPushProvider):
    """Takes all pushes at once, and says when; but those of the app ``stuck``, which hang."""

    took: Callable[[PushJob], None] = field(default=lambda _: None)

    def lane_of(self, target: PushTarget) -> str:
        """Its app."""
        return "stuck" if target.prid.startswith("stuck") else "app"

    def request_push(self, job: PushJob) -> Deferred[PushOutcome]:
        """Take it."""
        if self.lane_of(job.target) == "stuck":
            return MemoryPushProvider.request_push(self, job)
        self.took(job)
        return succeed(PushOutcome(Verdict.ACCEPTED))


@define(eq=False)
class Site:
    """
    A server and its phones, each of which registers when it was pushed, if it *wakes*.

    :ivar began: wall clock: when *clock* showed 0.
    :ivar hung: the PNS of phones of that name; it never answers.
    :ivar left: when each refresh push left, on *clock*; *sent* has those of all kinds.
    :ivar asked: when each call push was asked for; *waited* is how long each took to leave.
    :ivar late: those whose binding had expired by then.
    """

    limits: PushLimits
    spread: float = 0
    began: float = T0
    clock: Clock = field(factory=Clock)
    store: MemoryStore = field(factory=MemoryStore)
    left: list[float] = field(factory=list)
    sent: list[float] = field(factory=list)
    asked: dict[str, float] = field(factory=dict)
    waited: list[float] = field(factory=list)
    late: set[AOR] = field(factory=set)
    wakes: bool = True
    numbers: int = 0
    lives: dict[AOR, int] = field(factory=dict)
    entropy: Callable[[int], bytes] = random.Random(8599).randbytes  # noqa: S311 - the same
    hung: MemoryPushProvider = field(
        factory=lambda: MemoryPushProvider((Capability("hung"),)), init=False
    )
    pns: PNS = field(init=False)
    push: IPushProvider = field(init=False)
    location: LocationService = field(init=False)
    upkeep: Upkeep = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.pns = PNS((Capability("acme"),), took=self._took)
        self.starts()

    def wall(self) -> float:
        """It goes with the clock."""
        return self.began + self.clock.seconds()

    def starts(self) -> None:
        """A server does, which knows what is in the store."""
        around = Surroundings(None, self.clock, self.wall, self.entropy)
        bus, departures = Bus(), Departures()
        ways = ways_of([self.pns, self.hung], self.limits, departures, around, bus)
        self.push = Dispatcher(ways)
        self.location = LocationService(self.store, self.clock, self.wall)
        self.upkeep = Upkeep(
            location=self.location,
            push=self.push,
            clock=self.clock,
            wall=self.wall,
            entropy=self.entropy,
            bus=bus,
            attempts=4,
            per_second=self.limits.pushes_per_second,
            settings=UpkeepSettings(self.spread),
        )
        self.location.subscribe(self.upkeep.location_changed)

    def register(self, aor: AOR, seconds: int, at: float | None = None) -> Decision:
        """A phone does, now or at that time of the wall clock."""
        now = self.wall() if at is None else at
        self.numbers += 1
        self.lives[aor] = seconds
        prid = aor[4:].partition("@")[0]
        pns = "hung" if prid.startswith("hung") else "acme"
        uri = f"sip:x@192.0.2.1;pn-provider={pns};pn-prid={prid}"
        phone = evolve(contact(uri), refresh=Refresh.PUSHED)
        registration = Registration(aor, aor, self.numbers, (phone,))
        grant = Grant(aor, ((phone.uri, seconds),))
        return succeeded(
            self.location.update(
                aor, lambda r: decide(r, registration, grant, Terms(), now, lambda: f"of-{aor}")
            )
        )

    def registered(self, aor: AOR, seconds: int, left: float) -> None:
        """It has registered for *seconds*, of which there are so many *left*; it is due."""
        decision = self.register(aor, seconds, self.wall() + left - seconds)
        assert decision.record is not None
        assert decision.record.due_at is not None
        assert decision.record.due_at < self.wall()

    def runs(self, seconds: int, step: float = 1.0, each: Callable[[], None] | None = None) -> None:
        """So many seconds, with a look each."""
        for _ in range(seconds):
            looked = Deferred.fromCoroutine(self.upkeep.look())
            for _ in range(round(1 / step)):
                if each is not None:
                    each()
                self.clock.advance(step)
                for _ in range(3):
                    self.clock.advance(0)
            while not looked.called:
                self.clock.advance(0)
            succeeded(looked)

    def call(self) -> None:
        """Somebody calls a phone that sleeps."""
        self.numbers += 1
        job = PushJob(
            id=f"call-{self.numbers}",
            kind=PushKind.CALL,
            target=PushTarget("acme", "", f"called-{self.numbers}"),
            aor="sip:called@example.com",
            deadline=self.clock.seconds() + 20,
        )
        self.asked[job.id] = self.clock.seconds()
        self.push.request_push(job)

    def _took(self, job: PushJob) -> None:
        now = self.clock.seconds()
        self.sent.append(now)
        if job.kind is PushKind.CALL:
            self.waited.append(now - self.asked[job.id])
            return
        self.left.append(now)
        if self.wakes:
            self.clock.callLater(TO_WAKE, self._woken, job.aor)

    def _woken(self, aor: AOR) -> None:
        record = self.store.load(aor)
        if record is None or record.bindings[0].expires_at <= self.wall():
            self.late.add(aor)
        else:
            self.register(aor, self.lives[aor])


def busiest(times: Iterable[float], seconds: float = 1.0) -> int:
    """How many of the sorted *times* there are in the busiest of such spans."""
    found = sorted(times)
    first = most = 0
    for last, time in enumerate(found):
        while time - found[first] >= seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def test_herd_after_a_restart_is_saved_in_order_of_need() -> None:
    """
    D4, S-31: 30 % of the refreshes are overdue, the cap holds, nobody is lost, calls go first.

    Those with a day's binding were due first and could wait; those with an hour's cannot.
    """
    site = Site(PushLimits(pushes_per_second=50), spread=30)
    for number in range(3000):
        site.registered(f"sip:day-{number}@h", 86_400, 600 + number % 2900)
    for number in range(1000):
        site.registered(f"sip:hour-{number}@h", 3600, 35 + number % 300)
    site.starts()
    counter = Counter[str]()

    def now_and_then() -> None:
        counter["steps"] += 1
        if counter["steps"] % 5 == 0:
            site.call()

    site.runs(110, STEP, now_and_then)
    assert len(site.left) == 4000
    assert not site.late
    assert len(site.waited) == 1100
    assert sorted(site.waited)[1100 * 99 // 100] <= 0.25
    assert busiest(site.sent) <= 50 * 1.05 + 1


def test_herd_that_is_too_big_is_not_lost_as_a_whole() -> None:
    """D4: each push goes to a phone that can still come: 50/s for half a minute."""
    site = Site(PushLimits(pushes_per_second=50), spread=30)
    for number in range(4000):
        site.registered(f"sip:{number}@h", 3600, number * 40 / 4000)
    site.starts()
    site.runs(45, STEP)
    saved = 4000 - len({aor for aor in site.lives if _expired(site, aor)})
    assert saved >= 50 * 34


def _expired(site: Site, aor: AOR) -> bool:
    record = site.store.load(aor)
    return record is None or record.bindings[0].expires_at <= site.wall()


@pytest.mark.parametrize("spread", [0, 60])
def test_restart_is_spread_where_there_is_time(spread: float) -> None:
    """S-31, T14: the herd comes in evenly; without a spread, as fast as it may."""
    site = Site(PushLimits(pushes_per_second=0), spread)
    for number in range(1200):
        site.registered(f"sip:{number}@h", 86_400, 2000 + number)
    site.starts()
    site.runs(5)
    assert len(site.left) == pytest.approx(1200 if spread == 0 else 1200 * 5 / 60, rel=0.3)
    site.runs(57)
    assert len(site.left) == 1200
    assert busiest(site.left) <= (1200 if spread == 0 else 45)


def test_who_has_no_time_is_not_spread() -> None:
    """S-31: a minute's spread takes from nobody the minute that is left."""
    site = Site(PushLimits(pushes_per_second=500), spread=60)
    for number in range(300):
        site.registered(f"sip:{number}@h", 3600, 20 + number % 90)
        site.registered(f"sip:late-{number}@h", 3600, 200)
    site.starts()
    site.runs(2, STEP)
    assert 300 <= len(site.left) <= 320
    site.runs(62, STEP)
    assert len(site.left) == 600
    assert not site.late


@pytest.mark.parametrize("per_second", [0, 1500])
def test_rate_is_what_the_operator_wants(per_second: int) -> None:
    """S-31: no other bound below ``limits.pushes_per_second``, and none where that is 0."""
    limits = PushLimits(pushes_per_second=per_second, in_flight_per_provider=0)
    site = Site(limits, wakes=False)
    for number in range(3000):
        site.registered(f"sip:{number}@h", 3600, 100)
    site.starts()
    site.runs(3, STEP)
    assert len(site.left) >= 2900
    assert busiest(site.left) <= (per_second * 1.05 or 3000)


def test_pns_that_hangs_costs_no_phone_of_another_its_binding() -> None:
    """W3, D4: and what there is no room for is not counted as an attempt."""
    site = Site(PushLimits(pushes_per_second=50), spread=0)
    for number in range(600):
        site.registered(f"sip:hung-{number}@h", 3600, 20 + number % 200)
        site.registered(f"sip:{number}@h", 3600, 30 + number % 200)
    site.starts()
    site.runs(20, STEP)
    assert len(site.left) == 600
    assert not site.late
    stored = [site.store.load(f"sip:hung-{number}@h") for number in range(600)]
    spent = [record for record in stored if record and record.bindings[0].refresh_attempt]
    assert len(spent) <= 300
    assert len(site.hung.unanswered) <= 75


def test_app_that_hangs_costs_no_phone_of_another_its_binding() -> None:
    """W3, D4: so it is with the lanes of one PNS: those of an app that hangs stand aside."""
    site = Site(PushLimits(pushes_per_second=50), spread=0)
    for number in range(600):
        site.registered(f"sip:stuck-{number}@h", 3600, 20 + number % 200)
        site.registered(f"sip:{number}@h", 3600, 30 + number % 200)
    site.starts()
    site.runs(20, STEP)
    assert len(site.left) == 600
    assert not site.late
    stored = [site.store.load(f"sip:stuck-{number}@h") for number in range(600)]
    spent = [record for record in stored if record and record.bindings[0].refresh_attempt]
    assert len(spent) <= 300
    assert len(site.pns.unanswered) <= 75


def test_crowd_drifts_apart() -> None:
    """
    D5: 5,000 that register within a minute, through the whole of upkeep and the rules.

    Where 100,000 have ten seconds, 5,000 have a minute, or chance would be all there is.
    """
    site = Site(PushLimits(pushes_per_second=0, in_flight_per_provider=0))
    crowd = [f"sip:{number}@example.com" for number in range(5000)]
    for second in range(60):
        for aor in crowd[second::60]:
            site.register(aor, 3600)
        site.runs(1)
    site.runs(3 * 2700)  # three cycles begin
    assert not site.late
    mean = 5000 / (2700 / 60)
    pushes = Counter(int(at // 60) for at in site.left)
    assert sum(pushes.values()) > 2.4 * 5000
    assert max(pushes.values()) <= 3 * mean
