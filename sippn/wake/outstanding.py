"""
A push whose UA has not come back yet, and those who wait for it.
"""

from __future__ import annotations

from typing import Protocol

from attrs import define, field
from twisted.internet.defer import Deferred

from sippn.binding import PushJob, PushOutcome
from sippn.wake.wants import Key, Want


class Sharer(Protocol):
    """
    Who waits for a push.

    :ivar push: that one; :class:`~sippn.wake.Pushes` says which.
    """

    push: Outstanding | None

    @property
    def why_over(self) -> str:
        """Why its call is over, when it is: the value of a Reason field (RFC 3326)."""

    def push_failed(self, push: Outstanding, outcome: PushOutcome) -> None:
        """*push*, which was its own until now, will wake nobody."""

    def missed(self) -> None:
        """A UA may know of its call, and has to see that the call is over when it comes."""


@define(eq=False)
class Outstanding:
    """
    One push whose UA has not come back yet.

    :ivar want: what it was asked for; others may share it.
    :ivar key: whom it wakes, and what for.
    :ivar job: what the providers were given.
    :ivar asked_at: wall clock, seconds; a REGISTER after it proves the PRID alive.
    :ivar earlier: one with its key that may have reached the UA, and was not taken back since
        this one was to follow.
    :ivar landed: its UA is back.
    :ivar request: what its provider was asked last: for itself, or for what takes it back.
    :ivar shares: who waits.
    """

    want: Want
    key: Key = field(repr=False)  # it has the PRID
    job: PushJob
    asked_at: float
    earlier: Outstanding | None = None
    landed: bool = False
    request: Deferred[None] | None = None
    shares: dict[Sharer, None] = field(factory=dict)

    @property
    def deadline(self) -> float:
        """Until then it is worth sharing: monotonic clock, seconds."""
        return self.want.deadline
