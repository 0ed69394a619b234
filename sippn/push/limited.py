"""What keeps a push service from being flooded, and the rest from waiting on a dead one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from attrs import define, field
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure
from zope.interface import implementer

from sippn.binding import Capability, PushJob, PushKind, PushOutcome, PushTarget, Verdict
from sippn.interfaces import IPushProvider
from sippn.push.pace import Pace
from sippn.push.slots import Slots
from sippn.push.waiting import GaveUpError, NoRoomError
from sippn.push.withdrawal import is_over, withdrawable
from sippn.transaction import Deadlines, Handle

T = TypeVar("T")

LATE = PushOutcome(Verdict.FAILED, detail="deadline passed")
NO_TURN = PushOutcome(Verdict.FAILED, detail="no turn before the deadline")
FULL = PushOutcome(Verdict.FAILED, detail="queue full")


def was_asked(outcome: PushOutcome) -> bool:
    """Whether a provider was, so that *outcome* says something of its PNS."""
    return outcome is not NO_TURN and outcome is not FULL


def _unheard(error: Exception) -> None:
    """Nobody looks after the provider: it is one of ours, and this is a bug."""
    raise error


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
    :ivar _broke: told what a canceller of the provider raises.
    """

    _provider: IPushProvider
    _clock: IReactorTime
    _slots: Slots
    _pace: Pace
    _broke: Callable[[Exception], None] = _unheard
    _deadlines: Deadlines = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._deadlines = Deadlines(self._clock)

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
        if job.deadline <= self._clock.seconds():
            return succeed(NO_TURN)
        if not self._slots.take_free(job.kind):
            taken: Deferred[Any] = self._slots.take(job.kind)
            taken.addCallbacks(self._ask_at_turn, _full, (job,))
            return self._bounded(taken, job)
        if not self._pace.turn_now():
            return self._bounded(self._ask_at_turn(None, job), job)
        asked = self._ask_now(job)
        return asked if is_over(asked) else self._bounded(asked, job)

    def _bounded(self, asked: Deferred[PushOutcome], job: PushJob) -> Deferred[PushOutcome]:
        """*asked*, for somebody who waits until the deadline at most."""
        result = withdrawable(asked, self._broke)
        if not result.called:
            alarm = self._deadlines.at(job.deadline, result.cancel)
            result.addBoth(_in_time, alarm)
        return result

    def _ask_at_turn(self, _: object, job: PushJob) -> Deferred[PushOutcome]:
        turn: Deferred[Any] = self._pace.turn(job.kind)
        return turn.addCallbacks(self._turn_came, self._no_turn, (job,))

    def _turn_came(self, _: object, job: PushJob) -> Deferred[PushOutcome] | PushOutcome:
        if job.deadline <= self._clock.seconds():
            self._slots.give_back()  # the one before it had the same deadline
            return NO_TURN
        return self._ask_now(job)

    def _no_turn(self, failure: Failure) -> PushOutcome | Failure:
        self._slots.give_back()
        return _full(failure)

    def _ask_now(self, job: PushJob) -> Deferred[PushOutcome]:
        """Its slot is taken until the provider is done with it, given up or not."""
        try:
            asked = self._provider.request_push(job)
        except Exception:  # noqa: BLE001 - a plugin may raise anything
            asked = fail()
        return asked.addBoth(self._done)

    def _done(self, result: T) -> T:
        self._slots.give_back()
        return result


def _full(failure: Failure) -> PushOutcome | Failure:
    return FULL if failure.check(NoRoomError) else failure


def _in_time(result: PushOutcome | Failure, alarm: Handle) -> PushOutcome | Failure:
    if not alarm.running:  # it has gone off, and given the push up
        waited = isinstance(result, Failure) and result.check(GaveUpError)
        return NO_TURN if waited else LATE
    alarm.cancel()
    return result
