"""Tests for :mod:`sippn.testing.endpoints_stream`: SIP over TCP as a phone has it."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock
from twisted.logger import LogEvent

from sippn.testing.endpoints import Endpoint
from sippn.testing.endpoints_stream import StreamEndpoint
from sippn.testing.network import MemoryNetwork
from sippn.transport import Address

HELLO = b"A\r\nl: 5\r\n\r\nhello"
EMPTY = b"B\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def network() -> MemoryNetwork:
    return MemoryNetwork(Clock())


@pytest.fixture
def server(network: MemoryNetwork) -> StreamEndpoint:
    return StreamEndpoint(network, "192.0.2.1", 5060, listens=True)


@pytest.fixture
def phone(network: MemoryNetwork) -> StreamEndpoint:
    return StreamEndpoint(network, "192.0.2.11")


def heard(end: StreamEndpoint) -> list[bytes]:
    """The messages that *end* got."""
    return [octets for octets, _ in end.inbox]


def test_connects_when_it_has_something_to_say(
    network: MemoryNetwork, server: StreamEndpoint, phone: StreamEndpoint
) -> None:
    """And is answered on that connection, from the address that it says it has."""
    assert not phone.connected
    phone.send(HELLO, server.address)
    phone.send(EMPTY, server.address)
    network.deliver()
    assert server.inbox == [(HELLO, phone.address), (EMPTY, phone.address)]
    server.send(EMPTY, phone.address)
    network.deliver()
    assert phone.inbox == [(EMPTY, server.address)]
    assert phone.connected
    assert len(network.reactor.ends) == 2
    end: Endpoint = phone  # checked by mypy, more than by running it
    assert end.transport == "TCP"


def test_messages_are_told_apart_in_whatever_pieces_they_come(
    network: MemoryNetwork, server: StreamEndpoint, phone: StreamEndpoint
) -> None:
    """RFC 3261 18.3: by Content-Length, in either form; line ends between them are nothing."""
    network.reactor.most_read = 1
    phone.send(b"\r\n" + HELLO + b"\r\n\r\n" + EMPTY + HELLO, server.address)
    network.deliver()
    assert heard(server) == [HELLO, EMPTY, HELLO]


def test_message_without_a_length_is_a_failure(
    network: MemoryNetwork,
    server: StreamEndpoint,
    phone: StreamEndpoint,
    nothing_fails_unseen: list[LogEvent],
) -> None:
    """RFC 3261 20.14: a server that leaves it out over TCP has a bug, and a test hears of it."""
    phone.send(b"A\r\n\r\n", server.address)
    network.deliver()
    assert len(nothing_fails_unseen) == 1
    nothing_fails_unseen.clear()


def test_keep_alive_is_no_message(
    network: MemoryNetwork, server: StreamEndpoint, phone: StreamEndpoint
) -> None:
    """RFC 5626 3.5.1: a double CRLF out, a CRLF back."""
    phone.ping(server.address)
    network.deliver()
    assert server.pongs == 2
    server.send(b"\r\n", phone.address)
    network.deliver()
    assert (phone.pongs, phone.inbox, server.inbox) == (1, [], [])


def test_nobody_can_connect_to_a_phone(
    network: MemoryNetwork, server: StreamEndpoint, phone: StreamEndpoint
) -> None:
    """It is behind a NAT: what it opened is the only way to it."""
    server.send(HELLO, phone.address)
    network.deliver()
    assert phone.inbox == []
    assert (server.refused, server.connected) == (1, False)


def test_who_listens_connects_from_elsewhere(
    network: MemoryNetwork, server: StreamEndpoint
) -> None:
    """A port that is listened at makes no connections; the address stays what it is."""
    peer = StreamEndpoint(network, "192.0.2.12", 5060, listens=True)
    peer.send(HELLO, server.address)
    network.deliver()
    ((_, source),) = server.inbox
    assert source.host == peer.address.host
    assert source.port != peer.address.port == 5060


def test_lost_connection_is_made_again_from_elsewhere(
    network: MemoryNetwork, server: StreamEndpoint, phone: StreamEndpoint
) -> None:
    """As soon as it is lost its address is another one."""
    was = phone.address
    phone.send(HELLO, server.address)
    network.deliver()
    assert phone.address == was
    network.cut(was)
    network.deliver()
    assert phone.address != was
    phone.send(EMPTY, server.address)
    network.deliver()
    assert server.inbox == [(HELLO, was), (EMPTY, phone.address)]


def test_refused_message_is_lost(network: MemoryNetwork, phone: StreamEndpoint) -> None:
    """Nobody listens: it is told by a counter, and the next one is tried again."""
    phone.send(HELLO, Address("192.0.2.1", 5060))
    network.deliver()
    assert phone.refused == 1
    server = StreamEndpoint(network, "192.0.2.1", 5060, listens=True)
    phone.send(EMPTY, server.address)
    network.deliver()
    assert heard(server) == [EMPTY]


def test_frozen_app_has_its_connection_and_hears_later(
    network: MemoryNetwork, server: StreamEndpoint, phone: StreamEndpoint
) -> None:
    """The far side sees nothing unusual."""
    phone.send(EMPTY, server.address)
    network.deliver()
    was = phone.address
    phone.suspend("frozen")
    server.send(HELLO, was)
    network.deliver()
    assert (phone.inbox, phone.address) == ([], was)
    phone.resume()
    network.deliver()
    assert heard(phone) == [HELLO]
    assert phone.address == was


def test_frozen_app_whose_connection_was_closed_makes_another(
    network: MemoryNetwork, server: StreamEndpoint, phone: StreamEndpoint
) -> None:
    """It hears what had come before, and says nothing more on it."""
    phone.send(EMPTY, server.address)
    network.deliver()
    was = phone.address
    phone.suspend("frozen")
    server.send(HELLO, was)
    server.suspend("killed")
    network.deliver()
    phone.resume()
    assert phone.address != was
    phone.send(HELLO, server.address)
    network.deliver()
    assert heard(phone) == [HELLO]
    assert server.inbox == [(EMPTY, was), (HELLO, phone.address)]


@pytest.mark.parametrize(("how", "told"), [("killed", True), ("gone", False)])
def test_dead_app_comes_back_on_another_connection(
    network: MemoryNetwork, server: StreamEndpoint, phone: StreamEndpoint, how: str, told: bool
) -> None:
    """Killed: the kernel says so; gone: nobody does, and what is sent there is lost."""
    phone.send(EMPTY, server.address)
    network.deliver()
    was = phone.address
    phone.suspend("killed" if how == "killed" else "gone")
    network.deliver()
    assert server.connected is not told
    assert (phone.address, phone.connected) == (was, False)
    server.send(HELLO, was)
    network.deliver()
    phone.resume()
    phone.send(HELLO, server.address)
    network.deliver()
    assert phone.inbox == []
    assert server.inbox == [(EMPTY, was), (HELLO, phone.address)]


def test_app_that_is_killed_while_it_connects_says_nothing(
    network: MemoryNetwork, server: StreamEndpoint, phone: StreamEndpoint
) -> None:
    """The connection comes about, and is closed."""
    phone.send(HELLO, server.address)
    phone.suspend("killed")
    network.deliver()
    assert (server.inbox, server.connected, phone.connected) == ([], False, False)


def test_closed_end_is_not_listened_at(
    network: MemoryNetwork, server: StreamEndpoint, phone: StreamEndpoint
) -> None:
    """Its connections are closed, and there are no new ones."""
    phone.send(HELLO, server.address)
    network.deliver()
    server.close()
    network.deliver()
    assert not phone.connected
    phone.send(EMPTY, server.address)
    network.deliver()
    assert phone.refused == 1
    assert heard(server) == [HELLO]
