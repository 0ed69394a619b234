"""Tests for :mod:`sippn.testing.network` and :mod:`sippn.testing.endpoints`."""

from __future__ import annotations

import select

import pytest
from twisted.internet.error import CannotListenError
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactor

from sippn.errors import TransportError
from sippn.testing.endpoints import Endpoint, UDPEndpoint
from sippn.testing.network import Datagram, MemoryNetwork
from sippn.transport import Address, Flow, Listener


@pytest.fixture
def network() -> MemoryNetwork:
    return MemoryNetwork()


def ignored(octets: bytes, flow: Flow) -> None:
    """Nobody asked."""


def test_fakes_are_what_they_stand_for(network: MemoryNetwork) -> None:
    """Checked by mypy, more than by running it."""
    listener: Listener = network.listener()
    ends: list[Endpoint] = [network.endpoint(), UDPEndpoint(MemoryReactor())]
    assert listener.transport == "UDP"
    for end in ends:
        assert end.address.port > 0
        end.close()


def test_datagram_arrives_when_delivered(network: MemoryNetwork) -> None:
    """Never inside send: no socket calls back."""
    alice, bob = network.endpoint("192.0.2.1"), network.endpoint("192.0.2.2")
    alice.send(b"hello", bob.address)
    assert bob.inbox == []
    assert network.deliver() == 1
    assert bob.inbox == [(b"hello", alice.address)]
    assert network.carried == [Datagram(b"hello", alice.address, bob.address)]


def test_clock_delivers_in_a_turn_of_its_own() -> None:
    """With a clock there is no need to deliver by hand."""
    clock = Clock()
    network = MemoryNetwork(clock)
    alice, bob = network.endpoint(), network.endpoint()
    heard: list[bytes] = []
    bob.receive = lambda octets, _: heard.append(octets)
    alice.send(b"one", bob.address)
    alice.send(b"two", bob.address)
    assert heard == []
    clock.advance(0)
    assert heard == [b"one", b"two"]
    assert clock.getDelayedCalls() == []


def test_delivery_by_hand_outruns_the_clock() -> None:
    """Nothing arrives twice."""
    clock = Clock()
    network = MemoryNetwork(clock)
    end = network.endpoint()
    end.send(b"to myself", end.address)
    network.deliver()
    clock.advance(0)
    assert len(end.inbox) == 1


def test_what_is_sent_meanwhile_is_delivered_too(network: MemoryNetwork) -> None:
    """An answer is on its way before deliver() returns."""
    alice, bob = network.endpoint(), network.endpoint()
    bob.receive = lambda octets, source: bob.send(octets + b"!", source)
    alice.send(b"hello", bob.address)
    assert network.deliver() == 2
    assert alice.inbox == [(b"hello!", bob.address)]


def test_endless_talk_is_a_failure(network: MemoryNetwork) -> None:
    """Two that answer each other would hang the test."""
    end = network.endpoint()
    end.receive = end.send
    end.send(b"hello", end.address)
    with pytest.raises(AssertionError, match="never stop"):
        network.deliver()


def test_loses_and_doubles_as_told(network: MemoryNetwork) -> None:
    """The hook decides for each datagram; it sees what it is."""
    alice, bob = network.endpoint(), network.endpoint()
    network.copies = lambda datagram: {b"lost": 0, b"twice": 2}.get(datagram.octets, 1)
    for octets in (b"lost", b"twice", b"once"):
        alice.send(octets, bob.address)
    network.deliver()
    assert [octets for octets, _ in bob.inbox] == [b"twice", b"twice", b"once"]
    assert len(network.carried) == 3


def test_nobody_there_is_silence(network: MemoryNetwork) -> None:
    """UDP says nothing about it; an end that has left hears nothing more."""
    alice, bob = network.endpoint(), network.endpoint()
    bob.close()
    alice.send(b"hello", bob.address)
    network.deliver()
    assert bob.inbox == []
    assert network.endpoint(bob.address.host, bob.address.port).address == bob.address


def test_address_is_bound_once(network: MemoryNetwork) -> None:
    """As for a real socket; a port 0 is any that is free."""
    first = network.listener(port=0)
    first.start(ignored)
    assert first.local.port > 0
    with pytest.raises(CannotListenError):
        network.endpoint(first.local.host, first.local.port)
    first.stop()
    first.stop()
    network.endpoint(first.local.host, first.local.port)


def test_listener_answers_on_the_flow(network: MemoryNetwork) -> None:
    """The flows are those of the transport, only the wire is not."""
    listener, phone = network.listener(), network.endpoint("192.0.2.1", 4711)
    flows: list[Flow] = []
    listener.start(lambda _, flow: flows.append(flow))
    phone.send(b"hello", listener.local)
    network.deliver()
    (flow,) = flows
    assert flow.token == "udp:192.0.2.10:5060:192.0.2.1:4711"
    assert flow.sent_by == listener.sent_by == "192.0.2.10:5060"
    flow.send(b"answer")
    network.deliver()
    assert phone.inbox == [(b"answer", listener.local)]


def test_datagram_under_way_to_a_stopped_listener_is_lost(network: MemoryNetwork) -> None:
    """And its flows say that they are gone."""
    listener, phone = network.listener(), network.endpoint()
    received: list[bytes] = []
    listener.start(lambda octets, _: received.append(octets))
    flow = listener.flow_to(phone.address)
    phone.send(b"hello", listener.local)
    listener.stop()
    network.deliver()
    assert received == []
    with pytest.raises(TransportError, match="closed"):
        flow.send(b"hello")


def test_listener_is_as_strict_as_a_socket(network: MemoryNetwork) -> None:
    """What fails in life fails here: size, family, names."""
    listener = network.listener()
    listener.start(ignored)
    with pytest.raises(TransportError, match="65508"):
        listener.flow_to(Address("192.0.2.1", 5060)).send(bytes(65_508))
    for remote in (Address("2001:db8::1", 5060), Address("example.com", 5060)):
        with pytest.raises(TransportError, match="no way"):
            listener.flow_to(remote)
    assert listener.reaches(Address("192.0.2.1", 5060))
    assert not listener.reaches(Address("2001:db8::1", 5060))


def test_listener_is_known_by_what_it_advertises(network: MemoryNetwork) -> None:
    """As the real one."""
    listener = network.listener(advertise="sip.example.com")
    assert listener.sent_by == "sip.example.com:5060"
    assert listener.owns("SIP.example.com", 5060)
    assert listener.owns("192.0.2.10", 5060)
    assert not listener.owns("192.0.2.10", 5061)
    assert not network.listener().owns("192.0.2.11", 5060)


def test_real_ends_talk_over_loopback() -> None:
    """For demos: the same shape over sockets."""
    reactor = MemoryReactor()
    alice, bob = UDPEndpoint(reactor), UDPEndpoint(reactor)
    alice.send(b"hello", bob.address)
    for reader in select.select(reactor.getReaders(), [], [], 5)[0]:
        reader.doRead()
    assert bob.inbox == [(b"hello", alice.address)]
    heard: list[bytes] = []
    alice.receive = lambda octets, _: heard.append(octets)
    bob.send(b"hello to you", alice.address)
    for reader in select.select(reactor.getReaders(), [], [], 5)[0]:
        reader.doRead()
    assert heard == [b"hello to you"]
    alice.close()
    bob.close()
    assert reactor.getReaders() == []
