"""
A way to a host that somebody else has named, which leads to no address of ours.

Whoever chooses the name of a host, chooses its addresses in the DNS as well, and may choose others
for the next look-up (RELIABILITY T8).  So the addresses that were looked at are those that are
connected to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, TypeVar, cast

from attrs import define, field
from twisted.internet import address as tcp
from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.error import DNSLookupError
from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IProtocolFactory,
    IReactorPluggableNameResolver,
    IReactorTCP,
    IReactorTime,
    IResolutionReceiver,
    IStreamClientEndpoint,
)
from twisted.python.failure import Failure
from zope.interface import implementer

from sippn.http.errors import NoConnection

T = TypeVar("T")

CONNECT_TIME = 5.0
"""Seconds for each address to be connected to (RELIABILITY T8)."""

NEXT_ADDRESS = 0.1
"""Seconds until the next address is tried beside the last one (RFC 8305 section 5)."""

MOST_LOOKUPS = 4
"""At a time: each keeps one of the reactor's few threads until the DNS has answered, or has not."""

MOST_ADDRESSES = 8
"""Of a host that are tried: push services have fewer, a host that somebody made up any number."""

# all that IANA's registries of special-purpose addresses have (RFC 6890), and multicast
_NOT_PUBLIC_4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this host
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # behind a carrier's NAT
            "127.0.0.0/8",  # loopback
            "169.254.0.0/16",  # link-local, with the clouds' metadata
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",  # private
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
# what is not in it is unassigned, or loopback, mapped, compatible, private, link-local, multicast
_PUBLIC_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, which has any IPv4 address in it
            "3fff::/20",  # documentation
        ),
    )
)
_IP = (tcp.IPv4Address, tcp.IPv6Address)
_NAT64 = IPv6Network("64:ff9b::/96")  # all that a host behind one learns of an IPv4 host


def is_public(address: str) -> bool:
    """Whether *address*, an IP address as text, is one of the Internet, and of no place else."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv4Address):
        return not any(found in network for network in _NOT_PUBLIC_4)
    if found.scope_id is not None:
        return False
    if found in _NAT64:
        return is_public(str(IPv4Address(int(found) & 0xFFFFFFFF)))
    return _is_public_6(found)


def _is_public_6(address: IPv6Address) -> bool:
    return address in _PUBLIC_6 and not any(address in network for network in _NOT_PUBLIC_6)


@define(eq=False)
class Lookups:
    """
    Turns to look a name up, for endpoints that share them.

    Whoever makes up names whose servers do not answer takes these turns, and not the threads
    that all other names are looked up by.
    """

    _turns: DeferredSemaphore = field(factory=lambda: DeferredSemaphore(MOST_LOOKUPS), init=False)

    def turn(self) -> Deferred[Any]:
        """Fires when there is one; cancelling gives it up."""
        return self._turns.acquire()

    def over(self) -> None:
        """One is free again."""
        self._turns.release()


@implementer(IStreamClientEndpoint)
@define(eq=False)
class PublicEndpoint:
    """Connects to a host by TCP, if it has a public address."""

    _reactor: Any
    _host: str
    _port: int
    _lookups: Lookups = field(factory=Lookups)

    def connect(self, factory: IProtocolFactory) -> Deferred[Any]:
        """
        Look its addresses up, once, and connect to one of them that is public.

        Whoever waits for his turn to look them up does so in the time that he gives this.

        It fails as :class:`~twisted.internet.endpoints.HostnameEndpoint` does, and with
        :exc:`~sippn.http.errors.NoConnection` where there is none.
        """
        return self._lookups.turn().addCallback(lambda _: self._connect(factory))

    def _connect(self, factory: IProtocolFactory) -> Deferred[Any]:
        outside = _Outside(self._reactor, self._lookups.over)
        endpoint = HostnameEndpoint(
            outside, self._host, self._port, timeout=CONNECT_TIME, attemptDelay=NEXT_ADDRESS
        )
        return endpoint.connect(factory).addBoth(outside.ended).addErrback(outside.explain)


@implementer(IReactorTCP, IReactorTime, IReactorPluggableNameResolver, IHostnameResolver)
@define(eq=False)
class _Outside:
    """
    As much of a reactor as one attempt to connect needs, in a world of public addresses.

    :ivar _looked_up: is told when the look-up is over; a name that nobody waits for any more
        is looked up all the same.
    :ivar _refused: there were others.
    """

    _reactor: Any
    _looked_up: Callable[[], None]
    _looking_up: bool = field(default=False, init=False)
    _refused: bool = field(default=False, init=False)

    @property
    def nameResolver(self) -> IHostnameResolver:
        """Itself."""
        return cast("IHostnameResolver", self)

    def installNameResolver(self, resolver: IHostnameResolver) -> IHostnameResolver:
        """Nobody needs another."""
        raise NotImplementedError

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[IAddress]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        """Ask the reactor's resolver, and pass on what is public."""
        self._looking_up = True
        found: IHostResolution = self._reactor.nameResolver.resolveHostName(
            _Sieve(resolutionReceiver, self), hostName, portNumber, addressTypes, transportSemantics
        )
        return found

    def connectTCP(self, host: str, *arguments: Any, **named: Any) -> Any:
        """
        Connect to *host*, an address.

        :raises NoConnection: it is none that was let through.
        """
        if not is_public(host):
            raise NoConnection(_NO_ADDRESS)
        return self._reactor.connectTCP(host, *arguments, **named)

    def listenTCP(self, *arguments: Any, **named: Any) -> Any:
        """Nobody listens there."""
        raise NotImplementedError

    def seconds(self) -> float:
        """The reactor's."""
        return float(self._reactor.seconds())

    def callLater(self, *arguments: Any, **named: Any) -> Any:
        """The reactor's."""
        return self._reactor.callLater(*arguments, **named)

    def getDelayedCalls(self) -> Any:
        """The reactor's."""
        return self._reactor.getDelayedCalls()

    def refuse(self) -> None:
        """The host has an address that is not public."""
        self._refused = True

    def known(self) -> None:
        """All its addresses are there."""
        self._looked_up()

    def ended(self, result: T) -> T:
        """The attempt is over; it may have come to no look-up."""
        if not self._looking_up:
            self._looked_up()
        return result

    def explain(self, failure: Failure) -> Failure:
        """Why there is no connection: a host without a public address is no unknown one."""
        if self._refused and failure.check(DNSLookupError):
            return Failure(NoConnection(_NO_ADDRESS))
        return failure


@implementer(IResolutionReceiver)
@define(eq=False)
class _Sieve:
    """Lets through what is public, and not too much of it."""

    _receiver: IResolutionReceiver
    _outside: _Outside
    _passed: int = field(default=0, init=False)

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        """Pass it on."""
        self._receiver.resolutionBegan(resolutionInProgress)

    def addressResolved(self, address: IAddress) -> None:
        """Pass it on, if it is one to connect to."""
        if not (isinstance(address, _IP) and is_public(address.host)):
            self._outside.refuse()
        elif self._passed < MOST_ADDRESSES:
            self._passed += 1
            self._receiver.addressResolved(address)

    def resolutionComplete(self) -> None:
        """Pass it on."""
        self._outside.known()
        self._receiver.resolutionComplete()


_NO_ADDRESS = "the host has no public address"
