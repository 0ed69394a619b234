"""
A datagram network in memory: addresses, listeners and scripted ends, and no sockets.

Datagrams arrive in a later turn, as they do in life: whoever sends is never called
back before it has finished.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import ClassVar

from attrs import define, field, frozen
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IReactorTime

from sippn.errors import TransportError
from sippn.transport import (
    LARGEST_DATAGRAM,
    Address,
    DatagramFlow,
    Received,
    SentBy,
    SockAddr,
    canonical_host,
)

_FIRST_FREE_PORT = 49152
_ENOUGH = 10_000


@frozen
class Datagram:
    """What is under way."""

    octets: bytes
    source: Address
    to: Address


def intact(datagram: Datagram) -> int:  # noqa: ARG001 - treats all alike
    """Every datagram arrives once."""
    return 1


@define(eq=False, repr=False)
class MemoryNetwork:
    """
    Carries datagrams between those who are bound to it.

    What nobody is bound to receive is lost without a word, as on any network.

    :ivar clock: delivers in a turn of its own (``callLater(0)``); None: only
        :meth:`deliver` does.
    :ivar copies: how many of a datagram arrive, settable at any time: 0 loses it,
        2 doubles it.
    :ivar carried: every datagram that was sent, lost ones included, in order.
    """

    clock: IReactorTime | None = None
    copies: Callable[[Datagram], int] = intact
    carried: list[Datagram] = field(factory=list, init=False)
    _bound: dict[Address, Callable[[bytes, Address], None]] = field(factory=dict, init=False)
    _under_way: deque[Datagram] = field(factory=deque, init=False)
    _next_port: int = field(default=_FIRST_FREE_PORT, init=False)

    def listener(
        self, host: str = "192.0.2.10", port: int = 5060, advertise: str | None = None
    ) -> MemoryListener:
        """A listener for a server; it is bound when it starts."""
        return MemoryListener(self, Address(canonical_host(host), port), advertise)

    def endpoint(self, host: str = "192.0.2.1", port: int = 0) -> MemoryEndpoint:
        """An end for a scripted UA, bound already; port 0: any."""
        return MemoryEndpoint(self, Address(canonical_host(host), port))

    def bind(self, address: Address, arrived: Callable[[bytes, Address], None]) -> Address:
        """
        Give what is sent to *address* to *arrived*, with its source.

        :returns: the address, with the port it got if that was 0.
        :raises CannotListenError: it is taken.
        """
        if not address.port:
            address = Address(address.host, self._next_port)
            self._next_port += 1
        if address in self._bound:
            taken = OSError(98, "Address already in use")
            raise CannotListenError(address.host, address.port, taken)
        self._bound[address] = arrived
        return address

    def unbind(self, address: Address) -> None:
        """From now on what is sent to *address* is lost."""
        self._bound.pop(address, None)

    def send(self, octets: bytes, source: Address, to: Address) -> None:
        """
        Put a datagram on its way.

        :raises TransportError: it is too large for one.
        """
        if len(octets) > LARGEST_DATAGRAM:
            raise TransportError(f"{len(octets)} octets do not fit into a datagram")
        datagram = Datagram(octets, source, to)
        self.carried.append(datagram)
        for _ in range(self.copies(datagram)):
            self._under_way.append(datagram)
            if self.clock is not None:
                self.clock.callLater(0, self._deliver_one)

    def deliver(self) -> int:
        """
        Deliver what is under way, and what is sent meanwhile, until all is quiet.

        :returns: how many datagrams that were.
        """
        delivered = 0
        while self._under_way:
            self._deliver_one()
            delivered += 1
            assert delivered < _ENOUGH, "they will never stop talking"
        return delivered

    def _deliver_one(self) -> None:
        if self._under_way:  # else deliver() was quicker than the clock
            datagram = self._under_way.popleft()
            arrived = self._bound.get(datagram.to)
            if arrived is not None:
                arrived(datagram.octets, datagram.source)


@define(eq=False, repr=False)
class MemoryListener:
    """A :class:`~sippn.transport.Listener` on a memory network, as UDP would be."""

    network: MemoryNetwork
    local: Address
    advertise: str | None = None
    transport: ClassVar[str] = "UDP"
    _started: bool = field(default=False, init=False)

    @property
    def sent_by(self) -> str:
        """What it advertises, or its own address."""
        if self.advertise is None:
            return str(self.local)
        return SentBy.parse(self.advertise).at(self.local.port)

    def sent_by_toward(self, remote: Address) -> str:  # noqa: ARG002 - the same to all
        """The same to everybody: there are no wildcards here."""
        return self.sent_by

    def start(self, received: Received) -> None:
        """See :meth:`sippn.transport.Listener.start`."""
        self.local = self.network.bind(
            self.local, lambda octets, source: received(octets, self.flow_to(source))
        )
        self._started = True

    def stop(self) -> None:
        """See :meth:`sippn.transport.Listener.stop`."""
        if self._started:
            self.network.unbind(self.local)
            self._started = False

    def flow_to(self, remote: Address) -> DatagramFlow:
        """See :meth:`sippn.transport.Listener.flow_to`."""
        sockaddr = remote.to_sockaddr()
        if sockaddr is None or remote.family != self.local.family:
            raise TransportError(f"no way from {self.local} to {remote}")
        return DatagramFlow(self, sockaddr)

    def owns(self, host: str, port: int) -> bool:
        """See :meth:`sippn.transport.Listener.owns`."""
        host = canonical_host(host)
        if (host, port) == (self.local.host, self.local.port):
            return True
        if self.advertise is None:
            return False
        return SentBy.parse(self.advertise).names(host, port, self.local.port)

    def reaches(self, remote: Address) -> bool:
        """Whether it is of the same family: all addresses hang on one wire."""
        return remote.family == self.local.family

    def send_to(self, octets: bytes, sockaddr: SockAddr) -> None:
        """
        For its flows.

        :raises TransportError: it has stopped, or that does not fit into a datagram.
        """
        if not self._started:
            raise TransportError(f"the socket {self.local} is closed")
        self.network.send(octets, self.local, Address.from_sockaddr(sockaddr))


@define(eq=False, repr=False)
class MemoryEndpoint:
    """
    Where a scripted UA speaks and listens: an :class:`~sippn.testing.endpoints.Endpoint`.

    :ivar receive: called with each datagram and its source; the UA sets it.
    :ivar inbox: what came before it did.
    """

    _network: MemoryNetwork
    address: Address
    inbox: list[tuple[bytes, Address]] = field(factory=list, init=False)
    receive: Callable[[bytes, Address], None] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.receive = lambda octets, source: self.inbox.append((octets, source))
        self.address = self._network.bind(self.address, self._arrived)

    def send(self, octets: bytes, to: Address) -> None:
        """One datagram; nobody says whether it arrives."""
        self._network.send(octets, self.address, to)

    def close(self) -> None:
        """Leave the network: what is sent here is lost, and the address is free again."""
        self._network.unbind(self.address)

    def _arrived(self, octets: bytes, source: Address) -> None:
        self.receive(octets, source)
