"""The way to the one host that a webhook talks to, verified where it is https."""

from __future__ import annotations

from typing import Any

from attrs import define
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.internet.ssl import optionsForClientTLS
from twisted.web.client import URI

from sippn.http.one.answer import AnswerReader
from sippn.http.one.connection import Connection, Connections
from sippn.http.one.exchange import Letter

NEXT_ADDRESS = 0.1
"""
Seconds until the next address of the host is tried (RFC 8305 section 5): also what
Twisted takes to say that the last one refused.
"""


class _Opening(Factory):
    """Makes connections, and says nothing of it to the log."""

    noisy = False

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def buildProtocol(self, addr: object) -> Connection:  # noqa: ARG002 - Twisted's
        """One of them."""
        return Connection(self._connections)


@define(eq=False)
class Gateway:
    """The one host that pushes go to: an endpoint made once, not for every request."""

    _endpoint: IStreamClientEndpoint
    connections: Connections

    def ask(self, letter: Letter) -> Deferred[AnswerReader]:
        """
        Send *letter* on a connection that is idle, or on a new one.

        Cancelling ends it, connecting or not; see :meth:`Connection.ask`.
        """
        connection = self.connections.take()
        if connection is not None:
            return connection.ask(letter)
        opened: Deferred[Any] = self._endpoint.connect(_Opening(self.connections))
        return opened.addCallback(_ask, letter)


def _ask(connection: Any, letter: Letter) -> Deferred[AnswerReader]:
    asked: Deferred[AnswerReader] = connection.ask(letter)
    return asked


def gateway_to(reactor: Any, clock: IReactorTime, url: URI, timeout: float, trust: Any) -> Gateway:
    """
    The way to *url*'s host.

    :param timeout: seconds to connect.
    :param trust: what :func:`sippn.http.trust.trust_root` gave; None: the CAs of the system.
    """
    host = url.host.decode("ascii")
    endpoint: IStreamClientEndpoint = HostnameEndpoint(
        reactor, host, url.port, timeout=timeout, attemptDelay=NEXT_ADDRESS
    )
    if url.scheme == b"https":
        # one for all connections: it holds the trusted CAs, which take long to load
        options = optionsForClientTLS(host, trustRoot=trust)
        endpoint = wrapClientTLS(options, endpoint)
    return Gateway(endpoint, Connections(clock))
