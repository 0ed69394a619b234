"""Tests for :mod:`sippn.transport.udp`, over real loopback sockets that are read by hand."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator

import pytest
from attrs import define
from twisted.internet.error import CannotListenError, ConnectionDone
from twisted.internet.interfaces import IReadDescriptor
from twisted.internet.testing import MemoryReactor
from twisted.logger import LogEvent
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from sippn.errors import TransportError
from sippn.transport import Address, Flow, Intake, UDPListener
from sippn.transport.keep_alive import is_keep_alive
from tests.transport.floods import Gate

OPTIONS = b"OPTIONS sip:example.com SIP/2.0\r\n\r\n"


def turn(reactor: MemoryReactor) -> None:
    """Wait until somebody can read, and let those read."""
    ready, _, _ = select.select(reactor.getReaders(), [], [], 5)
    assert ready, "nothing came"
    for reader in ready:
        reader.doRead()


@define(eq=False)
class Bound:
    """A listener on loopback, started, a plain socket to talk to it, and what it received."""

    reactor: MemoryReactor
    listener: UDPListener
    peer: socket.socket
    received: list[tuple[bytes, Flow]]

    def send(self, *datagrams: bytes) -> None:
        """From the peer to the listener."""
        for octets in datagrams:
            self.peer.sendto(octets, (self.listener.local.host, self.listener.local.port))


@pytest.fixture(params=["127.0.0.1", "::1"])
def bound(request: pytest.FixtureRequest) -> Iterator[Bound]:
    host: str = request.param
    reactor = MemoryReactor()
    received: list[tuple[bytes, Flow]] = []
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as peer:
        try:
            peer.bind((host, 0))
        except OSError:
            pytest.skip(f"no {host} here")
        peer.settimeout(5)
        listener = UDPListener(reactor, host, 0)
        listener.start(lambda octets, flow: received.append((octets, flow)))
        yield Bound(reactor, listener, peer, received)
        listener.stop()


@pytest.fixture
def reactor() -> MemoryReactor:
    return MemoryReactor()


def ignored(octets: bytes, flow: Flow) -> None:
    """Nobody asked."""


def test_is_what_a_reactor_reads(reactor: MemoryReactor) -> None:
    """The reactor wants an IReadDescriptor."""
    assert verifyObject(IReadDescriptor, UDPListener(reactor, "127.0.0.1", 0))


def test_reads_as_soon_as_it_has_started(reactor: MemoryReactor) -> None:
    """Port 0 means any: the one that was bound is told."""
    listener = UDPListener(reactor, "127.0.0.1", 0)
    assert (listener.fileno(), listener.local.port) == (-1, 0)
    listener.start(ignored)
    assert reactor.getReaders() == [listener]
    assert listener.fileno() >= 0
    assert listener.local.port > 0
    assert listener.sent_by == f"127.0.0.1:{listener.local.port}"
    assert listener.logPrefix() == f"UDP {listener.sent_by}"
    listener.stop()
    listener.stop()
    assert reactor.getReaders() == []


def test_busy_port_is_a_clear_error(bound: Bound, reactor: MemoryReactor) -> None:
    """A second server on one address says so and leaves nothing behind."""
    second = UDPListener(reactor, bound.listener.local.host, bound.listener.local.port)
    with pytest.raises(CannotListenError, match="already in use"):
        second.start(ignored)
    assert reactor.getReaders() == []
    second.stop()


def test_foreign_address_is_a_clear_error(reactor: MemoryReactor) -> None:
    """An address of another machine cannot be bound, nor a port beyond the last."""
    for host, port in (("203.0.113.77", 0), ("127.0.0.1", 70000)):
        with pytest.raises(CannotListenError):
            UDPListener(reactor, host, port).start(ignored)


def test_answers_on_the_flow_a_datagram_came_on(bound: Bound) -> None:
    """RFC 3581 section 4: back to the source, from the socket it came to."""
    bound.send(OPTIONS)
    turn(bound.reactor)
    ((octets, flow),) = bound.received
    assert octets == OPTIONS
    assert flow.remote == Address.from_sockaddr(bound.peer.getsockname())
    assert (flow.transport, flow.reliable, flow.secure) == ("UDP", False, False)
    flow.send(b"answer")
    answer, source = bound.peer.recvfrom(65535)
    assert answer == b"answer"
    assert Address.from_sockaddr(source) == bound.listener.local == flow.local


def test_flow_says_where_it_leads(bound: Bound) -> None:
    """The token names both ends; the source is what rooms without sockets see."""
    bound.send(OPTIONS)
    turn(bound.reactor)
    flow = bound.received[0][1]
    assert flow.token == f"udp:{bound.listener.local}:{flow.remote}"
    assert flow.source.flow == flow.token
    assert (flow.source.host, flow.source.port) == (flow.remote.host, flow.remote.port)
    assert not flow.source.secure
    assert flow.sent_by == bound.listener.sent_by


def test_response_goes_to_another_port_of_the_same_host(bound: Bound) -> None:
    """RFC 3261 18.2.2: without rport, to the port in sent-by."""
    bound.send(OPTIONS)
    turn(bound.reactor)
    flow = bound.received[0][1]
    assert flow.at_port(flow.remote.port) is flow
    elsewhere = flow.at_port(5070)
    assert elsewhere.remote == Address(flow.remote.host, 5070)
    assert elsewhere.local == flow.local


def test_drains_many_datagrams_and_no_more_than_its_turn(bound: Bound) -> None:
    """LIBRARIES 4: up to 64 a turn, so that a flood leaves time to others."""
    bound.send(*[OPTIONS] * 70)
    turn(bound.reactor)
    assert len(bound.received) == 64
    turn(bound.reactor)
    assert len(bound.received) == 70


def test_largest_datagram_comes_and_goes_whole(bound: Bound) -> None:
    """RFC 3261 18.1.1: up to the largest datagram; nothing is truncated."""
    octets = b"X" * 65_507
    bound.peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    bound.send(octets)
    turn(bound.reactor)
    assert bound.received[0][0] == octets
    bound.received[0][1].send(octets)
    assert bound.peer.recvfrom(65535)[0] == octets


def test_larger_datagram_is_refused(bound: Bound) -> None:
    """What cannot fit fails at once, whatever the kernel thinks of it."""
    flow = bound.listener.flow_to(Address.from_sockaddr(bound.peer.getsockname()))
    with pytest.raises(TransportError, match="65508 octets"):
        flow.send(b"X" * 65_508)


@pytest.mark.parametrize("octets", [b"", b"\r\n\r\n", b"\r\n", b"\0\0\0\0", b" \t"])
def test_keep_alives_are_dropped(octets: bytes) -> None:
    """RFC 5626 4.4.1 and what phones send in its place: not a message, not an error."""
    assert is_keep_alive(octets)


def test_stun_is_dropped() -> None:
    """A binding request of RFC 5389 is known by its first bits and its cookie."""
    assert is_keep_alive(b"\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(12))
    assert not is_keep_alive(b"\x00\x01\x00\x00\x21\x12\xa4\x43" + bytes(12))
    assert not is_keep_alive(b"\x01")


@pytest.mark.parametrize("octets", [OPTIONS, b"\r\n\r\n" + OPTIONS, b"!x sip:a SIP/2.0\r\n\r\n"])
def test_messages_are_no_keep_alives(octets: bytes) -> None:
    """A method may start with any token character (RFC 4475 section 3.1.1.2)."""
    assert not is_keep_alive(octets)


def test_keep_alive_between_messages_is_passed_over(bound: Bound) -> None:
    """What comes after a keep-alive is read in the same turn."""
    bound.send(b"\r\n\r\n", OPTIONS)
    turn(bound.reactor)
    assert [octets for octets, _ in bound.received] == [OPTIONS]


def test_broken_receiver_costs_one_datagram(
    reactor: MemoryReactor, nothing_fails_unseen: list[LogEvent]
) -> None:
    """A reactor closes what raises: the socket must outlive any bug above it."""
    received: list[bytes] = []

    def receive(octets: bytes, flow: Flow) -> None:
        received.append(octets)
        if octets == b"BAD":
            raise ZeroDivisionError

    listener = UDPListener(reactor, "127.0.0.1", 0)
    listener.start(receive)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        for octets in (b"BAD", b"GOOD"):
            peer.sendto(octets, ("127.0.0.1", listener.local.port))
        turn(reactor)
    listener.stop()
    assert received == [b"BAD", b"GOOD"]
    assert len(nothing_fails_unseen) == 1
    nothing_fails_unseen.clear()


def test_can_be_stopped_by_what_it_received(reactor: MemoryReactor) -> None:
    """Stopping in the middle of a turn ends the turn."""
    received: list[bytes] = []
    listener = UDPListener(reactor, "127.0.0.1", 0)

    def receive(octets: bytes, flow: Flow) -> None:
        received.append(octets)
        listener.stop()

    listener.start(receive)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        for _ in range(2):
            peer.sendto(OPTIONS, ("127.0.0.1", listener.local.port))
        turn(reactor)
    assert received == [OPTIONS]
    listener.doRead()


def test_closed_socket_sends_nothing(bound: Bound) -> None:
    """A flow whose listener is gone fails like any other."""
    bound.send(OPTIONS)
    turn(bound.reactor)
    bound.listener.connectionLost(Failure(ConnectionDone()))
    assert bound.reactor.getReaders() == []
    with pytest.raises(TransportError, match="closed"):
        bound.received[0][1].send(b"answer")


def test_kernel_errors_are_transport_errors(bound: Bound) -> None:
    """LIBRARIES 7.2: OSError comes straight out of sendto; here it has one type."""
    flow = bound.listener.flow_to(Address.from_sockaddr(bound.peer.getsockname()))
    for port in (0, 70000):
        with pytest.raises(TransportError, match="cannot send"):
            flow.at_port(port).send(b"x")


@pytest.mark.parametrize(
    "remote",
    [
        Address("example.com", 5060),
        Address("127.1", 5060),
        Address("127.0.0.1", 0),
        Address("127.0.0.1", 65536),
        Address("2001:db8::1", 5060),
    ],
)
def test_no_flow_to_what_is_no_address(reactor: MemoryReactor, remote: Address) -> None:
    """A name would be looked up by sendto, and block the server meanwhile."""
    with pytest.raises(TransportError):
        UDPListener(reactor, "127.0.0.1", 5060).flow_to(remote)


def test_owns_what_it_is_bound_to(reactor: MemoryReactor) -> None:
    """Via and Route are ours when host and port are, however they are spelt."""
    listener = UDPListener(reactor, "::1", 5060)
    assert listener.owns("[::1]", 5060)
    assert listener.owns("0:0::1", 5060)
    assert not listener.owns("::1", 5061)
    assert not listener.owns("::2", 5060)
    assert not listener.owns("127.0.0.1", 5060)


def test_advertises_another_name(reactor: MemoryReactor) -> None:
    """[[listen]] advertise is what others are told, and what they call us by."""
    listener = UDPListener(reactor, "127.0.0.1", 5062, "SIP.Example.com")
    assert listener.sent_by == "sip.example.com:5062"
    assert listener.flow_to(Address("127.0.0.1", 9)).sent_by == "sip.example.com:5062"
    assert listener.owns("sip.example.COM.", 5062)
    assert listener.owns("127.0.0.1", 5062)
    assert not listener.owns("sip.example.com", 5060)


def test_wildcard_owns_every_address_of_the_machine(reactor: MemoryReactor) -> None:
    """Bound to all: each of them reaches it, and no other."""
    listener = UDPListener(reactor, "0.0.0.0", 5060)
    assert listener.owns("127.0.0.1", 5060)
    assert not listener.owns("203.0.113.77", 5060)
    assert not listener.owns("::1", 5060)
    assert not listener.owns("example.com", 5060)


def test_wildcard_names_the_address_it_sends_from(reactor: MemoryReactor) -> None:
    """A peer told 0.0.0.0 in a Record-Route could send nowhere."""
    listener = UDPListener(reactor, "0.0.0.0", 5060)
    assert listener.flow_to(Address("127.0.0.1", 9)).sent_by == "127.0.0.1:5060"
    assert listener.flow_to(Address("255.255.255.255", 9)).sent_by == "0.0.0.0:5060"


def test_reaches_what_the_kernel_would_send_from_its_address(reactor: MemoryReactor) -> None:
    """Several interfaces: loopback is no way to the world."""
    loopback, everywhere = (UDPListener(reactor, h, 5060) for h in ("127.0.0.1", "0.0.0.0"))
    assert loopback.reaches(Address("127.0.0.1", 9))
    assert not loopback.reaches(Address("203.0.113.77", 9))
    assert not loopback.reaches(Address("::1", 9))
    assert everywhere.reaches(Address("203.0.113.77", 9))


def test_who_is_behind_leaves_the_rest_to_the_intake(bound: Bound) -> None:
    """A6: a turn's worth is served at once; more than that stands in line, in order."""
    gate = Gate()
    intake = bound.listener.intake = Intake(gate.clock, gate)
    intake.open(bound.listener)
    sent = [b"%d" % number + OPTIONS for number in range(150)]
    bound.send(*[b"O" + each for each in sent])
    turn(bound.reactor)
    assert len(bound.received) == 64
    assert intake.behind
    turn(bound.reactor)
    assert len(bound.received) == 64
    while intake.behind:
        gate.clock.advance(0)
    assert [octets[1:] for octets, _ in bound.received] == sent
    assert {flow.remote.port for _, flow in bound.received} == {bound.peer.getsockname()[1]}
    bound.listener.stop()
    assert intake._doors == []


def test_quiet_server_has_no_line(bound: Bound) -> None:
    """A6: who is not behind pays nothing for it."""
    gate = Gate()
    bound.listener.intake = Intake(gate.clock, gate)
    bound.listener.intake.open(bound.listener)
    bound.send(*[OPTIONS] * 10)
    turn(bound.reactor)
    assert len(bound.received) == 10
    assert gate.clock.getDelayedCalls() == []
