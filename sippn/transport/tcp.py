"""SIP over TCP, IPv4 or IPv6 (RFC 3261 section 18)."""

from __future__ import annotations

import socket
from typing import Any, ClassVar, Final

from attrs import define, field
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import (
    IAddress,
    IConnector,
    IListeningPort,
    IProtocol,
    IProtocolFactory,
    IReactorSocket,
    IReactorTCP,
)
from twisted.internet.protocol import ClientFactory, ServerFactory
from twisted.logger import Logger
from twisted.python.failure import Failure

from sippn.errors import TransportError
from sippn.interfaces import Maybe
from sippn.transport.address import Address, canonical_host
from sippn.transport.dial import Dial, Dialling
from sippn.transport.listener import Received
from sippn.transport.own_address import OwnAddress
from sippn.transport.stream import StreamConnection
from sippn.transport.streams import Streams
from sippn.transport.ways import CONNECT_SECONDS, Ways
from sippn.transport.wire import address_of

STOP_SECONDS: Final = 1.0
_UNREAD: Final = 256 << 10  # octets of a peer that the kernel holds; its own choice is megabytes
_BACKLOG: Final = 1024  # all phones of a town come back at once


@define(eq=False, repr=False)
class TCPListener:
    """
    One TCP socket that listens, and the connections to and from it.

    :ivar host: what to bind to; a wildcard is fine, and ``::`` does not take IPv4 too.
        Connections that we open leave from it.
    :ivar streams: shared with the other stream listeners of the server.
    :ivar advertise: what to tell others instead, ``host`` or ``host:port``.
    """

    _reactor: IReactorTCP
    host: str
    port: int
    streams: Streams
    advertise: str | None = None
    transport: ClassVar[str] = "TCP"
    secure: ClassVar[bool] = False
    own: OwnAddress = field(init=False)
    _ways: Ways = field(init=False)
    _received: Received | None = field(default=None, init=False)
    _port: IListeningPort | None = field(default=None, init=False)
    _connections: set[StreamConnection] = field(factory=set, init=False)
    _emptied: Deferred[None] | None = field(default=None, init=False)
    _log: ClassVar[Logger] = Logger()

    def __attrs_post_init__(self) -> None:
        self.own = OwnAddress.written(self.host, self.port, self.advertise)
        self._ways = Ways(self.streams.clock, self._connect)

    @property
    def local(self) -> Address:
        """See :attr:`Listener.local`."""
        return self.own.local

    @property
    def sent_by(self) -> str:
        """See :attr:`Listener.sent_by`."""
        return self.own.sent_by

    def start(self, received: Received) -> None:
        """See :meth:`Listener.start`."""
        if not 0 <= self.port < 65536:  # Twisted would leave a socket behind
            raise CannotListenError(self.host, self.port, OverflowError("no such port"))
        self._received = received
        try:
            self._port = self._listen(_Door(self.streams, self._served(_Serving(self))))
        except OSError as error:
            raise CannotListenError(self.host, self.port, error) from error
        listening = getattr(self._port, "socket", None)  # in memory there is none
        if listening is not None:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _UNREAD)
        self.own.local = address_of(self._port.getHost())

    def stop(self) -> Deferred[None] | None:
        """See :meth:`Listener.stop`."""
        port, self._port = self._port, None
        if port is None:
            return None
        self._ways.close()
        ending: list[Deferred[Any]] = [maybeDeferred(port.stopListening)]
        if self._connections:
            self._emptied = Deferred()
            ending.append(self._emptied)
            cut = self.streams.clock.callLater(STOP_SECONDS, self._cut)
            self._emptied.addCallback(lambda _: cut.cancel() if cut.active() else None)
        for connection in list(self._connections):
            connection.forsake()
            connection.close()
        return DeferredList(ending).addCallback(lambda _: None)

    def flow_to(self, remote: Address, name: str = "") -> Maybe[StreamConnection]:
        """See :meth:`Listener.flow_to`."""
        if remote.to_sockaddr() is None or remote.family != self.local.family:
            raise TransportError(f"no way from {self.local} to {remote}")
        if self._port is None:
            raise TransportError(f"the socket {self.local} is closed")
        return self._ways.to(remote, self._to_prove(canonical_host(name) or remote.host))

    def owns(self, host: str, port: int) -> bool:
        """See :meth:`Listener.owns`."""
        return self.own.owns(host, port)

    def reaches(self, remote: Address) -> bool:
        """See :meth:`Listener.reaches`."""
        return self.own.reaches(remote)

    def made(self, connection: StreamConnection) -> None:
        """See :meth:`Home.made`."""
        self._connections.add(connection)
        self.streams.made(connection)

    def prove(self, handle: Any, name: str | None) -> None:
        """See :meth:`Home.prove`: without TLS there is nothing to prove."""

    def opened(self, connection: StreamConnection) -> None:
        """See :meth:`Home.opened`."""
        self.streams.opened(connection)
        self._ways.opened(connection)

    def message_received(self, octets: bytes, connection: StreamConnection) -> None:
        """See :meth:`Home.message_received`."""
        if self._received is None:
            return
        try:
            self._received(octets, connection)
        except Exception:  # noqa: BLE001 - Twisted would close the connection for it
            self._log.failure("a message broke its receiver")

    def lost(self, connection: StreamConnection, reason: Failure) -> None:
        """See :meth:`Home.lost`."""
        self._connections.discard(connection)
        self.streams.lost(connection)
        self._ways.lost(connection, reason)
        if self._emptied is not None and not self._connections:
            emptied, self._emptied = self._emptied, None
            emptied.callback(None)

    def connection_in(self) -> StreamConnection:
        """One that comes to us."""
        return self.streams.connection(self, None if self.secure else "")

    def _served(self, factory: IProtocolFactory) -> IProtocolFactory:
        """*factory* of connections that come to us, and what is between them and TCP."""
        return factory

    def _dialled(
        self,
        factory: ClientFactory[Any],
        name: str,  # noqa: ARG002 - TLS's
    ) -> ClientFactory[Any]:
        """*factory* of a connection to *name*, and what is between it and TCP."""
        return factory

    def _to_prove(self, name: str) -> str:  # noqa: ARG002 - TLS's
        """What a peer that we call *name* has to prove; empty: nothing."""
        return ""

    def _listen(self, factory: ServerFactory[Any]) -> IListeningPort:
        if self.local.host != "::":
            return self._reactor.listenTCP(self.port, factory, _BACKLOG, self.host)
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as bound:  # Twisted takes IPv4 too
            bound.setblocking(False)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            bound.bind((self.host, self.port))
            bound.listen(_BACKLOG)
            adopting = IReactorSocket(self._reactor)
            return adopting.adoptStreamPort(bound.fileno(), socket.AF_INET6, factory)

    def _connect(self, dial: Dial) -> IConnector:
        if not self.streams.has_room():
            raise TransportError("there are too many connections")
        factory = Dialling(dial, self._answered, self._unanswered)
        self.streams.dials.add(dial)
        try:
            return self._reactor.connectTCP(
                dial.remote.host,
                dial.remote.port,
                self._dialled(factory, dial.name),
                timeout=int(CONNECT_SECONDS) + 1,  # that of the dial comes first
                bindAddress=None if self.own.is_wildcard else (self.local.host, 0),
            )
        except Exception:
            self.streams.dials.discard(dial)
            raise

    def _answered(self, dial: Dial) -> StreamConnection:
        self.streams.dials.discard(dial)
        return self.streams.connection(self, dial.name)

    def _unanswered(self, dial: Dial, why: str) -> None:
        self.streams.dials.discard(dial)
        self._ways.failed(dial, why)

    def _cut(self) -> None:
        for connection in list(self._connections):
            connection.abort()


class _Serving(ServerFactory[Any]):
    """Makes the connections that come to us."""

    noisy = False

    def __init__(self, listener: TCPListener) -> None:
        self._listener = listener

    def buildProtocol(
        self,
        addr: IAddress | None,  # noqa: ARG002 - the transport knows it
    ) -> StreamConnection:
        """One more."""
        return self._listener.connection_in()

    def logPrefix(self) -> str:
        """How Twisted says in the log that it listens."""
        return f"SIP over {self._listener.transport}"


class _Door(ServerFactory[Any]):
    """Lets connections in while there is room; TLS has not cost anything yet."""

    noisy = False

    def __init__(self, streams: Streams, within: IProtocolFactory) -> None:
        self._streams = streams
        self._within = within

    def buildProtocol(self, addr: IAddress | None) -> IProtocol | None:
        """None: Twisted closes the socket."""
        return self._within.buildProtocol(addr) if self._streams.has_room() else None  # type: ignore[arg-type]

    def logPrefix(self) -> str:
        """How Twisted says in the log that it listens."""
        return "SIP"
