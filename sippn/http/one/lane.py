"""An HTTP/1.1 connection among others to one origin."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from sippn.http.errors import Ambiguous
from sippn.http.exchange import Exchange
from sippn.http.lanes import Lanes, Result
from sippn.http.messages import Answer
from sippn.http.one.answer import AnswerReader
from sippn.http.one.connection import IDLE_TIME, MOST_IDLE, Connection
from sippn.http.one.exchange import Letter
from sippn.http.reasons import why


class LaneOne:
    """
    One connection, which has at most one request under way.

    :ivar used: it was given a request at least once.
    :ivar free: requests that it can take now.
    """

    most = MOST_IDLE
    at_once = MOST_IDLE

    def __init__(self, lanes: Lanes, clock: IReactorTime) -> None:
        self.connection = Connection(self)
        self.used = False
        self.free = 0
        self._lanes = lanes
        self._clock = clock
        self._exchange: Exchange | None = None
        self._asked: Deferred[AnswerReader] | None = None
        self._late: Answer | None = None
        self._timer: IDelayedCall | None = None
        self._idle_since = 0.0
        self._why = ""

    def send(self, exchange: Exchange) -> None:
        """Take a request; see :class:`sippn.http.exchange.Lane`."""
        self.used, self.free = True, 0
        exchange.begin(self)
        self._exchange = exchange

    def flush(self) -> None:
        """Write it."""
        exchange = self._exchange
        if exchange is not None and self._asked is None:
            self._asked = self.connection.ask(Letter(octets_of(exchange), keep=True))
            self._asked.addCallbacks(self._answered, self._failed)

    def drop(self, exchange: Exchange, *, late: bool) -> Answer | None:  # noqa: ARG002 - the end of it
        """Cut the connection: what comes on it yet is the answer to *exchange*."""
        if exchange is not self._exchange:
            return None
        self._exchange = None
        if self._asked is not None:
            self._asked.cancel()
        return self._late

    def cut(self, why: str) -> None:
        """End it now."""
        self._why = why
        if self._asked is not None:
            self._asked.cancel()
        else:
            self.connection.abort()

    def made(self, connection: Connection) -> None:
        """It is open."""
        self.keep(connection)
        self._lanes.opened(self)
        self._lanes.pump()

    def keep(self, connection: Connection) -> None:  # noqa: ARG002 - there is one
        """It is idle."""
        self.free = 1
        self._idle_since = self._clock.seconds()
        if self._timer is None:
            self._timer = self._clock.callLater(IDLE_TIME, self._check)

    def spoiled(self, connection: Connection) -> None:  # noqa: ARG002 - there is one
        """It is of no use for another request."""
        self.free = 0
        self._lanes.left(self, self._why or "connection lost")

    def lost(self, connection: Connection) -> None:  # noqa: ARG002 - there is one
        """It is gone."""
        self.free = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._lanes.lost(self, self._why or "connection lost")

    def _check(self) -> None:
        """Cut it when nobody needs it any more."""
        self._timer = None
        wait = self._idle_since + IDLE_TIME - self._clock.seconds() if self.free else IDLE_TIME
        if wait > 0:
            self._timer = self._clock.callLater(wait, self._check)
        else:
            self.connection.abort()

    def _answered(self, reader: AnswerReader) -> None:
        self._over(Answer(reader.status, tuple(reader.fields), bytes(reader.body)))

    def _failed(self, failure: Failure) -> None:
        self._over(Ambiguous(self._why or why(failure)))

    def _over(self, result: Result) -> None:
        exchange, self._exchange, self._asked = self._exchange, None, None
        if exchange is not None:
            self._lanes.tell([(exchange, result)])
        elif isinstance(result, Answer):
            self._late = result


def octets_of(exchange: Exchange) -> bytes:
    """A request as HTTP/1.1 writes it (RFC 9112 section 3)."""
    ask = exchange.ask
    lines = [b"%s %s HTTP/1.1\r\nhost: %s\r\n" % (ask.method, ask.path, exchange.authority)]
    lines += [b"%s: %s\r\n" % each for each in ask.fields]
    if ask.body or ask.method != b"GET":
        lines.append(b"content-length: %d\r\n" % len(ask.body))
    return b"%s\r\n%s" % (b"".join(lines), ask.body)
