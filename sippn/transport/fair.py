"""A line in which nobody is served twice before all others were served once."""

from __future__ import annotations

import socket
from collections import deque
from typing import TYPE_CHECKING, Final

from attrs import define, field

from sippn.transport.address import SockAddr

if TYPE_CHECKING:
    from sippn.transport.intake import Door

UNIT: Final = 2048  # octets for which a datagram takes one place; a long one takes several


def network_of(sockaddr: SockAddr) -> str | bytes:
    """
    Whom to count *sockaddr* as: the host, or of IPv6 the network of 64 bits.

    In such a network anybody has as many addresses as he likes.
    """
    host: str = sockaddr[0]
    if ":" not in host or host.startswith("fe80:"):
        return host
    return socket.inet_pton(socket.AF_INET6, host)[:8]


class Datagram:
    """One that waits."""

    __slots__ = ("door", "octets", "places", "since", "sockaddr", "vital")

    def __init__(
        self, octets: bytes, sockaddr: SockAddr, door: Door, since: float, vital: bool
    ) -> None:
        self.octets = octets
        self.sockaddr = sockaddr
        self.door = door
        self.since = since
        self.vital = vital
        self.places = len(octets) // UNIT + 1


@define(eq=False)
class _Source:
    """What one network has sent, oldest first; *taken* are the places of that."""

    network: str | bytes
    waiting: deque[Datagram] = field(factory=deque)
    taken: int = 0


@define(eq=False, repr=False)
class FairLine:
    """
    Datagrams by their source, one of each in turn.

    Each source may take as many places as there would be for it if all that wait took as
    many.  Whoever floods is thereby alone with his flood, and takes a turn of many.

    :ivar places: how many there are; it may be set to less, and to more again.  While
        sources become more, or places less, more of them are taken: twice those that there
        were first, at most.
    """

    places: int
    taken: int = field(default=0, init=False)
    _most: int = field(init=False)
    _sources: dict[str | bytes, _Source] = field(factory=dict, init=False)
    _turns: deque[_Source] = field(factory=deque, init=False)

    def __attrs_post_init__(self) -> None:
        self._most = 2 * self.places

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self._turns)

    def __len__(self) -> int:
        return sum(len(source.waiting) for source in self._turns)

    def join(self, network: str | bytes, datagram: Datagram) -> bool:
        """
        Let *datagram* wait.

        :returns: False: there is no place for it.
        """
        taken = self.taken + datagram.places
        if taken > self._most:
            return False
        source = self._sources.get(network)
        if source is None:
            source = self._sources[network] = _Source(network)
            self._turns.append(source)
        elif source.taken >= self.places // len(self._turns):
            return False
        source.waiting.append(datagram)
        source.taken += datagram.places
        self.taken = taken
        return True

    def next(self) -> Datagram | None:
        """Take the first one of the source whose turn it is; None: nothing waits."""
        if not self._turns:
            return None
        source = self._turns.popleft()
        datagram = source.waiting.popleft()
        source.taken -= datagram.places
        self.taken -= datagram.places
        if source.waiting:
            self._turns.append(source)
        else:
            del self._sources[source.network]
        return datagram

    def clear(self) -> None:
        """Forget all."""
        self._sources.clear()
        self._turns.clear()
        self.taken = 0
