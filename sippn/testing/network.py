"""
A network in memory: addresses, listeners, scripted ends and connections, and no sockets.

What is sent arrives in a later turn, as it does in life: whoever sends is never called
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
from sippn.testing.endpoints import Suspension
from sippn.testing.streams import StreamReactor
from sippn.testing.streams_ends import Segment
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
    Carries datagrams between those who are bound to it, and connections.

    What nobody is bound to receive is lost without a word, as on any network.

    :ivar clock: delivers in a turn of its own (``callLater(0)``); None: only
        :meth:`deliver` does.
    :ivar copies: how many of a datagram arrive, settable at any time: 0 loses it,
        2 doubles it.  Connections lose nothing.
    :ivar carried: every datagram that was sent and every write to a connection, lost
        ones included, in order.
    :ivar reactor: for ``listenTCP`` and ``connectTCP`` on this network.
    """

    clock: IReactorTime | None = None
    copies: Callable[[Datagram], int] = intact
    carried: list[Datagram | Segment] = field(factory=list, init=False)
    reactor: StreamReactor = field(init=False)
    _bound: dict[Address, Callable[[bytes, Address], None]] = field(factory=dict, init=False)
    _under_way: deque[Callable[[], None]] = field(factory=deque, init=False)
    _last_port: int = field(default=_FIRST_FREE_PORT - 1, init=False)

    def __attrs_post_init__(self) -> None:
        self.reactor = StreamReactor(self)

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
            address = Address(address.host, self.free_port())
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
            self.soon(lambda: self._arrive(datagram))

    def cut(self, address: Address) -> None:
        """Break the connections of *address*: both sides get a reset."""
        for end in self.reactor.at(address):
            end.part(rudely=True)
            end.other.part(rudely=True)

    def freeze(self, address: Address) -> None:
        """Stop the program at *address*: what comes on its connections waits in the kernel."""
        for end in self.reactor.at(address):
            end.freeze()

    def thaw(self, address: Address) -> None:
        """Let it go on, and hear what has waited."""
        for end in self.reactor.at(address):
            end.thaw()

    def deliver(self) -> int:
        """
        Deliver what is under way, and what is sent meanwhile, until all is quiet.

        :returns: how many things that were, each datagram being one.
        """
        delivered = 0
        while self._under_way:
            self._deliver_one()
            delivered += 1
            assert delivered < _ENOUGH, "they will never stop talking"
        return delivered

    def soon(self, action: Callable[[], None]) -> None:
        """See :meth:`sippn.testing.streams_ends.Cable.soon`."""
        self._under_way.append(action)
        if self.clock is not None:
            self.clock.callLater(0, self._deliver_one)

    def free_port(self) -> int:
        """See :meth:`sippn.testing.streams_ends.Cable.free_port`."""
        self._last_port += 1
        return self._last_port

    def record(self, segment: Segment) -> None:
        """See :meth:`sippn.testing.streams_ends.Cable.record`."""
        self.carried.append(segment)

    def _deliver_one(self) -> None:
        if self._under_way:  # else deliver() was quicker than the clock
            self._under_way.popleft()()

    def _arrive(self, datagram: Datagram) -> None:
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

    def flow_to(self, remote: Address, name: str = "") -> DatagramFlow:  # noqa: ARG002 - for TLS
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

    transport: ClassVar[str] = "UDP"
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

    def suspend(self, how: Suspension) -> None:
        """Nobody notices."""

    def resume(self) -> None:
        """Nobody notices that either."""

    def _arrived(self, octets: bytes, source: Address) -> None:
        self.receive(octets, source)
