"""Counting pushes, and telling of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from sippn.binding import Capability, PushJob, PushKind, PushOutcome, PushTarget, Verdict
from sippn.events import Bus, PushAnswered, PushRequested
from sippn.interfaces import IPushProvider
from sippn.push.alarms import Alarms
from sippn.push.departures import Departures

MOST_NAMES = 64
OTHER = "other"


@implementer(IPushProvider)
@define(eq=False)
class Metered:
    """
    A provider whose pushes are counted and told to the bus.

    Around the provider itself every attempt is told, and an answer that nobody
    waits for any more as well; around :class:`~sippn.push.Retrying`, the result.

    :ivar _departures: told of each push that leaves, and of each that was not accepted.
    :ivar _alarms: told of each answer; None: nobody is.
    :ivar answered: how often, by ``pn-provider`` and verdict.  A provider that
        serves any PNS is asked for names that UAs make up: the 65th and later
        are counted as ``"other"``.
    :ivar asked: how often, by ``pn-provider``.
    """

    _provider: IPushProvider
    _clock: IReactorTime
    _bus: Bus
    _departures: Departures = field(factory=Departures)
    _alarms: Alarms | None = None
    answered: Counter[tuple[str, Verdict]] = field(factory=Counter, init=False)
    asked: Counter[str] = field(factory=Counter, init=False)

    @property
    def capabilities(self) -> Sequence[Capability]:
        """The provider's."""
        return self._provider.capabilities

    def can_push(self, target: PushTarget, kind: PushKind) -> bool:
        """As the provider says."""
        return self._provider.can_push(target, kind)

    def request_push(self, job: PushJob) -> Deferred[PushOutcome]:
        """Ask the provider; the outcome is its own."""
        since = self._clock.seconds()
        name = self._name(job)
        self.asked[name] += 1
        self._departures.left(job.id)
        if self._bus.heard:
            self._bus.publish(
                PushRequested(
                    since, job.id, job.kind.value, job.target.provider, job.aor, job.call_id
                )
            )
        asked = self._provider.request_push(job)
        return asked.addCallback(self._answered, job, name, since)

    def _answered(self, outcome: PushOutcome, job: PushJob, name: str, since: float) -> PushOutcome:
        self.answered[name, outcome.verdict] += 1
        if outcome.verdict is not Verdict.ACCEPTED:
            self._departures.failed(job.id, outcome)
        if self._alarms is not None:
            self._alarms.answered(outcome)
        if self._bus.heard:
            now = self._clock.seconds()
            self._bus.publish(
                PushAnswered(
                    now,
                    job.id,
                    job.target.provider,
                    job.aor,
                    job.call_id,
                    outcome.verdict.name,
                    outcome.detail,
                    now - since,
                )
            )
        return outcome

    def _name(self, job: PushJob) -> str:
        name = job.target.provider
        return name if name in self.asked or len(self.asked) < MOST_NAMES else OTHER
