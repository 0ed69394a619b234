"""Which pushes have left: what a PNS has not got can be dropped without a trace."""

from __future__ import annotations

from attrs import define, field

from sippn.binding import PushOutcome, Verdict


@define(eq=False)
class Departures:
    """
    Remembers of each push that somebody watches whether a PNS has it, or may have it.

    Who gives a push up has to know: a phone that was pushed will look for its call.

    :ivar _left: how many attempts at each are in flight, or may have reached the PNS.
    """

    _left: dict[str, int] = field(factory=dict, init=False)

    def __len__(self) -> int:
        return len(self._left)

    def watch(self, job_id: str) -> None:
        """Remember it of the job with this id, until it is forgotten."""
        self._left[job_id] = 0

    def left(self, job_id: str) -> None:
        """A provider is asked now."""
        if job_id in self._left:
            self._left[job_id] += 1

    def failed(self, job_id: str, outcome: PushOutcome) -> None:
        """That attempt was not accepted: where the PNS certainly has not got it, none has left."""
        certain = outcome.unsent or outcome.verdict is not Verdict.FAILED
        if certain and job_id in self._left:
            self._left[job_id] -= 1

    def have_left(self, job_id: str) -> bool:
        """Whether any attempt at it did; False too where nobody watches it."""
        return self._left.get(job_id, 0) > 0

    def forget(self, job_id: str) -> None:
        """Nobody asks any more."""
        self._left.pop(job_id, None)
