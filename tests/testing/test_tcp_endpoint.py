"""Tests for :mod:`sippn.testing.endpoints_tcp`: SIP over TCP as a phone has it, on real sockets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectError
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import deferLater
from twisted.internet.tcp import Connection
from twisted.python.failure import Failure

from sippn.testing.endpoints import Endpoint
from sippn.testing.endpoints_tcp import TCPEndpoint
from sippn.transport import Address

HELLO = b"A\r\nl: 5\r\n\r\nhello"
EMPTY = b"B\r\nContent-Length: 0\r\n\r\n"


class Far(Protocol):
    """A server's end."""

    transport: Connection

    def __init__(self) -> None:
        self.received = b""
        self.made: Deferred[None] = Deferred()
        self.over: Deferred[None] = Deferred()

    def connectionMade(self) -> None:
        """For Twisted."""
        self.made.callback(None)

    def dataReceived(self, data: bytes) -> None:
        """For Twisted."""
        self.received += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: ARG002 - all alike
        """For Twisted."""
        self.over.callback(None)


@pytest.fixture
def reactor() -> Any:
    from twisted.internet import reactor  # noqa: PLC0415 - pytest-twisted chooses which

    return reactor


async def until(reactor: Any, look: Callable[[], object]) -> None:
    """Go on when *look* finds something; the test hangs if it never does."""
    while not look():
        await deferLater(reactor, 0.005)


async def connected(reactor: Any) -> tuple[TCPEndpoint, Far, Any]:
    """A phone's end, a server's, and the port it listens on."""
    far = Far()
    port = reactor.listenTCP(0, Factory.forProtocol(lambda: far), interface="127.0.0.1")
    address = Address("127.0.0.1", port.getHost().port)
    end = await TCPEndpoint(address).connect(reactor, "127.0.0.1")
    await far.made
    return end, far, port


async def test_speaks_over_one_connection(reactor: Any) -> None:
    """Whatever a request names, all goes there, and its address is where it connected from."""
    end, far, port = await connected(reactor)
    checked: Endpoint = end  # by mypy, more than by running it
    assert checked.transport == "TCP"
    peer = far.transport.getPeer()
    assert end.address == Address(peer.host, peer.port)
    end.send(HELLO, Address("192.0.2.1", 5060))
    await until(reactor, lambda: far.received == HELLO)
    end.close()
    await far.over
    await port.stopListening()


async def test_messages_are_told_apart(reactor: Any) -> None:
    """RFC 3261 18.3: by Content-Length; line ends before, between and behind them are nothing."""
    end, far, port = await connected(reactor)
    whole = b"\r\n\r\n" + HELLO + b"\r\n" + EMPTY + HELLO
    for octet in range(0, len(whole), 7):
        far.transport.write(whole[octet : octet + 7])
    await until(reactor, lambda: len(end.inbox) == 3)
    assert end.inbox == [(octets, end.server) for octets in (HELLO, EMPTY, HELLO)]
    end.close()
    await far.over
    await port.stopListening()


async def test_sleeps_as_it_is_told(reactor: Any) -> None:
    """Frozen it reads nothing, until it is awake; killed, its connection is closed."""
    end, far, port = await connected(reactor)
    end.suspend("frozen")
    far.transport.write(EMPTY)
    await deferLater(reactor, 0.05)
    assert end.inbox == []
    end.resume()
    await until(reactor, lambda: end.inbox)
    end.suspend("killed")
    await far.over
    await until(reactor, lambda: not end.connected)
    end.send(HELLO, end.server)
    end.resume()
    assert far.received == b""
    await port.stopListening()


async def test_nobody_listens(reactor: Any) -> None:
    """Who wanted to connect is told."""
    port = reactor.listenTCP(0, Factory(), interface="127.0.0.1")
    address = Address("127.0.0.1", port.getHost().port)
    await port.stopListening()
    with pytest.raises(ConnectError):
        await TCPEndpoint(address).connect(reactor, "127.0.0.1")
