"""What keeps a push service that is down from being asked by everybody who waits for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from attrs import define, field
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from sippn.binding import Capability, PushJob, PushKind, PushOutcome, PushTarget, Verdict
from sippn.interfaces import IPushProvider

FAILURES: Final = 20  # different pushes in a row: one phone that fails often says little
PROBE_SECONDS: Final = 1.0
DOWN: Final = PushOutcome(Verdict.FAILED, detail="the push service is down")


@implementer(IPushProvider)
@define(eq=False)
class Breaker:
    """
    A provider that is left alone while it does not answer (RELIABILITY W2).

    After :data:`FAILURES` pushes in a row that came to nothing, each counted once however often
    it is tried, one a second is let through to find out whether it is back; the others fail at
    once, and take no place in any line.
    Whoever retries them has time left: the first answer, whatever it says, lets all through.

    A provider that is busy has answered.  A push that its asker gave up says nothing.

    :ivar spared: how many were not asked for, since the start.
    """

    _provider: IPushProvider
    _clock: IReactorTime
    _failing: set[str] = field(factory=set, init=False)  # by their ids
    spared: int = field(default=0, init=False)
    _down_since: float = field(default=0.0, init=False)
    _next_probe: float = field(default=0.0, init=False)
    _log: ClassVar[Logger] = Logger()

    @property
    def is_down(self) -> bool:
        """Whether it is only asked now and then."""
        return len(self._failing) >= FAILURES

    @property
    def capabilities(self) -> Sequence[Capability]:
        """The provider's."""
        return self._provider.capabilities

    def can_push(self, target: PushTarget, kind: PushKind) -> bool:
        """As the provider says; also while it is down."""
        return self._provider.can_push(target, kind)

    def request_push(self, job: PushJob) -> Deferred[PushOutcome]:
        """
        Ask the provider, or not.

        :returns: the provider's outcome; FAILED where it is down.
        """
        if self.is_down:
            now = self._clock.seconds()
            if now < self._next_probe:
                self.spared += 1
                return succeed(DOWN)
            self._next_probe = now + PROBE_SECONDS
        return self._provider.request_push(job).addCallback(self._answered, job.id)

    def _answered(self, outcome: PushOutcome, job_id: str) -> PushOutcome:
        if getattr(outcome, "verdict", None) is not Verdict.FAILED:
            if self.is_down:
                self._up()
            self._failing.clear()
        elif not self.is_down:
            self._failing.add(job_id)
            if self.is_down:
                self._down(outcome)
        return outcome

    def _down(self, outcome: PushOutcome) -> None:
        self._down_since = self._clock.seconds()
        self._next_probe = self._down_since + PROBE_SECONDS
        self._log.error(
            "the push service of {pns} is down, and asked once a second from now on: {detail}",
            pns=self._names(),
            detail=outcome.detail,
        )

    def _up(self) -> None:
        seconds = self._clock.seconds() - self._down_since
        self._log.warn(
            "the push service of {pns} is back after {seconds:.0f} s",
            pns=self._names(),
            seconds=seconds,
        )

    def _names(self) -> str:
        return ", ".join(capability.pns for capability in self.capabilities) or "some app"
