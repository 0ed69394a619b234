"""SIP over TCP as a phone has it, on a real socket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP6ClientEndpoint, connectProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.tcp import Connection as TCPConnection
from twisted.python.failure import Failure

from sippn.testing.endpoints import Suspension
from sippn.testing.endpoints_line import next_message
from sippn.transport import Address


class Connection(Protocol):
    """One connection, cut into messages, which *arrived* is told."""

    transport: TCPConnection

    def __init__(self, arrived: Callable[[bytes], None]) -> None:
        self._arrived = arrived
        self._received = b""
        self.over = False

    def dataReceived(self, data: bytes) -> None:
        """For Twisted."""
        self._received = (self._received + data).lstrip(b"\r\n")
        while True:
            message, self._received = next_message(self._received)
            self._received = self._received.lstrip(b"\r\n")
            if not message:
                return
            self._arrived(message)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: ARG002 - all alike
        """For Twisted."""
        self.over = True


@define(eq=False)
class TCPEndpoint:
    """
    A phone behind a NAT: one connection to its server, over which all goes, both ways.

    It is made by :meth:`connect`.  A phone that lost it, or slept without it, comes back with
    another endpoint: :meth:`ScriptedUA.wake <sippn.testing.ua.ScriptedUA.wake>` takes one.

    :ivar server: the far end, whatever a request names.
    :ivar address: where it connected from.
    :ivar inbox: what came before :attr:`receive` was set.
    """

    transport: ClassVar[str] = "TCP"
    server: Address
    inbox: list[tuple[bytes, Address]] = field(factory=list, init=False)
    receive: Callable[[bytes, Address], None] = field(init=False)
    address: Address = field(init=False)
    _connection: Connection = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.receive = lambda octets, source: self.inbox.append((octets, source))
        self._connection = Connection(lambda octets: self.receive(octets, self.server))

    def connect(self, reactor: Any, host: str, seconds: float = 5) -> Deferred[TCPEndpoint]:
        """
        Connect from *host*; the UA that is to have this waits for it.

        :returns: fires with this, or fails with what Twisted says.
        """
        kind = TCP6ClientEndpoint if ":" in self.server.host else TCP4ClientEndpoint
        far = kind(reactor, self.server.host, self.server.port, seconds, (host, 0))
        connecting: Deferred[Connection] = connectProtocol(far, self._connection)
        return connecting.addCallback(self._connected)

    @property
    def connected(self) -> bool:
        """Whether the connection is there, as far as it knows."""
        return not self._connection.over

    def send(self, octets: bytes, to: Address) -> None:  # noqa: ARG002 - there is one way
        """One message; nobody says if the connection is gone."""
        if self.connected:
            self._connection.transport.write(octets)

    def suspend(self, how: Suspension) -> None:
        """See :meth:`sippn.testing.endpoints.Endpoint.suspend`; here nothing goes unnoticed."""
        if how == "killed":
            self._connection.transport.loseConnection()
        elif self.connected:
            self._connection.transport.pauseProducing()

    def resume(self) -> None:
        """See :meth:`sippn.testing.endpoints.Endpoint.resume`."""
        if self.connected:
            self._connection.transport.resumeProducing()

    def close(self) -> None:
        """Hang up."""
        self._connection.transport.loseConnection()

    def _connected(self, connection: Connection) -> TCPEndpoint:
        here = connection.transport.getHost()
        self.address = Address(here.host, here.port)
        return self
