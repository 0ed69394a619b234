"""T8: names of somebody else's lead to public addresses, or nowhere."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any

import pytest
from attrs import define, field
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectingCancelledError, DNSLookupError
from twisted.internet.interfaces import IAddress, IHostResolution, IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock
from zope.interface.verify import verifyObject

from sippn.http import NoConnection
from sippn.http.public import (
    CONNECT_TIME,
    MOST_ADDRESSES,
    MOST_LOOKUPS,
    Lookups,
    PublicEndpoint,
    _Outside,
    is_public,
)
from sippn.testing.results import failed

HOST = "push.example.com"

PUBLIC = ["1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.0.0.1"]
PUBLIC += ["128.0.0.1", "169.253.0.1", "172.15.0.1", "172.32.0.1", "192.0.1.0", "192.167.0.1"]
PUBLIC += ["192.169.0.1", "198.17.0.1", "198.20.0.1", "223.255.255.255", "2606:4700::1111"]
PUBLIC += ["2a00:1450:4001::200a", "2001:4860:4860::8888", "64:ff9b::8.8.8.8", "2000::1"]

NOT_PUBLIC = {
    "this host": "0.0.0.0",
    "this network": "0.1.2.3",
    "loopback": "127.0.0.1",
    "all of loopback": "127.255.255.254",
    "10/8": "10.255.0.1",
    "172.16/12": "172.16.0.1",
    "end of 172.16/12": "172.31.255.255",
    "192.168/16": "192.168.1.1",
    "metadata": "169.254.169.254",
    "carrier NAT": "100.64.0.1",
    "end of carrier NAT": "100.127.255.255",
    "assignments": "192.0.0.8",
    "documentation 1": "192.0.2.1",
    "documentation 2": "198.51.100.1",
    "documentation 3": "203.0.113.1",
    "6to4 relay": "192.88.99.1",
    "benchmarks": "198.19.255.255",
    "multicast": "224.0.0.1",
    "end of multicast": "239.255.255.255",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "v6 unspecified": "::",
    "v6 loopback": "::1",
    "v6 compatible": "::127.0.0.1",
    "v6 compatible public": "::8.8.8.8",
    "v6 mapped": "::ffff:127.0.0.1",
    "v6 mapped public": "::ffff:8.8.8.8",
    "v6 translated": "::ffff:0:8.8.8.8",
    "NAT64 loopback": "64:ff9b::127.0.0.1",
    "NAT64 private": "64:ff9b::10.0.0.1",
    "NAT64 metadata": "64:ff9b::a9fe:a9fe",
    "NAT64 local": "64:ff9b:1::8.8.8.8",
    "discard": "100::1",
    "Teredo": "2001:0:7f00:1::1",
    "v6 benchmarks": "2001:2::1",
    "ORCHID": "2001:20::1",
    "v6 documentation": "2001:db8::1",
    "v6 documentation 2": "3fff::1",
    "6to4 of loopback": "2002:7f00:1::1",
    "6to4 of a public address": "2002:808:808::1",
    "segment routing": "5f00::1",
    "unassigned": "4000::1",
    "unique local": "fc00::1",
    "unique local 2": "fdff::1",
    "link-local": "fe80::1",
    "link-local with zone": "fe80::1%eth0",
    "public with zone": "2a00:1450:4001::200a%1",
    "site-local": "fec0::1",
    "v6 multicast": "ff02::1",
    "name": "localhost",
    "short": "127.1",
    "decimal": "134744072",
    "octal": "010.8.8.8",
    "hex": "0x8.8.8.8",
    "blank": "8.8.8.8 ",
    "empty": "",
}


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address: str) -> None:
    """T8: what anybody on the Internet can reach may be connected to."""
    assert is_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC.values(), ids=NOT_PUBLIC)
def test_not_public(address: str) -> None:
    """T8: no address of ours, of our network or of nobody is connected to, in any dress."""
    assert not is_public(address)


def test_nothing_that_python_knows_better() -> None:
    """T8: what the standard library takes for private or multicast is not public here either."""
    for first in range(256):
        for second in (0, 1, 16, 31, 64, 88, 127, 168, 254, 255):
            address = ipaddress.IPv4Address(f"{first}.{second}.99.7")
            if is_public(str(address)):
                assert address.is_global
                assert not address.is_multicast


class _Names:
    """A resolver that says what it is told."""

    def __init__(self, *answers: Sequence[IAddress]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def resolveHostName(
        self,
        resolutionReceiver: Any,
        hostName: str,
        portNumber: int = 0,  # noqa: ARG002 - the addresses have it
        *_: object,
        **__: object,
    ) -> IHostResolution:
        """The next of the answers."""
        self.asked.append(hostName)
        resolution: Any = self
        resolutionReceiver.resolutionBegan(resolution)
        for address in self.answers.pop(0):
            resolutionReceiver.addressResolved(address)
        resolutionReceiver.resolutionComplete()
        return resolution  # type: ignore[no-any-return] # nobody looks at it

    def cancel(self) -> None:
        """It is over already."""


def at(*hosts: str) -> list[IAddress]:
    """These addresses, as a resolver tells them."""
    return [(IPv6Address if ":" in host else IPv4Address)("TCP", host, 443) for host in hosts]


@define(eq=False)
class Bench:
    """Attempts to connect, and what became of them."""

    names: _Names
    reactor: MemoryReactorClock = field(factory=MemoryReactorClock)

    @classmethod
    def resolving(cls, *answers: Sequence[IAddress]) -> Bench:
        """One whose resolver says that, look-up by look-up."""
        bench = cls(_Names(*answers))
        bench.reactor.nameResolver = bench.names  # type: ignore[assignment] # as real as needed
        return bench

    def connect(self) -> Deferred[Any]:
        """Try."""
        endpoint = PublicEndpoint(self.reactor, HOST, 443)
        assert verifyObject(IStreamClientEndpoint, endpoint)
        return endpoint.connect(Factory.forProtocol(Protocol))

    @property
    def dialled(self) -> list[tuple[str, int]]:
        """Where somebody tried to connect to."""
        return [(host, port) for host, port, *_ in self.reactor.tcpClients]


def test_connects_to_the_address_that_was_looked_at() -> None:
    """T8: one look-up, and its address: nobody else looks the name up again."""
    bench = Bench.resolving(at("1.1.1.1"))
    connected = bench.connect()
    assert bench.dialled == [("1.1.1.1", 443)]
    assert bench.names.asked == [HOST]
    connected.addErrback(lambda _: None).cancel()


def test_rebinding_name() -> None:
    """A10: a name that is public first, and 127.0.0.1 then, does not lead there."""
    bench = Bench.resolving(at("1.1.1.1"), at("127.0.0.1"))
    bench.connect().addErrback(lambda _: None).cancel()
    error = failed(bench.connect(), NoConnection)
    assert str(error) == "the host has no public address"
    assert bench.dialled == [("1.1.1.1", 443)]


def test_no_public_address() -> None:
    """T8: where none is left, it is said, and nothing is connected to."""
    bench = Bench.resolving([*at(*NOT_PUBLIC.values()), UNIXAddress("/run/docker.sock")])
    error = failed(bench.connect(), NoConnection)
    assert str(error) == "the host has no public address"
    assert bench.dialled == []
    assert bench.reactor.getDelayedCalls() == []


def test_unknown_name() -> None:
    """T8: a name that nobody knows is told apart from one that leads inside."""
    bench = Bench.resolving([])
    failed(bench.connect(), DNSLookupError)


def test_public_ones_of_several() -> None:
    """T8: of several addresses those that are public are tried, in their order, while time is."""
    bench = Bench.resolving(at("127.0.0.1", "1.1.1.1", "::1", "2606:4700::1111", "10.0.0.1"))
    connected = bench.connect()
    bench.reactor.pump([0.11] * 4)
    assert bench.dialled == [("1.1.1.1", 443), ("2606:4700::1111", 443)]
    connected.addErrback(lambda failure: failure.trap(ConnectingCancelledError)).cancel()
    assert bench.reactor.getDelayedCalls() == []


def test_number_of_addresses_is_bounded() -> None:
    """T8: a name with a thousand addresses costs eight attempts."""
    bench = Bench.resolving(at(*(f"9.9.{number // 250}.{number % 250}" for number in range(1000))))
    connected = bench.connect()
    bench.reactor.pump([0.11] * 100)
    assert len(bench.dialled) == MOST_ADDRESSES
    connected.addErrback(lambda _: None).cancel()


def test_time_is_bounded() -> None:
    """T8: an address has five seconds."""
    bench = Bench.resolving(at("1.1.1.1"))
    bench.connect().addErrback(lambda _: None).cancel()
    assert [timeout for _, _, _, timeout, _ in bench.reactor.tcpClients] == [CONNECT_TIME]
    assert CONNECT_TIME == 5.0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::ffff:127.0.0.1"])
def test_what_slips_through_is_not_dialled(host: str) -> None:
    """T8: the last one who looks is who connects."""
    bench = Bench.resolving()
    with pytest.raises(NoConnection):
        _Outside(bench.reactor, Lookups().over).connectTCP(host, 443, Factory.forProtocol(Protocol))
    assert bench.dialled == []


class _SlowNames(_Names):
    """A resolver that says nothing until it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.receivers: list[Any] = []

    def resolveHostName(
        self,
        resolutionReceiver: Any,
        hostName: str,
        portNumber: int = 0,  # noqa: ARG002 - nobody is connected to
        *_: object,
        **__: object,
    ) -> IHostResolution:
        """Wait."""
        self.asked.append(hostName)
        self.receivers.append(resolutionReceiver)
        resolution: Any = self
        return resolution  # type: ignore[no-any-return] # nobody looks at it

    def answer(self, host: str) -> None:
        """Tell the one that has waited longest."""
        receiver = self.receivers.pop(0)
        receiver.addressResolved(*at(host))
        receiver.resolutionComplete()


@define(eq=False)
class Crowd:
    """Many names that are looked up by turns."""

    names: _SlowNames = field(factory=_SlowNames)
    reactor: MemoryReactorClock = field(factory=MemoryReactorClock)
    lookups: Lookups = field(factory=Lookups)

    def __attrs_post_init__(self) -> None:
        self.reactor.nameResolver = self.names  # type: ignore[assignment] # as real as needed

    def connect(self, host: str) -> Deferred[Any]:
        """Try; whatever comes of it is seen."""
        endpoint = PublicEndpoint(self.reactor, host, 443, self.lookups)
        return endpoint.connect(Factory.forProtocol(Protocol)).addErrback(lambda _: None)


def test_lookups_are_bounded() -> None:
    """T8: names that nobody answers for take four of the reactor's threads, and no more."""
    crowd = Crowd()
    connecting = [crowd.connect(f"h{number}.example.com") for number in range(MOST_LOOKUPS + 2)]
    assert len(crowd.names.asked) == MOST_LOOKUPS
    crowd.names.answer("10.0.0.1")
    assert crowd.names.asked[-1] == f"h{MOST_LOOKUPS}.example.com"
    crowd.names.answer("1.1.1.1")
    assert len(crowd.names.asked) == MOST_LOOKUPS + 2
    for one in connecting:
        one.cancel()


def test_given_up_lookup_keeps_its_turn() -> None:
    """T8: the thread is taken until the name is known, whoever waits; a waiting one never asks."""
    crowd = Crowd()
    connecting = [crowd.connect(f"h{number}.example.com") for number in range(MOST_LOOKUPS + 2)]
    for one in connecting[:-1]:
        one.cancel()
    assert len(crowd.names.asked) == MOST_LOOKUPS
    crowd.names.answer("1.1.1.1")
    assert crowd.names.asked[-1] == f"h{MOST_LOOKUPS + 1}.example.com"
    connecting[-1].cancel()
    assert crowd.reactor.getDelayedCalls() == []


def test_name_that_is_none_gives_its_turn_back() -> None:
    """T8: an attempt that comes to no look-up does not take a turn for ever."""
    crowd = Crowd()
    for _ in range(MOST_LOOKUPS):
        crowd.connect("x" * 64 + "\u00fc.example.com")
    assert crowd.names.asked == []
    crowd.connect("h.example.com").cancel()
    assert crowd.names.asked == ["h.example.com"]
