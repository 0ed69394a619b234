"""Takes the server's pushes, and knows which scenario each is for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import define, field

from sippn.testing.pns import Answer, ReceivedPush, ScriptedPNS

Push = dict[str, Any]
"""The JSON object that a push is."""


@define(eq=False)
class Receiver(ScriptedPNS):
    """
    A push service for all scenarios: each has PRIDs of its own.

    :ivar answers: PRID to the HTTP status that its pushes get; 200 for others.
    :ivar watchers: PRID to who is told of its pushes.
    """

    answers: dict[str, int] = field(factory=dict, init=False, repr=False)
    watchers: dict[str, Callable[[Push], None]] = field(factory=dict, init=False, repr=False)

    def push_received(self, push: ReceivedPush) -> Answer:
        """Called by the HTTP side."""
        answer = super().push_received(push)
        prid = _prid(push)
        if prid in self.watchers:
            self.watchers[prid](push.body)
        return Answer(self.answers[prid]) if prid in self.answers else answer

    def of(self, prid: str) -> list[Push]:
        """The pushes to *prid*, the oldest first."""
        return [push.body for push in self.pushes if _prid(push) == prid]


def _prid(push: ReceivedPush) -> str:
    prid = push.body.get("prid") if isinstance(push.body, dict) else None
    return prid if isinstance(prid, str) else ""
