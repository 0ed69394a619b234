"""Which pushes have left: what is not on the wire yet can still be dropped without a trace."""

from __future__ import annotations

from attrs import define, field


@define(eq=False)
class Departures:
    """
    Remembers of each push that somebody watches whether a provider was asked for it.

    Who gives a push up has to know: a phone that was pushed will look for its call.
    """

    _left: dict[str, bool] = field(factory=dict, init=False)

    def __len__(self) -> int:
        return len(self._left)

    def watch(self, job_id: str) -> None:
        """Remember it of the job with this id, until it is forgotten."""
        self._left[job_id] = False

    def left(self, job_id: str) -> None:
        """A provider is asked now."""
        if job_id in self._left:
            self._left[job_id] = True

    def have_left(self, job_id: str) -> bool:
        """Whether a provider was asked for it; False too where nobody watches it."""
        return self._left.get(job_id, False)

    def forget(self, job_id: str) -> None:
        """Nobody asks any more."""
        self._left.pop(job_id, None)
