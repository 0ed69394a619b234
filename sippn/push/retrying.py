"""Asking again, while there is time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from attrs import define
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from zope.interface import implementer

from sippn.binding import Capability, PushJob, PushKind, PushOutcome, PushTarget, Verdict
from sippn.interfaces import IPushProvider
from sippn.push.withdrawal import withdrawable

BACK_OFF = (0.2, 0.5, 1.0, 2.0)
"""Seconds between attempts; the last one repeats (REQUIREMENTS, Appendix A)."""

_SPREAD = 0.2  # of a pause, either way: callers that failed together do not return together
_WORTH_A_RETRY = frozenset({Verdict.BUSY, Verdict.FAILED})


@implementer(IPushProvider)
@define(eq=False)
class Retrying:
    """
    A provider that is asked again when it was busy or gave no answer.

    :ivar _entropy: spreads the attempts.
    """

    _provider: IPushProvider
    _clock: IReactorTime
    _entropy: Callable[[int], bytes]

    @property
    def capabilities(self) -> Sequence[Capability]:
        """The provider's."""
        return self._provider.capabilities

    def can_push(self, target: PushTarget, kind: PushKind) -> bool:
        """As the provider says."""
        return self._provider.can_push(target, kind)

    def request_push(self, job: PushJob) -> Deferred[PushOutcome]:
        """
        Ask until the provider says something final or no time is left for another attempt.

        A ``retry_after`` is waited for, never cut short.

        :returns: the last outcome.
        """
        return Deferred.fromCoroutine(self._ask(job))

    async def _ask(self, job: PushJob) -> PushOutcome:
        pauses = self._pauses()
        while True:
            outcome = await withdrawable(self._provider.request_push(job))
            if outcome.verdict not in _WORTH_A_RETRY:
                return outcome
            wait = next(pauses) + max(0.0, outcome.retry_after or 0.0)
            if self._clock.seconds() + wait >= job.deadline:
                return outcome
            await deferLater(self._clock, wait)

    def _pauses(self) -> Iterator[float]:
        yield from map(self._spread, BACK_OFF)
        while True:
            yield self._spread(BACK_OFF[-1])

    def _spread(self, pause: float) -> float:
        share = self._entropy(1)[0] / 255  # 0 to 1
        return pause * (1 - _SPREAD + 2 * _SPREAD * share)
