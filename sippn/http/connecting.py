"""How a connection to an origin is made, and which HTTP it turns out to speak."""

from __future__ import annotations

from typing import Any, Final, cast

from attrs import define
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import (
    IDelayedCall,
    IHandshakeListener,
    INegotiated,
    IReactorTime,
    IStreamClientEndpoint,
    ITCPTransport,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.ssl import optionsForClientTLS
from twisted.python.failure import Failure
from zope.interface import implementer

from sippn.http.exchange import Lane
from sippn.http.lanes import Lanes
from sippn.http.one.lane import LaneOne
from sippn.http.reasons import why
from sippn.http.two.connection import Connection
from sippn.http.way import Way

NEXT_ADDRESS: Final = 0.1
"""
Seconds until the next address of the host is tried (RFC 8305 section 5): also what
Twisted takes to say that the last one refused.
"""

CONNECT_TIME: Final = 10.0
"""Seconds until a server must have said that it takes requests."""

_PROTOCOLS: Final = [b"h2", b"http/1.1"]


def endpoint_to(way: Way, reactor: Any, plain: IStreamClientEndpoint | None) -> Any:
    """
    The endpoint that leads to *way*, made once: it holds the trusted CAs, which are slow to load.

    :param plain: what is below TLS, in place of the host as the resolver finds it: each time
        anew, as a service moves.
    :raises UnicodeError: the host is none.
    """
    if plain is None:
        plain = HostnameEndpoint(
            reactor, way.host, way.port, timeout=CONNECT_TIME, attemptDelay=NEXT_ADDRESS
        )
    if not way.tls:
        return plain
    known = {} if way.certificate is None else way.certificate.options()
    options = optionsForClientTLS(
        way.host,
        trustRoot=way.trust,
        acceptableProtocols=_PROTOCOLS,
        extraCertificateOptions=known,
    )
    return wrapClientTLS(options, plain, reactor)


class _Once(Factory):
    """Makes the one connection, and says nothing of it to the log."""

    noisy = False

    def __init__(self, opening: OpeningConnection) -> None:
        self._opening = opening

    def buildProtocol(self, addr: object) -> OpeningConnection:  # noqa: ARG002 - Twisted's
        """It."""
        return self._opening


@define
class Ground:
    """What all connections to one origin are made of."""

    way: Way
    endpoint: Any
    clock: IReactorTime


@implementer(IHandshakeListener)
class OpeningConnection(Protocol):
    """
    One connection, until it is known what is spoken on it; then it is that.

    :ivar lane: see :class:`sippn.http.lanes.Opening`.
    """

    def __init__(self, lanes: Lanes, ground: Ground) -> None:
        self.lane: Lane | None = None
        self._lanes = lanes
        self._ground = ground
        self._spoken: Protocol | None = None
        self._connecting: Deferred[Any] | None = None
        self._timer: IDelayedCall | None = None
        self._why = ""

    def start(self) -> None:
        """Connect."""
        late = self._ground.clock.callLater(CONNECT_TIME, self._late)
        self._timer = late
        connecting = self._ground.endpoint.connect(_Once(self))
        self._connecting = connecting
        connecting.addCallbacks(self._connected, self._failed)

    def finish(self) -> None:
        """Need no timer any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def cut(self, why: str) -> None:
        """Give up."""
        self._why = why
        if self._connecting is not None:
            self._connecting.cancel()
        if self.lane is not None:
            self.lane.cut(why)
        elif self.transport is not None:
            cast("ITCPTransport", self.transport).abortConnection()

    def connectionMade(self) -> None:
        """There is a socket."""
        if not self._ground.way.tls:
            self._speak(None)

    def handshakeCompleted(self) -> None:
        """And TLS, and the server has chosen; it may not know that there is a choice."""
        self._speak(cast("INegotiated", self.transport).negotiatedProtocol)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is gone."""
        if self._spoken is not None:
            self._spoken.connectionLost(reason)
        else:
            self._lanes.failed(self, self._why or why(reason))

    def _speak(self, protocol: bytes | None) -> None:
        if protocol == b"h2":
            two = Connection(self._lanes, self._ground.clock)
            self.lane, self._spoken = two, two
        else:
            one = LaneOne(self._lanes, self._ground.clock)
            self.lane, self._spoken = one, one.connection
        self.dataReceived = self._spoken.dataReceived  # type: ignore[method-assign] # no detour
        self._spoken.makeConnection(self.transport)

    def _connected(self, _: object) -> None:
        self._connecting = None

    def _failed(self, failure: Failure) -> None:
        self._connecting = None
        self._lanes.failed(self, self._why or why(failure))

    def _late(self) -> None:
        self._timer = None
        self.cut("no connection in time")
