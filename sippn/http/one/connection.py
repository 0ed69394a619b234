"""Connections to one gateway: a request at a time on each, and no more read than must be."""

from __future__ import annotations

from typing import Protocol as Structure
from typing import cast

from attrs import define, field
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import (
    IDelayedCall,
    IReactorTime,
    ITCPTransport,
)
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from sippn.http.one.answer import MOST_OCTETS, AnswerReader, NoHTTP, TooLong
from sippn.http.one.exchange import Letter

__all__ = ["IDLE_TIME", "MOST_IDLE", "MOST_OCTETS", "Connection", "Connections"]

MOST_IDLE = 100
"""Connections kept; as many pushes as may be in flight."""

IDLE_TIME = 30
"""Seconds a connection is kept for the next push; most servers close theirs after 60."""


class Home(Structure):
    """Whoever has a connection, or many."""

    def made(self, connection: Connection) -> None:
        """It is open."""

    def keep(self, connection: Connection) -> None:
        """It is idle."""

    def spoiled(self, connection: Connection) -> None:
        """It is of no use for another request."""

    def lost(self, connection: Connection) -> None:
        """It is gone."""


class Connection(Protocol):
    """
    One connection, which has at most one request unanswered.

    :ivar idle_since: monotonic clock, seconds; of use to whoever keeps it.
    """

    idle_since = 0.0

    def __init__(self, home: Home) -> None:
        self._home = home
        self._reader: AnswerReader | None = None
        self._asked: Deferred[AnswerReader] | None = None

    def connectionMade(self) -> None:
        """It is open."""
        self._home.made(self)

    def ask(self, letter: Letter) -> Deferred[AnswerReader]:
        """
        Send *letter*.

        Cancelling cuts the connection, as the answer may come yet.

        :returns: the answer when it is over, and so the connection is free or gone; of one
            that was cut short the status has said all.  It fails with why there was none.
        """
        self._reader = AnswerReader(letter.keep)
        asked = self._asked = Deferred(self._give_up)
        letter.left = True
        self._wire.write(letter.octets)
        return asked

    def dataReceived(self, data: bytes) -> None:
        """Read on, while it is not too much."""
        reader = self._reader
        if reader is None:
            self.abort()  # nobody has asked for anything
            return
        try:
            ended = reader.feed(data)
        except TooLong:
            self.abort()
        except NoHTTP as error:
            self.abort()
            self._over(Failure(error))
        else:
            if ended:
                self._ended(reader)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is gone."""
        self._home.lost(self)
        reader = self._reader
        if reader is not None:
            self._over(reader if reader.status else reason)

    def abort(self) -> None:
        """
        Read no more; an idle one ends so as well.

        Not as TCP does it, by an orderly close: TLS would wait for the peer to
        agree, for ever if need be, and go on reading what it sends until then.
        """
        self._home.spoiled(self)
        self._wire.abortConnection()

    @property
    def _wire(self) -> ITCPTransport:
        return cast("ITCPTransport", self.transport)

    def _give_up(self, asked: Deferred[AnswerReader]) -> None:
        reader, self._reader, self._asked = self._reader, None, None
        self.abort()
        if reader is not None and reader.status:
            asked.callback(reader)

    def _ended(self, reader: AnswerReader) -> None:
        if reader.reusable:
            self._home.keep(self)
        else:
            self.abort()
        self._over(reader)

    def _over(self, result: AnswerReader | Failure) -> None:
        asked, self._asked, self._reader = self._asked, None, None
        if asked is not None:
            asked.callback(result)  # a Failure fails it


@define(eq=False)
class Connections:
    """
    Those to one gateway that are open, and which of them are idle.

    The one that was used last is used next, so that those which nobody needs grow old.

    :ivar _idle: the longest idle comes first.
    """

    _clock: IReactorTime
    _open: set[Connection] = field(factory=set, init=False)
    _idle: list[Connection] = field(factory=list, init=False)
    _timer: IDelayedCall | None = field(default=None, init=False)
    _gone: Deferred[None] | None = field(default=None, init=False)

    def __len__(self) -> int:
        return len(self._open)

    def made(self, connection: Connection) -> None:
        """It is open."""
        self._open.add(connection)

    def lost(self, connection: Connection) -> None:
        """It is not any more."""
        self._open.discard(connection)
        self.spoiled(connection)
        if not self._open and self._gone is not None:
            gone, self._gone = self._gone, None
            gone.callback(None)

    def spoiled(self, connection: Connection) -> None:
        """It is of no use for another request."""
        if connection in self._idle:
            self._idle.remove(connection)

    def keep(self, connection: Connection) -> None:
        """It is idle: keep it for the next request, if not too many are kept."""
        if len(self._idle) >= MOST_IDLE or self._gone is not None:
            connection.abort()
            return
        connection.idle_since = self._clock.seconds()
        self._idle.append(connection)
        if self._timer is None:
            self._timer = self._clock.callLater(IDLE_TIME, self._cut_old)

    def take(self) -> Connection | None:
        """One that is idle, for a request; None: there is none."""
        return self._idle.pop() if self._idle else None

    def cut(self) -> Deferred[None]:
        """Abort them all; fires when they are gone, in a turn."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._idle.clear()
        if not self._open:
            return succeed(None)
        self._gone = Deferred()
        gone = self._gone
        for connection in tuple(self._open):
            connection.abort()
        return gone

    def _cut_old(self) -> None:
        self._timer = None
        now = self._clock.seconds()
        while self._idle and self._idle[0].idle_since + IDLE_TIME <= now:
            self._idle.pop(0).abort()
        if self._idle:
            wait = self._idle[0].idle_since + IDLE_TIME - now
            self._timer = self._clock.callLater(wait, self._cut_old)
