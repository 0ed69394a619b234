"""What has to be done when its time has come, and not because somebody asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
from sippn.upkeep.refreshing import RefreshPushes

_HERD = 64  # AORs in one go: a turn of the reactor stays short, whatever a restart finds due


@define(eq=False, repr=False)
class Upkeep:
    """
    Has bindings refreshed before they expire, and drops those that did.

    What is due stays in the store, under the time at which it is: there is no timer for a
    binding, and a restart forgets nothing.

    :ivar _wall: wall clock, by which bindings expire; *_clock* is monotonic.
    :ivar _attempts: how many refresh pushes there are before a binding expires.
    """

    _location: LocationService
    _push: IPushProvider
    _clock: IReactorTime
    _wall: Callable[[], float]
    _entropy: Callable[[int], bytes]
    _bus: Bus
    _attempts: int
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
            ),
            takes_self=True,
        ),
    )
    _log: ClassVar[Logger] = Logger()

    async def look(self) -> int:
        """
        Attend to what is due, as far as there is room for pushes: once a second is often
        enough, and the next look finds the rest.

        :returns: how many AORs were due.
        :raises StoreUnavailable: some could not be written; they are due again after a while.
        """
        looked, left = 0, self._pushes.room
        while left > 0:
            asked = min(left, _HERD)
            due = await self._location.due(asked)
            await self._attend(due)
            looked += len(due)
            left -= len(due)
            if len(due) < asked:
                break
            await deferLater(self._clock, 0)  # calls first
        return looked

    def location_changed(self, aor: AOR, decision: Decision) -> None:
        """A change of *aor* was committed: whose UA came back is not pushed any more."""
        for binding in (*decision.registered, *decision.removed):
            self._pushes.landed(aor, binding.id)

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
