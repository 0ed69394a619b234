"""What keeps a push service from being flooded, and the rest from waiting on a dead one."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from sippn.binding import Capability, PushJob, PushKind, PushOutcome, PushTarget, Verdict
from sippn.interfaces import IPushProvider
from sippn.push.pace import Pace
from sippn.push.slots import Slots
from sippn.push.waiting import NoRoomError
from sippn.push.withdrawal import withdrawable

LATE = PushOutcome(Verdict.FAILED, detail="deadline passed")
FULL = PushOutcome(Verdict.FAILED, detail="queue full")


@implementer(IPushProvider)
@define(eq=False)
class Limited:
    """
    A provider with a bounded number of pushes in flight, at the pace of all.

    Each provider has its own slots, so one that hangs keeps no other waiting
    (RELIABILITY W3); a turn of the common pace is taken last, so what waits for
    a slot wastes none.  A job is over at its deadline wherever it is then, and
    one that is cancelled leaves its line at once.

    :ivar _slots: this provider's own.
    :ivar _pace: shared with the other providers.
    """

    _provider: IPushProvider
    _clock: IReactorTime
    _slots: Slots
    _pace: Pace

    @property
    def capabilities(self) -> Sequence[Capability]:
        """The provider's."""
        return self._provider.capabilities

    def can_push(self, target: PushTarget, kind: PushKind) -> bool:
        """As the provider says."""
        return self._provider.can_push(target, kind)

    def request_push(self, job: PushJob) -> Deferred[PushOutcome]:
        """
        Ask the provider when it is *job*'s turn.

        :returns: FAILED when the deadline passed or too many wait; else the
            provider's own outcome.
        """
        left = job.deadline - self._clock.seconds()
        if left <= 0:
            return succeed(LATE)
        result = withdrawable(Deferred.fromCoroutine(self._ask(job)))
        if not result.called:
            result.addTimeout(left, self._clock, lambda *_: LATE)
        return result

    async def _ask(self, job: PushJob) -> PushOutcome:
        try:
            await self._slots.take(job.kind)
        except NoRoomError:
            return FULL
        try:
            await self._pace.turn(job.kind)
            # its slot is taken until the provider is done with it, given up or not
            return await self._provider.request_push(job)
        except NoRoomError:
            return FULL
        finally:
            self._slots.give_back()
