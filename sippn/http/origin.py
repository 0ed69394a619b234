"""One server that is asked over HTTP, whichever version it speaks."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.logger import Logger

from sippn.http.connecting import Ground, OpeningConnection, endpoint_to
from sippn.http.deadlines import Deadlines
from sippn.http.errors import Ambiguous, NoAnswer, NoConnection, NotProcessed
from sippn.http.exchange import Exchange
from sippn.http.lanes import Lanes, Result
from sippn.http.messages import Answer, Ask, Overhear, Overheard
from sippn.http.way import Way

__all__ = ["Origin", "Way"]

MOST_REFUSALS: Final = 3
"""How often a request is asked again that was not processed."""


class Origin:
    """
    A server, and the connections to it.

    It is connected to when it is asked, and each time its name is looked up anew.  What it
    has not processed, as it says itself, is asked again at once on another connection.
    What it may have acted on never is.

    :ivar url: for people.
    """

    _log: ClassVar[Logger] = Logger()

    def __init__(
        self,
        way: Way,
        reactor: Any,
        clock: IReactorTime,
        endpoint: IStreamClientEndpoint | None = None,
        overhear: Overhear | None = None,
    ) -> None:
        """
        Nothing is connected yet.

        :param clock: what is waited by; *reactor* is for sockets.
        :param endpoint: to what is below TLS, in place of *way*'s host as the resolver
            finds it.
        :param overhear: is told of each request that was not cancelled.
        :raises UnicodeError: the host of *way* is none.
        """
        self.url = way.url
        self._authority = way.authority
        self._clock = clock
        self._overhear = overhear
        self._ground = Ground(way, endpoint_to(way, reactor, endpoint), clock)
        self._lanes = Lanes(reactor, clock, self._ended, self._open_one)
        self._deadlines = Deadlines(clock, self._late)
        self._closed = False

    def ask(self, ask: Ask, seconds: float, authority: bytes = b"") -> Deferred[Answer]:
        """
        Ask once; it leaves at the end of this turn of the reactor.

        Cancelling drops what has not left, and resets the stream of what has, which the
        server may act on all the same.

        :param seconds: for all of it: to connect, to wait for others, the whole answer.
        :param authority: ``:authority`` or ``Host``; empty: the origin's own.
        :returns: the answer; it fails with :class:`NotProcessed` or :class:`Ambiguous`.
        """
        if self._closed:
            return fail(NotProcessed("closed"))
        now = self._clock.seconds()
        exchange = Exchange(ask, authority or self._authority, now, now + seconds)
        exchange.result = Deferred(lambda _: self._cancelled(exchange))
        self._deadlines.add(exchange)
        self._lanes.put(exchange)
        return exchange.result

    def close(self) -> Deferred[None]:
        """Cut every connection: what is asked fails.  Fires when they are gone."""
        self._closed = True
        gone = self._lanes.close()
        self._deadlines.close()
        return gone

    def _open_one(self) -> OpeningConnection:
        return OpeningConnection(self._lanes, self._ground)

    def _ended(self, exchange: Exchange, result: Result) -> None:
        """A connection has done with it: ask again, or tell."""
        if exchange.over:
            return
        if (
            isinstance(result, NotProcessed)
            and not isinstance(result, NoConnection)
            and exchange.refusals < MOST_REFUSALS
            and not self._closed
        ):
            exchange.refusals += 1
            self._lanes.put(exchange, first=True)
        else:
            self._tell(exchange, result)

    def _late(self, exchange: Exchange) -> None:
        exchange.over = True
        result: Result
        if exchange.lane is not None:
            result = self._lanes.drop(exchange, late=True) or Ambiguous("timed out")
        else:
            self._lanes.drop(exchange, late=True)
            result = (
                NotProcessed("no free stream in time")
                if self._lanes.is_open()
                else NoConnection("no connection in time")
            )
        self._tell(exchange, result)

    def _cancelled(self, exchange: Exchange) -> None:
        exchange.over = True
        self._deadlines.ended()
        self._lanes.drop(exchange, late=False)

    def _tell(self, exchange: Exchange, result: Result) -> None:
        exchange.over = True
        self._deadlines.ended()
        if self._overhear is not None:
            self._let_overhear(self._overhear, exchange, result)
        if isinstance(result, NoAnswer):
            exchange.result.errback(result)
        else:
            exchange.result.callback(result)

    def _let_overhear(self, overhear: Overhear, exchange: Exchange, result: Result) -> None:
        """Whoever looks on can break, and then the request and all others go on."""
        seconds = self._clock.seconds() - exchange.begun
        try:
            overhear(Overheard(self.url, exchange.ask, result, seconds))
        except Exception as error:  # noqa: BLE001 - a stranger may raise anything
            # its words may be those of the request, which has credentials
            self._log.error(
                "who overhears {url} has failed: {error}", url=self.url, error=type(error).__name__
            )
