"""The Internet, as a test has it: names, public addresses, and what is on loopback behind them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import define, field
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IListeningPort,
    IReactorPluggableNameResolver,
    IReactorTCP,
    IReactorTime,
    IResolutionReceiver,
)
from twisted.internet.protocol import Factory, Protocol
from zope.interface import implementer

PUBLIC = "9.9.9.9"


@implementer(IReactorTCP, IReactorTime, IReactorPluggableNameResolver, IHostnameResolver)
@define(eq=False)
class World:
    """
    A reactor whose names are a test's.

    :ivar names: addresses by name; a list of lists: look-up by look-up, the last one stays.
    :ivar behind: the port of loopback that is behind a port of :data:`PUBLIC`.
    :ivar asked: names that were looked up.
    :ivar dialled: addresses that were connected to, as they were given.
    """

    reactor: Any
    names: dict[str, list[Sequence[str]]] = field(factory=dict)
    behind: dict[int, int] = field(factory=dict)
    asked: list[str] = field(factory=list, init=False)
    dialled: list[tuple[str, int]] = field(factory=list, init=False)

    @property
    def nameResolver(self) -> World:
        """Itself."""
        return self

    def installNameResolver(self, resolver: IHostnameResolver) -> IHostnameResolver:
        """Nobody needs another."""
        raise NotImplementedError

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,  # noqa: ARG002 - all there are
        transportSemantics: str = "TCP",  # noqa: ARG002 - the host counts
    ) -> IHostResolution:
        """What the test says."""
        self.asked.append(hostName)
        answers = self.names.get(hostName, [()])
        resolution: Any = self
        resolutionReceiver.resolutionBegan(resolution)
        for host in answers.pop(0) if len(answers) > 1 else answers[0]:
            kind = IPv6Address if ":" in host else IPv4Address
            resolutionReceiver.addressResolved(kind("TCP", host, portNumber))
        resolutionReceiver.resolutionComplete()
        return resolution  # type: ignore[no-any-return] # it is over, nobody cancels it

    def cancel(self) -> None:
        """A look-up is over already."""

    def connectTCP(self, host: str, port: int, *arguments: Any, **named: Any) -> Any:
        """Connect to what is behind a public address, or to whatever else it is."""
        self.dialled.append((host, port))
        if host == PUBLIC:
            host, port = "127.0.0.1", self.behind[port]
        return self.reactor.connectTCP(host, port, *arguments, **named)

    def listenTCP(self, *arguments: Any, **named: Any) -> Any:
        """The reactor's."""
        return self.reactor.listenTCP(*arguments, **named)

    def seconds(self) -> float:
        """The reactor's."""
        return float(self.reactor.seconds())

    def callLater(self, *arguments: Any, **named: Any) -> Any:
        """The reactor's."""
        return self.reactor.callLater(*arguments, **named)

    def getDelayedCalls(self) -> Any:
        """The reactor's."""
        return self.reactor.getDelayedCalls()


@define(eq=False)
class Canary:
    """
    Listens on loopback, where nobody has any business.

    :ivar connections: how often somebody came all the same.
    """

    reactor: Any
    connections: int = field(default=0, init=False)
    port: int = field(default=0, init=False)
    _listening: IListeningPort | None = field(default=None, init=False)

    def start(self) -> None:
        """Listen on any port."""
        factory = _Counting()
        factory.canary = self
        self._listening = self.reactor.listenTCP(0, factory, interface="127.0.0.1")
        host: Any = self._listening.getHost()
        self.port = host.port

    def stop(self) -> Any:
        """Listen no more."""
        assert self._listening is not None
        return self._listening.stopListening()


class _Counting(Factory):
    noisy = False
    canary: Canary

    def buildProtocol(self, addr: IAddress | None) -> Protocol:  # noqa: ARG002 - nobody may come
        """Count."""
        self.canary.connections += 1
        return Protocol()
