"""Tests for :mod:`sippn.transport.table`."""

from __future__ import annotations

from collections.abc import Awaitable, Collection

import pytest
from attrs import define, field

from sippn.errors import TransportError
from sippn.transport import (
    Address,
    DatagramFlow,
    Flow,
    FlowTable,
    Received,
    SentBy,
    SockAddr,
    canonical_host,
)

PEER = Address("192.0.2.1", 4711)


@define(eq=False)
class Still:
    """A listener without a socket: it can be asked, and sends nothing."""

    local: Address
    advertise: str = "still.example"
    reachable: Collection[str] = ()
    transport: str = "UDP"
    sent: list[SockAddr] = field(factory=list)

    @property
    def sent_by(self) -> str:
        """What it advertises."""
        return SentBy.parse(self.advertise).at(self.local.port)

    def start(self, received: Received) -> None:
        """Nothing will ever come."""

    def stop(self) -> None:
        """Nothing did."""

    def flow_to(self, remote: Address, name: str = "") -> DatagramFlow:  # noqa: ARG002 - no TLS
        """To any address with a port."""
        sockaddr = remote.to_sockaddr()
        if sockaddr is None:
            raise TransportError("no port")
        return DatagramFlow(self, sockaddr)

    def owns(self, host: str, port: int) -> bool:
        """Its own address."""
        return Address(canonical_host(host), port) == self.local

    def reaches(self, remote: Address) -> bool:
        """As the test says."""
        return remote.host in self.reachable

    def sent_by_toward(self, remote: Address) -> str:  # noqa: ARG002 - one for all
        """The same to all."""
        return self.sent_by

    def send_to(self, octets: bytes, sockaddr: SockAddr) -> None:  # noqa: ARG002 - not kept
        """Remember where to."""
        self.sent.append(sockaddr)


def toward(table: FlowTable, remote: Address) -> Flow | None:
    """The way over UDP, for which nobody waits."""
    flow = table.toward(remote)
    assert not isinstance(flow, Awaitable)
    return flow


def test_flow_is_found_by_its_token() -> None:
    """P-002: a binding keeps the token; the flow is there again, after a restart too."""
    first, second = Still(Address("192.0.2.9", 5060)), Still(Address("2001:db8::9", 5060))
    table = FlowTable([first, second])
    for listener, remote in ((first, PEER), (second, Address("2001:db8::1", 4711))):
        flow = table.flow(listener.flow_to(remote).token)
        assert flow is not None
        flow.send(b"")
        assert listener.sent == [remote.to_sockaddr()]


@pytest.mark.parametrize(
    "token",
    [
        "",
        "udp",
        "udp:192.0.2.9:5060",
        "udp:192.0.2.9:5060:",
        "udp:192.0.2.9:5060:192.0.2.1",
        "udp:192.0.2.9:5060:192.0.2.1:0",
        "udp:192.0.2.9:5060:192.0.2.1:4711 ",
        "udp:192.0.2.9:5060:localhost:4711",
        "udp:192.0.2.8:5060:192.0.2.1:4711",
        "tcp:192.0.2.9:5060:192.0.2.1:4711",
        "udp:192.0.2.9:5060:192.0.2.1:" + "4" * 200,
    ],
)
def test_no_flow_for_any_other_token(token: str) -> None:
    """Malformed, or of a listener that is gone: None, which the caller must expect."""
    assert FlowTable([Still(Address("192.0.2.9", 5060))]).flow(token) is None


def test_owns_what_any_listener_owns() -> None:
    """No port in a Via or a Route means 5060 (RFC 3261 section 18.1.1)."""
    table = FlowTable([Still(Address("192.0.2.9", 5070)), Still(Address("192.0.2.9", 5060))])
    assert table.owns("192.0.2.9", 5070)
    assert table.owns("192.0.2.9", None)
    assert not table.owns("192.0.2.9", 5080)
    assert not FlowTable([Still(Address("192.0.2.9", 5070))]).owns("192.0.2.9", None)


def test_way_leads_through_the_listener_of_that_family() -> None:
    """An IPv6 address needs an IPv6 socket."""
    four, six = Still(Address("192.0.2.9", 5060)), Still(Address("2001:db8::9", 5060))
    table = FlowTable([four, six])
    for listener, host in ((four, "192.0.2.1"), (six, "2001:db8::1")):
        flow = toward(table, Address(host, 5060))
        assert flow is not None
        assert flow.local == listener.local
    assert FlowTable([four]).toward(Address("2001:db8::1", 5060)) is None
    assert table.toward(PEER, "TCP") is None
    assert table.toward(Address("192.0.2.1", 0)) is None


def test_way_leads_through_the_interface_the_kernel_would_take() -> None:
    """From a socket on loopback nothing leaves the machine."""
    loopback = Still(Address("127.0.0.1", 5060))
    outside = Still(Address("192.0.2.9", 5060), reachable=[PEER.host])
    flow = toward(FlowTable([loopback, outside]), PEER)
    assert flow is not None
    assert flow.local == outside.local


def test_first_listener_has_to_do_when_none_fits() -> None:
    """The kernel says what is wrong with it, when something is sent."""
    first, second = Still(Address("192.0.2.8", 5060)), Still(Address("192.0.2.9", 5060))
    flow = toward(FlowTable([first, second]), PEER)
    assert flow is not None
    assert flow.local == first.local
