"""From a SIP URI to addresses (RFC 3263, so far as numeric hosts, A and AAAA go)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection, Sequence
from typing import NoReturn

from attrs import define, field
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IReactorTime,
    IResolutionReceiver,
)
from zope.interface import implementer

from sippn.errors import (
    BadRequest,
    NotFound,
    ServerTimeout,
    ServiceUnavailable,
    SIPError,
    UnsupportedURIScheme,
)
from sippn.interfaces import Maybe
from sippn.sip import URI
from sippn.transport.address import Address, canonical_host, pack

# a label of more than 63 octets makes Python's resolver raise instead of fail
_NAME = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*")
_PORTS = {"UDP": 5060, "TCP": 5060, "TLS": 5061}  # in the order of preference
_RETRY = (("Retry-After", "5"),)


@implementer(IResolutionReceiver)
@define(eq=False)
class _LookUp:
    """One name under way, and everybody who waits for it."""

    _ended: Callable[[], object]
    _found: list[str] = field(factory=list, init=False)
    _waiters: list[Deferred[list[str]]] = field(factory=list, init=False)

    def wait(self) -> Deferred[list[str]]:
        """The hosts, once they are known; cancelling gives up this waiter only."""
        waiter: Deferred[list[str]] = Deferred(self._waiters.remove)
        self._waiters.append(waiter)
        return waiter

    def resolutionBegan(self, resolutionInProgress: IHostResolution) -> None:
        """Nothing is known yet."""

    def addressResolved(self, address: IAddress) -> None:
        """One more address."""
        host = canonical_host(str(getattr(address, "host", "")))
        if _can_be_sent_to(host) and host not in self._found:
            self._found.append(host)

    def resolutionComplete(self) -> None:
        """Tell those who still wait."""
        self._ended()
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.callback(self._found)


@define(eq=False)
class Resolver:
    """
    Looks names up, a few at a time: a name server that hangs holds nobody else up.

    A look-up that takes too long is given up by those who wait for it, and goes on
    counting until it ends, because it still holds a thread of the reactor's pool.

    :ivar _names: the reactor's ``nameResolver``.
    :ivar _timeout: seconds somebody waits for an answer.
    :ivar _most: names under way at once; fewer than the reactor has threads.
    :ivar _transports: those that there are listeners for, as in a Via.
    """

    _names: IHostnameResolver
    _clock: IReactorTime
    _timeout: float = 5.0
    _most: int = 8
    _transports: Collection[str] = ("UDP",)
    _under_way: dict[str, _LookUp] = field(factory=dict, init=False)

    def transport_of(self, uri: URI) -> str:
        """
        The transport to *uri* (RFC 3263 section 4.1, without NAPTR), as in a Via.

        What a URI does not say is UDP, or the first of TCP and TLS where we have no UDP.

        :raises UnsupportedURIScheme: neither sip nor sips.
        :raises BadRequest: sips over UDP, which would be in the clear.
        :raises SIPError: a transport that we do not have in any case.
        """
        if uri.scheme not in ("sip", "sips"):
            raise UnsupportedURIScheme(f"{uri.scheme} leads nowhere from here")
        named = (uri.param("transport") or "").upper()
        if named and named not in _PORTS:
            raise SIPError("only transport=udp, tcp and tls are supported")
        if uri.scheme == "sips":
            if named == "UDP":
                raise BadRequest("sips over UDP")
            return "TLS"  # RFC 3261 section 26.2.2: "tcp" means TLS over it
        return named or next((each for each in _PORTS if each in self._transports), "UDP")

    def resolve(self, uri: URI) -> Maybe[Sequence[Address]]:
        """
        The addresses of *uri*, best first, at once where its host is numeric.

        A maddr parameter counts for nothing: it would let strangers choose where
        we send to, whatever the domain is.  The Deferred can be cancelled.

        :raises UnsupportedURIScheme, SIPError: see :meth:`transport_of`.
        :raises BadRequest: the same, or the host is no host, or the port no port.
        :raises NotFound: there is no address, or none that is one machine's.
        :raises ServerTimeout: no answer in time.
        :raises ServiceUnavailable: too many other names are being looked up.
        """
        port = default_port(self.transport_of(uri)) if uri.port is None else uri.port
        if not 0 < port < 65536:
            raise BadRequest(f"there is no port {port}")
        host = canonical_host(uri.host)
        if pack(host) is not None:
            return _addresses([host] if _can_be_sent_to(host) else [], host, port)
        if not _NAME.fullmatch(host):
            raise BadRequest("the host is neither a name nor an address")
        waiter = self._look_up(host).addTimeout(self._timeout, self._clock, _took_too_long)
        return waiter.addCallback(_addresses, host, port)

    def _look_up(self, host: str) -> Deferred[list[str]]:
        under_way = self._under_way.get(host)
        if under_way is not None:
            return under_way.wait()
        if len(self._under_way) >= self._most:
            raise ServiceUnavailable("too many names are being looked up", _RETRY)
        look_up = self._under_way[host] = _LookUp(lambda: self._under_way.pop(host, None))
        waiter = look_up.wait()  # before it starts: a hosts file may answer at once
        self._names.resolveHostName(look_up, host, 0, (IPv4Address, IPv6Address), "UDP")
        return waiter


def default_port(transport: str) -> int:
    """The port of a URI or a Via that names none (RFC 3261 section 19.1.2)."""
    return _PORTS.get(transport, 5060)


def _can_be_sent_to(host: str) -> bool:
    """
    Whether *host* is the address of one machine.

    A message to all of a network multiplies, 0.0.0.0 is whoever sends, and an IPv4
    address in IPv6's clothes passes by every list of addresses.
    """
    if "%" in host or pack(host) is None:
        return False
    address = ipaddress.ip_address(host)
    if address.is_multicast or address.is_unspecified:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return not address.is_reserved
    return address.ipv4_mapped is None


def _addresses(hosts: Sequence[str], host: str, port: int) -> Sequence[Address]:
    if not hosts:
        raise NotFound(f"{host} has no address to send to")
    return tuple(Address(each, port) for each in hosts)


def _took_too_long(_: object, seconds: float) -> NoReturn:
    raise ServerTimeout(f"no answer about the host within {seconds:g} s")
