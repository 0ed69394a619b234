"""A flow: the way back to whoever sent something (RFC 5626 section 3.1)."""

from __future__ import annotations

from typing import Protocol

from attrs import define, field

from sippn.binding import Source
from sippn.transport.address import Address, SockAddr


class FlowUser(Protocol):
    """Who has to know when a connection is lost."""

    def flow_lost(self) -> None:
        """Learn that nothing more comes or goes on the flow; it does not raise."""


class Flow(Protocol):
    """
    One peer, over one of our sockets.

    Whoever is behind a NAT can be reached on the flow it opened, and on no other.
    """

    @property
    def token(self) -> str:
        """
        Its name: unique, printable, no secret; a binding keeps it.

        The name of a datagram flow is enough to make it again after a restart.
        """

    @property
    def transport(self) -> str:
        """The transport as a Via names it, e.g. ``"UDP"``."""

    @property
    def reliable(self) -> bool:
        """Whether the transport retransmits, so that transactions need not."""

    @property
    def secure(self) -> bool:
        """Whether nobody can listen: TLS or the like."""

    @property
    def local(self) -> Address:
        """The address our socket is bound to; it may be a wildcard."""

    @property
    def remote(self) -> Address:
        """The address of the peer, as it is seen here."""

    @property
    def sent_by(self) -> str:
        """Our own ``host:port`` toward that peer, for Via and Record-Route."""

    @property
    def source(self) -> Source:
        """The same, for those who may not know transports."""

    @property
    def heard_at(self) -> float | None:
        """
        When its peer last gave a sign of life: monotonic clock, seconds.

        None: a flow without a connection, about which nobody can tell.
        """

    def send(self, octets: bytes) -> None:
        """Send one message.  :raises TransportError: it cannot leave."""

    def join(self, user: FlowUser) -> None:
        """Tell *user* once when the connection is lost; datagram flows never are."""

    def leave(self, user: FlowUser) -> None:
        """Tell *user* no more."""

    def at_port(self, port: int) -> Flow:
        """
        The flow to another *port* of the same host, where a response without rport goes.

        A stream is its own way back (RFC 3261 section 18.2.2): it returns itself.
        """


class DatagramSocket(Protocol):
    """What a datagram flow needs of the listener that it belongs to."""

    @property
    def transport(self) -> str:
        """As in a Via."""

    @property
    def local(self) -> Address:
        """What it is bound to."""

    def sent_by_toward(self, remote: Address) -> str:
        """Our own ``host:port``, as *remote* is to see it."""

    def send_to(self, octets: bytes, sockaddr: SockAddr) -> None:
        """Send one datagram.  :raises TransportError: it cannot leave."""


@define(eq=False)
class DatagramFlow:
    """
    A :class:`Flow` without a connection: a socket of ours and an address of theirs.

    One is made for each datagram that comes in, so everything else about it is
    worked out when it is asked for, once.
    """

    _socket: DatagramSocket
    _sockaddr: SockAddr
    _token: str = field(default="", init=False)
    _remote: Address | None = field(default=None, init=False)
    reliable = False
    secure = False
    heard_at = None

    @property
    def token(self) -> str:
        """``udp:<local>:<remote>``, see :attr:`Flow.token`."""
        if not self._token:
            socket = self._socket
            self._token = f"{socket.transport.lower()}:{socket.local}:{self.remote}"
        return self._token

    @property
    def transport(self) -> str:
        """See :attr:`Flow.transport`."""
        return self._socket.transport

    @property
    def local(self) -> Address:
        """See :attr:`Flow.local`."""
        return self._socket.local

    @property
    def remote(self) -> Address:
        """See :attr:`Flow.remote`."""
        if self._remote is None:
            self._remote = Address.from_sockaddr(self._sockaddr)
        return self._remote

    @property
    def sent_by(self) -> str:
        """See :attr:`Flow.sent_by`."""
        return self._socket.sent_by_toward(self.remote)

    @property
    def source(self) -> Source:
        """See :attr:`Flow.source`."""
        remote = self.remote
        return Source(self.token, remote.host, remote.port, self.secure)

    def join(self, user: FlowUser) -> None:
        """See :meth:`Flow.join`."""

    def leave(self, user: FlowUser) -> None:
        """See :meth:`Flow.leave`."""

    def send(self, octets: bytes) -> None:
        """See :meth:`Flow.send`."""
        self._socket.send_to(octets, self._sockaddr)

    def at_port(self, port: int) -> DatagramFlow:
        """See :meth:`Flow.at_port`."""
        if port == self._sockaddr[1]:
            return self
        return DatagramFlow(self._socket, (self._sockaddr[0], port, *self._sockaddr[2:]))
