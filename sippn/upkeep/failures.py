"""What the log says of refresh pushes that fail: not a line for each of a herd."""

from __future__ import annotations

from typing import ClassVar

from attrs import define, field
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from sippn.binding import PushJob, PushOutcome

_A_MINUTE = 60.0


@define(eq=False, repr=False)
class Failures:
    """
    Tells of the first push that failed, and then once a minute how many more did.

    :ivar _more: since the last line; None: there was none in the last minute.
    :ivar _latest: of those.
    """

    _clock: IReactorTime
    _more: int | None = field(default=None, init=False)
    _latest: str = field(default="", init=False)
    _log: ClassVar[Logger] = Logger()

    def tell(self, job: PushJob, outcome: PushOutcome) -> None:
        """*job* came to *outcome*, and wakes nobody."""
        detail = f" ({outcome.detail})" if outcome.detail else ""
        self._latest = f"push {job.id} {outcome.verdict.name.lower()}{detail}"
        if self._more is not None:
            self._more += 1
            return
        self._more = 0
        self._log.info(
            "{aor} was not asked to refresh: {push}",
            aor=job.aor,
            push=self._latest,
        )
        self._clock.callLater(_A_MINUTE, self._sum_up)

    def _sum_up(self) -> None:
        more, self._more = self._more, None
        if not more:
            return
        self._more = 0
        self._log.info(
            "{more} more were not asked to refresh in the last minute, at last {push}",
            more=more,
            push=self._latest,
        )
        self._clock.callLater(_A_MINUTE, self._sum_up)
