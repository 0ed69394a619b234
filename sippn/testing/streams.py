"""
TCP on a memory network: the reactor that makes its connections.

It is given to whoever calls ``listenTCP`` and ``connectTCP``.  Everything happens in a
later turn, as in life: nobody is called back before it has finished.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

from attrs import define, field
from twisted.internet import error
from twisted.internet.base import BaseConnector
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IHostnameResolver,
    IListeningPort,
    IProtocolFactory,
    IReactorPluggableNameResolver,
    IReactorTCP,
    IReactorTime,
)
from twisted.internet.protocol import ClientFactory
from zope.interface import implementer

from sippn.testing.streams_ends import WINDOW, Cable, ClientEnd, StreamEnd, as_peer
from sippn.testing.streams_names import ScriptedNames
from sippn.transport import Address, canonical_host


@implementer(IListeningPort)
@define(eq=False, repr=False)
class StreamPort:
    """An address at which connections are taken."""

    _reactor: StreamReactor
    address: Address
    factory: IProtocolFactory

    def startListening(self) -> None:
        """Bind.  :raises CannotListenError: the address is taken."""
        ports = self._reactor.ports
        if self.address in ports:
            taken = OSError(98, "Address already in use")
            raise error.CannotListenError(self.address.host, self.address.port, taken)
        ports[self.address] = self
        self.factory.doStart()

    def stopListening(self) -> Deferred[None]:
        """Take no more; the connections there are go on."""
        stopped: Deferred[None] = Deferred()
        if self._reactor.ports.pop(self.address, None) is not None:
            self.factory.doStop()
        self._reactor.cable.soon(lambda: stopped.callback(None))
        return stopped

    def getHost(self) -> IAddress:
        """Where it listens."""
        return as_peer(self.address)


class StreamConnector(BaseConnector):
    """One attempt to connect, and what comes of it; time-outs are Twisted's."""

    def __init__(
        self,
        reactor: StreamReactor,
        ends: tuple[Address, Address],
        factory: ClientFactory[Any],
        timeout: float | None,
    ) -> None:
        """
        :param ends: from where, to where.
        :param timeout: seconds; None: never.
        """
        super().__init__(factory, timeout, reactor)  # type: ignore[arg-type]  # it needs the timers
        self._memory = reactor
        self._local, self._remote = ends

    def _makeTransport(self) -> Any:
        end = ClientEnd(self._memory, self._local, self._remote, self)
        self._memory.cable.soon(lambda: self._memory.establish(end))
        return end

    def getDestination(self) -> IAddress:
        """Where it leads."""
        return as_peer(self._remote)


@implementer(IReactorTCP, IReactorTime, IReactorPluggableNameResolver)
@define(eq=False, repr=False)
class StreamReactor:
    """
    The reactor of a memory network: TCP, its clock's timers, and names.

    There are no wildcards: who listens says at which address.

    :ivar nameResolver: its ``addresses`` are a test's to fill.
    :ivar silent: hosts where nobody says a word, not even that nobody listens: a
        connection to one never comes about.
    :ivar dialled: where somebody tried to connect to, in order.
    :ivar arrivals: numbers what arrives.
    :ivar most_read: octets that a program gets at once; a small number cuts messages up.
    :ivar ports: who listens where.
    :ivar ends: both ends of each connection, unless they are closed.
    """

    cable: Cable
    nameResolver: ScriptedNames = field(factory=ScriptedNames, init=False)  # noqa: N815 - Twisted's word
    silent: set[str] = field(factory=set, init=False)
    most_read: int = field(default=WINDOW, init=False)
    dialled: list[Address] = field(factory=list, init=False)
    arrivals: Iterator[int] = field(factory=count, init=False)
    ports: dict[Address, StreamPort] = field(factory=dict, init=False)
    ends: dict[tuple[Address, Address], StreamEnd] = field(factory=dict, init=False)
    _reading: dict[StreamEnd, None] = field(factory=dict, init=False)  # in order, as a set is not
    _writing: dict[StreamEnd, None] = field(factory=dict, init=False)
    _turning: bool = field(default=False, init=False)

    def installNameResolver(self, resolver: IHostnameResolver) -> IHostnameResolver:
        """See :meth:`twisted.internet.interfaces.IReactorPluggableNameResolver`."""
        raise NotImplementedError("a test writes into the one there is")

    def listenTCP(
        self,
        port: int,
        factory: IProtocolFactory,
        backlog: int = 50,  # noqa: ARG002 - nobody waits here
        interface: str = "",
    ) -> StreamPort:
        """See :meth:`twisted.internet.interfaces.IReactorTCP.listenTCP`."""
        address = Address(canonical_host(interface), port or self.cable.free_port())
        listening = StreamPort(self, address, factory)
        listening.startListening()
        return listening

    def connectTCP(
        self,
        host: str,
        port: int,
        factory: ClientFactory[Any],
        timeout: float = 30,
        bindAddress: tuple[str, int] | None = None,
    ) -> StreamConnector:
        """See :meth:`twisted.internet.interfaces.IReactorTCP.connectTCP`."""
        near, number = bindAddress or ("::1" if ":" in host else "127.0.0.1", 0)
        local = Address(canonical_host(near), number or self.cable.free_port())
        patience = None if self.cable.clock is None else timeout
        remote = Address(canonical_host(host), port)
        self.dialled.append(remote)
        connector = StreamConnector(self, (local, remote), factory, patience)
        connector.connect()
        return connector

    def establish(self, end: ClientEnd) -> None:
        """Let both sides know each other, or the one that there is no other."""
        port = self.ports.get(end.remote)
        if end.disconnected or end.remote.host in self.silent:
            return
        if port is None:
            end.failIfNotConnected(error.ConnectionRefusedError())
        elif (end.local, end.remote) in self.ends:
            end.failIfNotConnected(error.ConnectBindError("the address is in use"))
        else:
            far = StreamEnd(self, end.remote, end.local)
            end.other, far.other = far, end
            for each in (end, far):
                self.ends[each.local, each.remote] = each
            far.begin(port.factory.buildProtocol(far.getPeer()))
            end.begin(end.connector.buildProtocol(end.getPeer()))

    def at(self, address: Address) -> list[StreamEnd]:
        """The end at *address* of each connection that it has."""
        return [end for end in self.ends.values() if end.local == address]

    def addReader(self, reader: StreamEnd) -> None:
        """For the ends: it wants what comes."""
        self._reading[reader] = None
        self.turn()

    def removeReader(self, reader: StreamEnd) -> None:
        """For the ends: it wants it no more, or not now."""
        self._reading.pop(reader, None)

    def addWriter(self, writer: StreamEnd) -> None:
        """For the ends: it has something to say."""
        self._writing[writer] = None
        self.turn()

    def removeWriter(self, writer: StreamEnd) -> None:
        """For the ends: it has said all."""
        self._writing.pop(writer, None)

    def turn(self) -> None:
        """See soon who can read and write."""
        if not self._turning:
            self._turning = True
            self.cable.soon(self._turn)

    def _turn(self) -> None:
        self._turning = False
        for end in list(self.ends.values()):
            end.fall()
        for end in list(self._writing):
            if end in self._writing and end.writable:
                end.act(end.doWrite)
        for end in sorted(self._reading, key=lambda end: end.arrived):
            if end in self._reading and end.readable:
                end.act(end.doRead)
        if any(e.writable for e in self._writing) or any(e.readable for e in self._reading):
            self.turn()

    def seconds(self) -> float:
        """The network's clock."""
        return self._clock.seconds()

    def callLater(
        self,
        delay: float,
        callable: Callable[..., object],  # noqa: A002 - Twisted's word
        *args: object,
        **kwargs: object,
    ) -> IDelayedCall:
        """On the network's clock."""
        return self._clock.callLater(delay, callable, *args, **kwargs)

    def getDelayedCalls(self) -> Sequence[IDelayedCall]:
        """Of the network's clock."""
        return self._clock.getDelayedCalls()

    @property
    def _clock(self) -> IReactorTime:
        if self.cable.clock is None:
            raise RuntimeError("a network without a clock has no timers")
        return self.cable.clock
