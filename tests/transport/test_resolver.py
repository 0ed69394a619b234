"""Tests for :mod:`sippn.transport.resolver`."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from attrs import define, field
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IResolutionReceiver,
)
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from sippn.errors import (
    BadRequest,
    NotFound,
    ServerTimeout,
    ServiceUnavailable,
    SIPError,
    UnsupportedURIScheme,
)
from sippn.sip import URI
from sippn.transport import Address, Resolver

case = SynchronousTestCase()


@implementer(IHostnameResolver)
@define(eq=False)
class Names:
    """A name server that answers when the test does; names in *hosts* at once."""

    hosts: dict[str, Sequence[IAddress]] = field(factory=dict)
    asked: list[tuple[str, IResolutionReceiver]] = field(factory=list)

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,  # noqa: ARG002 - the interface's
        addressTypes: Sequence[type[IAddress]] | None = None,  # noqa: ARG002 - the same
        transportSemantics: str = "TCP",  # noqa: ARG002 - the same
    ) -> IHostResolution:
        """Remember who asks."""
        self.asked.append((hostName, resolutionReceiver))
        resolution: IHostResolution = object()  # type: ignore[assignment]  # nobody looks at it
        resolutionReceiver.resolutionBegan(resolution)
        if hostName in self.hosts:
            self.answer(len(self.asked) - 1, *self.hosts[hostName])
        return resolution

    def answer(self, which: int, *addresses: IAddress) -> None:
        """All that is known about the name of a question."""
        receiver = self.asked[which][1]
        for address in addresses:
            receiver.addressResolved(address)
        receiver.resolutionComplete()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def names() -> Names:
    return Names()


@pytest.fixture
def resolver(names: Names, clock: Clock) -> Resolver:
    return Resolver(names, clock)


def looked_up(resolver: Resolver, uri: str) -> Deferred[Sequence[Address]]:
    """What resolve returned, which must be a look-up."""
    found = resolver.resolve(URI.parse(uri))
    assert isinstance(found, Deferred)
    return found


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("sip:alice@192.0.2.1", Address("192.0.2.1", 5060)),
        ("sip:192.0.2.1:5070;transport=UDP", Address("192.0.2.1", 5070)),
        ("sip:alice@[2001:DB8::1]:5070", Address("2001:db8::1", 5070)),
        ("sip:alice@192.0.2.1;maddr=192.0.2.2", Address("192.0.2.1", 5060)),
        ("sip:alice@192.0.2.1;transport=tcp", Address("192.0.2.1", 5060)),
        ("sip:alice@192.0.2.1;transport=tls", Address("192.0.2.1", 5061)),
        ("sips:alice@192.0.2.1", Address("192.0.2.1", 5061)),
        ("sips:alice@192.0.2.1:5070", Address("192.0.2.1", 5070)),
    ],
)
def test_numeric_host_and_usual_port_are_no_question(
    resolver: Resolver, names: Names, uri: str, address: Address
) -> None:
    """RFC 3263 section 4.2; maddr leads nobody elsewhere (A13)."""
    assert resolver.resolve(URI.parse(uri)) == (address,)
    assert names.asked == []


@pytest.mark.parametrize(
    ("uri", "error"),
    [
        ("sips:alice@192.0.2.1;transport=udp", BadRequest),
        ("sip:alice@192.0.2.1;transport=ws", SIPError),
        ("sip:alice@192.0.2.1:0", BadRequest),
        ("sip:alice@" + "a" * 64 + ".example", BadRequest),
        ("sip:alice@" + "a.example." * 30, BadRequest),
        ("sip:alice@a..example", BadRequest),
    ],
)
def test_says_what_is_wrong_with_a_uri(
    resolver: Resolver, names: Names, uri: str, error: type[SIPError]
) -> None:
    """What cannot be sent to is an answer; such names make getaddrinfo raise."""
    with pytest.raises(error):
        resolver.resolve(URI.parse(uri))
    assert names.asked == []


@pytest.mark.parametrize(
    ("uri", "listeners", "transport"),
    [
        ("sip:h", ["UDP", "TCP", "TLS"], "UDP"),
        ("sip:h", ["TLS", "TCP"], "TCP"),
        ("sip:h", ["TLS"], "TLS"),
        ("sip:h", [], "UDP"),
        ("sip:h;transport=Tcp", ["UDP"], "TCP"),
        ("sip:h;transport=tls", ["UDP"], "TLS"),
        ("sips:h", ["UDP"], "TLS"),
        ("sips:h;transport=tcp", ["UDP"], "TLS"),
        ("sips:h;transport=tls", ["UDP"], "TLS"),
    ],
)
def test_uri_says_the_transport_or_the_listeners_do(
    names: Names, clock: Clock, uri: str, listeners: Sequence[str], transport: str
) -> None:
    """RFC 3263 section 4.1; with sips, tcp is TLS over it (RFC 3261 section 26.2.2)."""
    resolver = Resolver(names, clock, transports=listeners)
    assert resolver.transport_of(URI.parse(uri)) == transport


def test_other_schemes_lead_nowhere(resolver: Resolver) -> None:
    """RFC 3261 section 21.4.14: 416."""
    with pytest.raises(UnsupportedURIScheme):
        resolver.transport_of(URI("tel", None, None, "+1555", None))


@pytest.mark.parametrize(
    "host",
    [
        "255.255.255.255",
        "224.0.1.75",
        "0.0.0.0",
        "240.0.0.1",
        "[::]",
        "[ff02::1]",
        "[::ffff:1.2.3.4]",
    ],
)
def test_nothing_is_sent_to_many_or_to_nobody(resolver: Resolver, host: str) -> None:
    """RFC 4475's *bcast* must not leave towards a broadcast address (RELIABILITY 2)."""
    with pytest.raises(NotFound):
        resolver.resolve(URI.parse(f"sip:alice@{host}"))


def test_name_becomes_its_addresses_in_order(resolver: Resolver, names: Names) -> None:
    """A and AAAA, each once, as the system prefers them; what is no host is left out."""
    found = looked_up(resolver, "sip:alice@Example.COM.:5070")
    assert names.asked[0][0] == "example.com"
    names.answer(
        0,
        IPv6Address("UDP", "2001:db8::1", 0),
        IPv4Address("UDP", "192.0.2.1", 0),
        IPv4Address("TCP", "192.0.2.1", 0),
        IPv4Address("UDP", "224.0.0.1", 0),
        UNIXAddress("/tmp/socket"),
    )
    assert case.successResultOf(found) == (
        Address("2001:db8::1", 5070),
        Address("192.0.2.1", 5070),
    )


def test_name_without_addresses_is_not_found(
    resolver: Resolver, names: Names, clock: Clock
) -> None:
    """And no timer is left behind."""
    found = looked_up(resolver, "sip:alice@example.com")
    names.answer(0)
    case.failureResultOf(found, NotFound)
    assert clock.getDelayedCalls() == []


def test_answer_may_come_at_once(resolver: Resolver, names: Names, clock: Clock) -> None:
    """From a hosts file, inside the question."""
    names.hosts["example.com"] = [IPv4Address("UDP", "192.0.2.1", 0)]
    found = looked_up(resolver, "sip:example.com")
    assert case.successResultOf(found) == (Address("192.0.2.1", 5060),)
    assert clock.getDelayedCalls() == []


def test_silent_name_server_costs_five_seconds(
    resolver: Resolver, names: Names, clock: Clock
) -> None:
    """E5: look-ups are bounded in time; the answer that comes later is nobody's."""
    found = looked_up(resolver, "sip:alice@example.com")
    clock.advance(4.9)
    case.assertNoResult(found)
    clock.advance(0.1)
    case.failureResultOf(found, ServerTimeout)
    names.answer(0, IPv4Address("UDP", "192.0.2.1", 0))
    assert clock.getDelayedCalls() == []


def test_one_question_for_many_who_ask(resolver: Resolver, names: Names) -> None:
    """Whoever asks for the same name waits for the same answer, each for its own port."""
    first = looked_up(resolver, "sip:example.com")
    second = looked_up(resolver, "sip:example.com:5070")
    assert len(names.asked) == 1
    names.answer(0, IPv4Address("UDP", "192.0.2.1", 0))
    assert case.successResultOf(first) == (Address("192.0.2.1", 5060),)
    assert case.successResultOf(second) == (Address("192.0.2.1", 5070),)


def test_one_who_gives_up_leaves_the_others(resolver: Resolver, names: Names) -> None:
    """A caller that hangs up withdraws its own question only."""
    mine = looked_up(resolver, "sip:example.com")
    theirs = looked_up(resolver, "sip:example.com")
    mine.addErrback(lambda _: None)
    mine.cancel()
    names.answer(0, IPv4Address("UDP", "192.0.2.1", 0))
    assert case.successResultOf(theirs) == (Address("192.0.2.1", 5060),)


def test_names_under_way_are_bounded(names: Names, clock: Clock) -> None:
    """E5: bounded in number, until the name server really has answered."""
    resolver = Resolver(names, clock, most=2)
    for host in ("a.example", "b.example"):
        looked_up(resolver, f"sip:{host}").addErrback(lambda _: None)
    clock.advance(5)
    with pytest.raises(ServiceUnavailable) as refused:
        resolver.resolve(URI.parse("sip:c.example"))
    assert ("Retry-After", "5") in refused.value.headers
    names.answer(0)
    looked_up(resolver, "sip:c.example").addErrback(lambda _: None)
    assert [host for host, _ in names.asked] == ["a.example", "b.example", "c.example"]
    names.answer(2)


def test_name_is_asked_for_again(resolver: Resolver, names: Names) -> None:
    """Nothing is kept: an address that moved is found."""
    for octet in (1, 2):
        found = looked_up(resolver, "sip:example.com")
        names.answer(octet - 1, IPv4Address("UDP", f"192.0.2.{octet}", 0))
        assert case.successResultOf(found) == (Address(f"192.0.2.{octet}", 5060),)
