"""One request on its way to its answer, over whichever connections it takes."""

from __future__ import annotations

from typing import Protocol

from attrs import define, field
from twisted.internet.defer import Deferred

from sippn.http.messages import Answer, Ask, Fields


class Lane(Protocol):
    """
    A connection that can take requests.

    :cvar most: of its kind at a time.
    :cvar at_once: that are opened at a time.
    :ivar used: it was given a request at least once.
    """

    most: int
    at_once: int
    used: bool

    @property
    def free(self) -> int:
        """How many requests it can take now."""

    def send(self, exchange: Exchange) -> None:
        """Take one: it leaves with :meth:`flush`, and not before."""

    def flush(self) -> None:
        """Put on the wire what was taken."""

    def drop(self, exchange: Exchange, *, late: bool) -> Answer | None:
        """
        Nobody waits for its answer any more.

        :param late: as it has taken too long: there may be something wrong with this
            connection.
        :returns: what there is of its answer; None: nothing has come.
        """

    def cut(self, why: str) -> None:
        """End it now; what is under way fails."""


@define(eq=False)
class Exchange:
    """
    One request, and what has come of its answer so far.

    :ivar deadline: monotonic clock, seconds.
    :ivar lane: that has it; None: it waits for one.
    :ivar refusals: how often it was given back as not processed.
    :ivar over: nobody waits any more.
    :ivar stream_id: on an HTTP/2 lane.
    :ivar unsent: the rest of the body, where the server's window is shut.
    :ivar status: of the final answer; 0: its head has not come.
    :ivar informed: 1xx answers.
    """

    ask: Ask = field(repr=False)
    authority: bytes
    begun: float
    deadline: float
    result: Deferred[Answer] = field(init=False, repr=False)
    lane: Lane | None = field(default=None, repr=False)
    refusals: int = 0
    over: bool = False
    stream_id: int = 0
    unsent: bytes = field(default=b"", repr=False)
    status: int = 0
    fields: Fields = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    informed: int = 0

    def answer(self) -> Answer:
        """What there is; the status says most."""
        return Answer(self.status, self.fields, self.body)

    def begin(self, lane: Lane) -> None:
        """Another *lane* has it now."""
        self.lane = lane
        self.stream_id = self.status = self.informed = 0
        self.unsent = self.body = b""
