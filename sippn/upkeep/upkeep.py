"""What has to be done when its time has come, and not because somebody asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, inf
from typing import ClassVar

from attrs import Factory, define, field
from twisted.internet.defer import DeferredList
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from sippn.binding import AOR, Decision, Record, attend
from sippn.errors import StoreUnavailable
from sippn.events import Bus
from sippn.interfaces import IPushProvider
from sippn.location import LocationService
from sippn.upkeep.backlog import Backlog
from sippn.upkeep.lines import Lines
from sippn.upkeep.refreshing import MOST, RefreshPushes
from sippn.upkeep.settings import UpkeepSettings

_LOOK = 2000  # AORs in one look
_GO = 64  # AORs in one go: a turn of the reactor stays short, whatever a restart finds due
_CLAIM = 256  # records that are claimed in one go, which costs less
_CLAIMS = 4  # in one look
_HELD = 400_000  # AORs that wait here for their turn, some 70 MB; the others in the store
_LEASE = 30.0  # seconds for which they are ours
_LONG_LEASE = 120.0  # for those behind many, who would only be claimed again and again
_MANY = 4000  # AORs
_IN_FLIGHT = 100  # refresh pushes that are with a PNS, as a rule
_PRESSING = 60.0  # seconds: who has no more is not spread


@define(eq=False, repr=False)
class Upkeep:
    """
    Has bindings refreshed before they expire, and drops those that did.

    What is due stays in the store, under the time at which it is: there is no timer for a
    binding, and a restart forgets nothing.

    :ivar _wall: wall clock, by which bindings expire; *_clock* is monotonic.
    :ivar _attempts: how many refresh pushes there are before a binding expires.
    :ivar _per_second: how many pushes may leave; 0: any number.  That is kept by whom they
        are asked of; here it only says how many are to wait there.
    :ivar _spread_until: until then what a restart found due is spread; *_looked_at* is the
        last look: both monotonic clock, seconds.
    """

    _location: LocationService
    _push: IPushProvider
    _clock: IReactorTime
    _wall: Callable[[], float]
    _entropy: Callable[[int], bytes]
    _bus: Bus
    _attempts: int
    _per_second: int = 500
    _settings: UpkeepSettings = field(factory=UpkeepSettings)
    _spread_until: float = field(init=False)
    _looked_at: float = field(init=False)
    _lines: Lines = field(
        init=False, default=Factory(lambda self: Lines(self._push), takes_self=True)
    )
    _pushes: RefreshPushes = field(
        init=False,
        default=Factory(
            lambda self: RefreshPushes(
                self._push,
                self._clock,
                self._wall,
                self._entropy,
                self._bus,
                self._location.disown_prid,
                self._lines.line_of,
                _unanswered(self._per_second),
            ),
            takes_self=True,
        ),
    )
    _backlog: Backlog = field(
        init=False,
        default=Factory(
            lambda self: Backlog(self._pushes.room, self._lines.line_of), takes_self=True
        ),
    )
    _log: ClassVar[Logger] = Logger()

    def __attrs_post_init__(self) -> None:
        self._looked_at = self._clock.seconds()
        self._spread_until = self._looked_at + self._settings.restart_spread

    async def look(self) -> int:
        """
        Attend to what is due, as far as there is room for pushes: a few times a second is
        often enough, and the next look finds the rest.

        :returns: how many AORs were attended to.
        :raises StoreUnavailable: some could not be written; they are due again after a while.
        """
        await self._claim()
        now, spread = self._clock.seconds(), self._spread_until
        passed, self._looked_at = now - self._looked_at, now
        left = _LOOK
        if now < spread:
            pressing = self._wall() + (spread - now) + _PRESSING
            left -= await self._work_off(self._pressing(pressing), left)
            share = ceil(len(self._backlog) * min(1.0, passed / (spread - now)))
            left -= await self._work_off(self._pressing(inf), min(left, share))
        else:
            left -= await self._work_off(self._pressing(inf), left)
        left -= await self._work_off(self._the_last, left)
        return _LOOK - left

    def location_changed(self, aor: AOR, decision: Decision) -> None:
        """A change of *aor* was committed: whose UA came back is not pushed any more."""
        for binding in (*decision.registered, *decision.removed):
            self._pushes.landed(aor, binding.id)

    async def _claim(self) -> None:
        """Take from the store what came due; all of it, for only then the urgent are known."""
        for _ in range(_CLAIMS):
            waiting = len(self._backlog)
            if waiting >= _HELD:
                return
            lease = _LONG_LEASE if waiting > _MANY else _LEASE
            due = await self._location.due(_CLAIM, lease)
            self._backlog.add(due, self._wall())
            if len(due) < _CLAIM:
                return
            await deferLater(self._clock, 0)  # calls first

    def _pressing(self, before: float) -> Callable[[int], list[AOR]]:
        return lambda number: self._backlog.take(number, self._wall(), before)

    def _the_last(self, number: int) -> list[AOR]:
        return self._backlog.take_last(number, self._wall())

    async def _work_off(self, take: Callable[[int], Sequence[AOR]], most: int) -> int:
        """Attend to *most* of those that *take* gives, at most; how many there were."""
        left = most
        while left > 0:
            go = min(left, _GO)
            aors = take(go)
            await self._attend(aors)
            left -= len(aors)
            if len(aors) < go:
                break
            await deferLater(self._clock, 0)  # calls first
        return most - left

    async def _attend(self, due: Sequence[AOR]) -> None:
        """One AOR that cannot be attended to keeps no other waiting."""
        updates = [
            self._location.update(aor, self._decide).addCallback(self._push_due, aor) for aor in due
        ]
        unavailable: Failure | None = None
        results = await DeferredList(updates, consumeErrors=True)
        for aor, (_, result) in zip(due, results, strict=True):
            if not isinstance(result, Failure):
                continue
            if result.check(StoreUnavailable):
                unavailable = result  # all of a batch have the same, so it is told once
            else:
                self._log.failure("{aor} is due and was not attended to", result, aor=aor)
        if unavailable is not None:
            unavailable.raiseException()

    def _decide(self, record: Record | None) -> Decision:
        return attend(record, self._wall(), self._attempts)

    def _push_due(self, decision: Decision, aor: AOR) -> None:
        # only now that it is committed: else each node that lost the race would push as well
        for binding in decision.refreshing:
            self._pushes.request(aor, binding)


def _unanswered(per_second: int) -> int:
    """
    How many refreshes of a line may be without an answer: a second's worth, and some.

    With fewer the pace would not be kept; more would only stand in line, where they are not
    in order of need any more.
    """
    return min(MOST, _IN_FLIGHT + per_second * 6 // 5) if per_second else MOST
