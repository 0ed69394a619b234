"""A push provider that does no harm, whatever it does."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any

from attrs import Factory, define, field
from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure
from zope.interface import implementer

from sippn.binding import Capability, PushJob, PushKind, PushOutcome, PushTarget
from sippn.containment.bounded import as_deferred
from sippn.containment.complaints import Complaints
from sippn.interfaces import IPushLanes, IPushProvider

_PATIENCE = 10.0  # seconds: who asks a network gives up sooner, and says so
_LONGEST_LANE = 260  # characters: a host with its port, or an app's name; it is in log lines


class ProviderBroke(Exception):
    """A provider gave no outcome; the log has said so."""


@implementer(IPushProvider)
@define(eq=False, repr=False)
class ContainedProvider:
    """
    A provider whose every push ends in an outcome, or in :class:`ProviderBroke`.

    Whoever asked it withdraws a push at its deadline; one that was still unanswered then is
    told, too, unless it had too little time.
    """

    _provider: IPushProvider
    _clock: IReactorTime
    _complaints: Complaints = field(
        init=False,
        default=Factory(
            lambda self: Complaints.about(self._provider, self._clock), takes_self=True
        ),
    )

    @property
    def capabilities(self) -> Sequence[Capability]:
        """The provider's; none, if it cannot say."""
        try:
            listed = self._provider.capabilities
            if _are_capabilities(listed):
                return listed
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            self._complaints.broke("capabilities", error)
        else:
            self._complaints.nonsense("capabilities", listed)
        return ()

    def can_push(self, target: PushTarget, kind: PushKind) -> bool:
        """As the provider says; not, if it cannot say."""
        try:
            can = self._provider.can_push(target, kind)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            self._complaints.broke("can_push", error)
            return False
        if can is True or can is False or not isinstance(can, Awaitable):
            return bool(can)
        self._complaints.nonsense("can_push", can)
        return False

    @property
    def has_lanes(self) -> bool:
        """Whether it provides :class:`~sippn.interfaces.IPushLanes`."""
        return IPushLanes.providedBy(self._provider)

    def lane_of(self, target: PushTarget) -> str:
        """As the provider says; one for all, if it cannot say."""
        try:
            lane: object = IPushLanes(self._provider).lane_of(target)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            self._complaints.broke("lane_of", error)
            return ""
        if isinstance(lane, str) and len(lane) <= _LONGEST_LANE and lane.isprintable():
            return lane
        self._complaints.nonsense("lane_of", lane)
        return ""

    def request_push(self, job: PushJob) -> Deferred[PushOutcome]:
        """
        Ask it.

        Cancelling is passed on, and ends nothing by itself: a push on the wire is in flight
        until its provider is done with it (RELIABILITY W3).

        :raises ProviderBroke: it raised, or gave no outcome.
        """
        asked: Any
        since = self._clock.seconds()
        try:
            asked = self._provider.request_push(job)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            self._complaints.broke("request_push", error)
            return fail(ProviderBroke())
        answer = as_deferred(asked) if isinstance(asked, Awaitable) else succeed(asked)
        return answer.addCallbacks(self._checked, self._failed, errbackArgs=(job, since))

    def cannot_cancel(self, error: Exception) -> None:
        """What it raised when one of its answers was cancelled."""
        self._complaints.broke("the canceller of request_push", error)

    def _checked(self, outcome: object) -> PushOutcome:
        if isinstance(outcome, PushOutcome):
            return outcome
        self._complaints.nonsense("request_push", outcome)
        raise ProviderBroke

    def _failed(self, failure: Failure, job: PushJob, since: float) -> Failure:
        if not failure.check(CancelledError):
            self._complaints.broke("request_push", failure.value)
            return Failure(ProviderBroke())
        if self._clock.seconds() >= max(job.deadline, since + _PATIENCE):
            self._complaints.tell("did not answer a push before its deadline")
        return failure


def _are_capabilities(listed: object) -> bool:
    if type(listed) is not list and type(listed) is not tuple and not isinstance(listed, Sequence):
        return False  # a Deferred can be walked through for ever
    for one in listed:  # noqa: SIM110 - a generator costs more than all else here
        if type(one) is not Capability:
            return False
    return True
