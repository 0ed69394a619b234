"""Asking again, while there is time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from attrs import define, field
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure
from zope.interface import implementer

from sippn.binding import Capability, PushJob, PushKind, PushOutcome, PushTarget, Verdict
from sippn.interfaces import IPushProvider
from sippn.push.withdrawal import is_over

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
        try:
            asked = self._provider.request_push(job)
        except Exception:  # noqa: BLE001 - a plugin may raise anything
            return fail()
        if is_over(asked) and _is_final(asked.result):
            return asked
        return _Attempts(self._provider, self._clock, job, self._pauses()).result_of(asked)

    def _pauses(self) -> Iterator[float]:
        yield from map(self._spread, BACK_OFF)
        while True:
            yield self._spread(BACK_OFF[-1])

    def _spread(self, pause: float) -> float:
        share = self._entropy(1)[0] / 255  # 0 to 1
        return pause * (1 - _SPREAD + 2 * _SPREAD * share)


@define(eq=False)
class _Attempts:
    """
    Those of one job.  No coroutine: what is given up while it waits would leave a circle of
    frames and failures to the collector.
    """

    _provider: IPushProvider
    _clock: IReactorTime
    _job: PushJob
    _pauses: Iterator[float]
    _asked: Deferred[PushOutcome] | None = field(default=None, init=False)
    _pause: IDelayedCall | None = field(default=None, init=False)
    _result: Deferred[PushOutcome] | None = field(default=None, init=False)

    def result_of(self, asked: Deferred[PushOutcome]) -> Deferred[PushOutcome]:
        """What comes of it in the end, when *asked* is the first attempt."""
        result: Deferred[PushOutcome] = Deferred(self._give_up)
        self._result = result
        self._wait_for(asked)
        return result

    def _wait_for(self, asked: Deferred[PushOutcome]) -> None:
        self._asked = asked
        asked.addCallbacks(self._answered, self._over)

    def _answered(self, outcome: PushOutcome) -> None:
        self._asked = None
        if self._result is None:
            return
        wait = 0.0
        if not _is_final(outcome):
            wait = next(self._pauses) + max(0.0, outcome.retry_after or 0.0)
        if not wait or self._clock.seconds() + wait >= self._job.deadline:
            self._over(outcome)
        else:
            self._pause = self._clock.callLater(wait, self._again)

    def _again(self) -> None:
        self._pause = None
        try:
            asked = self._provider.request_push(self._job)
        except Exception:  # noqa: BLE001 - a plugin may raise anything
            self._over(Failure())
        else:
            self._wait_for(asked)

    def _over(self, result: PushOutcome | Failure) -> None:
        waiting, self._result, self._asked = self._result, None, None
        if waiting is not None:
            waiting.callback(result)  # a Failure fails it

    def _give_up(self, _: Deferred[PushOutcome]) -> None:
        """End it at once: a provider may take its time over what it has on the wire."""
        asked, self._asked, self._result = self._asked, None, None
        if asked is not None:
            asked.cancel()
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None


def _is_final(outcome: object) -> bool:
    """Whether another attempt would be of no use; what is no outcome is for others to see."""
    return not isinstance(outcome, PushOutcome) or outcome.verdict not in _WORTH_A_RETRY
