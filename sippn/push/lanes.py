"""One provider for many push services: each has its own line, and is down by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from attrs import define, field
from twisted.internet.defer import Deferred
from zope.interface import implementer

from sippn.binding import Capability, PushJob, PushKind, PushOutcome, PushTarget
from sippn.interfaces import IPushLanes, IPushProvider
from sippn.push.breaker import Breaker
from sippn.push.slots import Slots

MOST: Final = 64  # lanes: a UA names its own push service, where the operator lets it
OTHERS: Final = "others"


@define(eq=False, repr=False)
class Lane:
    """
    What all pushes of one lane pass.

    :ivar way: the outermost of the wrapped providers; *slots* and *breaker* are among them.
    :ivar used: when it was asked last, in the order of all lanes.
    """

    way: IPushProvider
    slots: Slots
    breaker: Breaker
    used: int = field(default=0, init=False)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is in flight, nor waits to be."""
        return not (self.slots.taken or self.slots.waiting)


@implementer(IPushProvider, IPushLanes)
@define(eq=False, repr=False)
class Lanes:
    """
    A provider whose lanes fail one by one (RELIABILITY W3): an app, a project, an origin.

    A lane is made when it is first asked.  There are :data:`MOST`; then the one makes room that
    was idle longest, rather one that is well than one that is known to be down.  While none is
    idle, the pushes of all that are new go together, as :data:`OTHERS`.

    :ivar _lane_of: names a target's lane.
    :ivar _make: makes a lane of that name.
    """

    _provider: IPushProvider
    _lane_of: Callable[[PushTarget], str]
    _make: Callable[[str], Lane]
    _lanes: dict[str, Lane] = field(factory=dict, init=False)
    _others: Lane | None = field(default=None, init=False)
    _turn: int = field(default=0, init=False)

    def __len__(self) -> int:
        return len(self._lanes)

    @property
    def capabilities(self) -> Sequence[Capability]:
        """The provider's."""
        return self._provider.capabilities

    def can_push(self, target: PushTarget, kind: PushKind) -> bool:
        """As the provider says; also where the target's lane is down."""
        return self._provider.can_push(target, kind)

    def lane_of(self, target: PushTarget) -> str:
        """As the provider says."""
        return self._lane_of(target)

    def request_push(self, job: PushJob) -> Deferred[PushOutcome]:
        """Push in the lane of *job*'s target; the outcome is the lane's."""
        name = self._lane_of(job.target)
        lane = self._lanes.get(name) or self._new(name)
        self._turn += 1
        lane.used = self._turn
        return lane.way.request_push(job)

    def _new(self, name: str) -> Lane:
        if len(self._lanes) < MOST or self._make_room():
            lane = self._lanes[name] = self._make(name)
            return lane
        if self._others is None:
            self._others = self._make(OTHERS)
        return self._others

    def _make_room(self) -> bool:
        """Drop a lane that nobody misses; False: all are in use."""
        idle = [
            (lane.breaker.rests, lane.used, name)
            for name, lane in self._lanes.items()
            if lane.is_idle
        ]
        if idle:
            del self._lanes[min(idle)[2]]
        return bool(idle)
