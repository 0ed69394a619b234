"""SIP over UDP, IPv4 or IPv6 (RFC 3261 section 18)."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Collection
from typing import ClassVar

from attrs import define, field
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IReactorFDSet, IReadDescriptor
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from sippn.errors import TransportError
from sippn.transport.address import Address, SockAddr
from sippn.transport.fence import bar
from sippn.transport.floods import Network
from sippn.transport.flow import DatagramFlow
from sippn.transport.intake import Intake
from sippn.transport.keep_alive import is_keep_alive
from sippn.transport.listener import Received
from sippn.transport.local import source_toward
from sippn.transport.own_address import OwnAddress

LARGEST_DATAGRAM = 65_507  # 65,535 less the headers of IPv4 and UDP
_DATAGRAMS_A_TURN = 64  # more starve the other sockets and the timers
_RECEIVE_BUFFER = 4 << 20
_SO_RCVBUFFORCE = 33  # of Linux, for root: beyond net.core.rmem_max


@implementer(IReadDescriptor)
@define(eq=False)
class UDPListener:
    """
    One UDP socket.

    Twisted's own UDP port reads as many datagrams, at twice the cost, loses the
    zone of link-local peers and lets OSError out of its ``write``.

    :ivar host: what to bind to; a wildcard is fine, and ``::`` does not take IPv4 too.
    :ivar advertise: what to tell others instead, ``host`` or ``host:port``.
    :ivar intake: the line of those who wait when more comes than one turn takes; None:
        they wait in the kernel.
    """

    _reactor: IReactorFDSet
    host: str
    port: int
    advertise: str | None = None
    intake: Intake | None = None
    transport: ClassVar[str] = "UDP"
    _own: OwnAddress = field(init=False)
    _socket: socket.socket | None = field(default=None, init=False)
    _received: Received | None = field(default=None, init=False)
    _log: ClassVar[Logger] = Logger()

    def __attrs_post_init__(self) -> None:
        self._own = OwnAddress.written(self.host, self.port, self.advertise)

    @property
    def local(self) -> Address:
        """See :attr:`Listener.local`."""
        return self._own.local

    @property
    def sent_by(self) -> str:
        """See :attr:`Listener.sent_by`."""
        return self._own.sent_by

    def sent_by_toward(self, remote: Address) -> str:
        """
        Our own ``host:port``, as *remote* is to see it.

        Nobody can send to a wildcard address: there it is the one that the
        kernel sends from.
        """
        wildcard = self._own.is_wildcard  # else there is no need to ask the kernel
        return self._own.sent_by_from(source_toward(remote) if wildcard else None)

    def start(self, received: Received) -> None:
        """See :meth:`Listener.start`."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        bound = socket.socket(family, socket.SOCK_DGRAM)
        try:
            bound.setblocking(False)
            if family == socket.AF_INET6:
                bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            bound.bind((self.host, self.port))
        except (OSError, OverflowError) as error:
            bound.close()
            raise CannotListenError(self.host, self.port, error) from error
        for option in (socket.SO_RCVBUF, _SO_RCVBUFFORCE):
            with contextlib.suppress(OSError):  # a burst may be lost, that is all
                bound.setsockopt(socket.SOL_SOCKET, option, _RECEIVE_BUFFER)
        self._socket, self._received = bound, received
        if self.intake is not None:
            self.intake.open(self)
        self._own.local = Address.from_sockaddr(bound.getsockname())
        self._reactor.addReader(self)

    def stop(self) -> None:
        """See :meth:`Listener.stop`."""
        if self._socket is not None:
            self._reactor.removeReader(self)
            if self.intake is not None:
                self.intake.close(self)
            self._socket.close()
            self._socket = None

    def flow_to(self, remote: Address, name: str = "") -> DatagramFlow:  # noqa: ARG002 - of no use
        """See :meth:`Listener.flow_to`."""
        sockaddr = remote.to_sockaddr()
        if sockaddr is None or remote.family != self.local.family:
            raise TransportError(f"no way from {self.local} to {remote}")
        return DatagramFlow(self, sockaddr)

    def owns(self, host: str, port: int) -> bool:
        """See :meth:`Listener.owns`."""
        return self._own.owns(host, port)

    def reaches(self, remote: Address) -> bool:
        """See :meth:`Listener.reaches`."""
        return self._own.reaches(remote)

    def send_to(self, octets: bytes, sockaddr: SockAddr) -> None:
        """
        Send one datagram.

        :raises TransportError: it is too large, the buffer is full, there is no
            route, or the socket is closed.
        """
        if len(octets) > LARGEST_DATAGRAM:
            raise TransportError(f"{len(octets)} octets do not fit into a datagram")
        if self._socket is None:
            raise TransportError(f"the socket {self.local} is closed")
        try:
            self._socket.sendto(octets, sockaddr)
        except (OSError, OverflowError) as error:
            raise TransportError(f"cannot send to {sockaddr[0]}: {error}") from error

    def fileno(self) -> int:
        """For the reactor."""
        return -1 if self._socket is None else self._socket.fileno()

    def logPrefix(self) -> str:
        """For the reactor."""
        return f"UDP {self.local}"

    def connectionLost(self, reason: Failure) -> None:  # noqa: ARG002 - the reactor's call
        """The reactor gave up on the socket, or ends."""
        self.stop()

    def receive(self, size: int, /) -> tuple[bytes, SockAddr]:
        """See :meth:`Door.receive`."""
        if self._socket is None:
            raise OSError(errno.EBADF, "the socket is closed")
        return self._socket.recvfrom(size)

    def serve(self, octets: bytes, sockaddr: SockAddr) -> None:
        """See :meth:`Door.serve`; what came before the socket was closed is dropped."""
        if self._received is None or self._socket is None:
            return
        try:
            self._received(octets, DatagramFlow(self, sockaddr))
        except Exception:  # noqa: BLE001 - the reactor would close the socket for it
            self._log.failure("a datagram broke its receiver")

    def flow_from(self, sockaddr: SockAddr) -> DatagramFlow:
        """See :meth:`Door.flow_from`."""
        return DatagramFlow(self, sockaddr)

    def bar(self, networks: Collection[Network]) -> None:
        """See :meth:`Door.bar`; where the system has no filters, they go on."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                bar(self._socket, networks)

    def doRead(self) -> None:
        """
        Read what there is, so far as it fits into one turn; who is behind reads later.

        All is read before anything is served: whoever is answered at once sends more, and
        would look like a crowd; and between system calls the processor forgets what it knew.
        """
        receiving, intake = self._socket, self.intake
        if receiving is None or (intake is not None and intake.behind):
            return
        came: list[tuple[bytes, SockAddr]] = []
        with contextlib.suppress(OSError):  # nothing more
            for _ in range(_DATAGRAMS_A_TURN):
                came.append(receiving.recvfrom(65535))  # noqa: PERF401 - until it raises
        for octets, sockaddr in came:
            if not is_keep_alive(octets):
                self.serve(octets, sockaddr)
        if intake is not None and len(came) == _DATAGRAMS_A_TURN:
            intake.fall_behind()
