"""An HTTP/2 connection on its socket, and when it is looked after."""

from __future__ import annotations

from typing import cast

from twisted.internet.interfaces import IDelayedCall, IReactorTime, ITCPTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from sippn.http.exchange import Exchange
from sippn.http.lanes import Lanes
from sippn.http.messages import Answer
from sippn.http.reasons import why
from sippn.http.two.session import Session

PING_AFTER = 60.0
"""Seconds in which nothing came, until we ask whether anybody is there."""

PING_TIME = 5.0
"""Seconds for the answer."""

IDLE_TIME = 600.0
"""Seconds without a request, until the connection is closed."""

CLOSE_TIME = 5.0
"""Seconds for the server to agree to that."""


class Connection(Protocol):
    """
    One connection, with many requests under way.

    One on which a request was not answered in time is doubted: it gets no other before it
    has answered something, if only a PING.

    :ivar used: it was given a request at least once.
    """

    most = 4
    at_once = 1

    def __init__(self, lanes: Lanes, clock: IReactorTime) -> None:
        self.used = False
        self._lanes = lanes
        self._clock = clock
        self._session = Session()
        self._timer: IDelayedCall | None = None
        self._heard = self._asked = clock.seconds()
        self._pinged = 0.0
        self._doubted = False
        self._opened = False
        self._closing = False
        self._gone = False

    @property
    def free(self) -> int:
        """Requests that it can take now."""
        return 0 if self._doubted or self._session.refusing else self._session.free

    def connectionMade(self) -> None:
        """It is open: say that we speak HTTP/2, and wait for the server's word."""
        self._session.begin()
        self.flush()

    def send(self, exchange: Exchange) -> None:
        """Take a request; see :class:`sippn.http.exchange.Lane`."""
        self.used = True
        exchange.begin(self)
        self._session.send(exchange)
        self._asked = self._clock.seconds()

    def flush(self) -> None:
        """Write what is to be sent."""
        octets = self._session.take()
        if octets:
            self._wire.write(octets)

    def drop(self, exchange: Exchange, *, late: bool) -> Answer | None:
        """Reset its stream."""
        answer = exchange.answer() if exchange.status else None
        self._session.drop(exchange)
        if late:
            self._doubted = True
            self._ping()
        self._settle()
        return answer

    def cut(self, why: str) -> None:
        """End it now; what is under way fails."""
        self._session.lose(why)
        self._settle()

    def dataReceived(self, data: bytes) -> None:
        """Read on."""
        self._heard = self._clock.seconds()
        answered = self._session.receive(data)
        if answered:
            self._doubted = False
        self._settle()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is gone."""
        self._gone = True
        self._stop_timer()
        self._session.lose(why(reason))
        self._lanes.lost(self, self._session.why)
        self._tell()

    def _settle(self) -> None:
        """
        Act on what the session has come to.

        A connection that takes no more requests leaves the others before its exchanges are
        ended: one of them may be asked again at once, and not here.
        """
        session = self._session
        if self._gone:
            return  # TLS minds being aborted then
        if session.ready and not self._opened and not session.closing:
            self._opened = True
            self._check()
            self._lanes.opened(self)
        if session.closing or (session.refusing and not len(session)):
            self._leave()
        self._tell()
        self.flush()
        if session.broken:
            self._abort()
        elif session.closing and not len(session):
            self._close()

    def _leave(self) -> None:
        self._session.close("refused by the server")
        self._lanes.left(self, self._session.why)

    def _tell(self) -> None:
        over, self._session.over = self._session.over, []
        self._lanes.tell(over)

    def _check(self) -> None:
        """Look whether it is alive, and whether anybody needs it."""
        self._timer = None
        now = self._clock.seconds()
        session = self._session
        if self._closing:
            self._wire.abortConnection()
            return
        if session.pinged and now >= self._pinged + PING_TIME:
            self.cut("no answer to a ping")
            return
        if not len(session) and now >= self._asked + IDLE_TIME:
            session.close("closed as nobody needs it")
            self._settle()
            return
        if now >= self._heard + PING_AFTER:
            self._ping()
            self.flush()
        self._set_timer(now)

    def _set_timer(self, now: float) -> None:
        due = self._heard + PING_AFTER
        if self._session.pinged:
            due = self._pinged + PING_TIME
        elif not len(self._session):
            due = min(due, self._asked + IDLE_TIME)
        self._stop_timer()
        self._timer = self._clock.callLater(max(0.0, due - now), self._check)

    def _ping(self) -> None:
        if not self._session.pinged and not self._session.broken:
            self._session.ping()
            self._pinged = self._clock.seconds()
            if self._timer is not None:
                self._set_timer(self._pinged)

    def _close(self) -> None:
        if self._closing:
            return
        self._closing = True
        self._session.goodbye()
        self.flush()
        self._wire.loseConnection()
        self._stop_timer()
        self._timer = self._clock.callLater(CLOSE_TIME, self._check)

    def _abort(self) -> None:
        """
        Read no more.

        Not by an orderly close: TLS would wait for the peer to agree, and go on reading.
        """
        self._stop_timer()
        self._wire.abortConnection()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @property
    def _wire(self) -> ITCPTransport:
        return cast("ITCPTransport", self.transport)
