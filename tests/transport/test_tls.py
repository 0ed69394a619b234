"""Tests for :mod:`sippn.transport.tls`, over real loopback sockets."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from os import urandom
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field
from cryptography.hazmat.primitives.serialization import Encoding
from twisted.internet.defer import Deferred
from twisted.internet.ssl import Certificate, trustRootFromCertificates
from twisted.internet.task import Clock

from sippn.errors import TransportError
from sippn.transport import Address, Flow, StreamConnection, Streams, TLSListener
from sippn.transport.turns import MESSAGES_A_TURN
from tests.transport.conftest import Issued, Until, Wait, issued, needs
from tests.transport.wires import PATIENCE, patience

MESSAGE = b"OPTIONS sip:h SIP/2.0\r\nContent-Length: 2\r\n\r\nhi"


@define(eq=False)
class Server:
    """A listener on loopback that has started, and what it received."""

    listener: TLSListener
    received: list[tuple[bytes, Flow]] = field(factory=list)
    answers: bool = False
    most: int = 1_000_000

    def take(self, octets: bytes, flow: Flow) -> None:
        """One more message; the connection of the last is closed."""
        self.received.append((octets, flow))
        if len(self.received) == self.most:
            assert isinstance(flow, StreamConnection)
            flow.close()
        if self.answers:
            flow.send(MESSAGE)

    @property
    def at(self) -> Address:
        """Where it listens."""
        return self.listener.local


Serve = Callable[..., Server]


@pytest.fixture
def streams(clock: Clock) -> Streams:
    return Streams(clock, urandom)


@pytest.fixture
def serve(
    reactor: Any, streams: Streams, good: Issued, tmp_path: Path, wait: Wait, clock: Clock
) -> Iterator[Serve]:
    """Servers that trust in the root of *good*."""
    servers: list[Server] = []
    root = Certificate.loadPEM(good.root.public_bytes(Encoding.PEM))
    trust = trustRootFromCertificates([root])

    def start(shown: Issued = good, host: str = "127.0.0.1") -> Server:
        needs(host)
        folder = tmp_path / str(len(servers))
        folder.mkdir()
        files = shown.write(folder)
        server = Server(TLSListener(reactor, host, 0, streams, trust=trust, **files))
        servers.append(server)
        server.listener.start(server.take)
        return server

    yield start
    for server in servers:
        ended = server.listener.stop()
        clock.advance(1)
        if ended is not None:
            wait(ended)
    clock.advance(1)
    assert len(streams) == 0


def dialled(here: Server, there: Server, name: str = "") -> Deferred[StreamConnection]:
    """A connection that has to be made first."""
    waiting = here.listener.flow_to(there.at, name)
    assert isinstance(waiting, Deferred)
    return waiting


async def refused(waiting: Deferred[StreamConnection]) -> str:
    """Why nothing comes of it."""
    with pytest.raises(TransportError) as caught:
        await waiting
    return str(caught.value)


@pytest.mark.parametrize(
    ("host", "name"),
    [("127.0.0.1", ""), ("127.0.0.1", "SIP.example."), ("::1", "[::1]"), ("::1", "")],
)
async def test_peer_that_proves_its_name_is_sent_to(
    serve: Serve, until: Until, host: str, name: str
) -> None:
    """RFC 5922 section 7: by the URI's host, a name or an address; the chain comes along."""
    here, there = serve(host=host), serve(host=host)
    flow = await dialled(here, there, name)
    assert (flow.transport, flow.secure, flow.token[:4]) == ("TLS", True, "tls:")
    flow.send(MESSAGE)
    await until(lambda: there.received)
    octets, back = there.received[0]
    assert (octets, back.source.secure, back.transport) == (MESSAGE, True, "TLS")
    back.send(MESSAGE)
    await until(lambda: here.received)
    assert here.received == [(MESSAGE, flow)]


@pytest.mark.parametrize("name", ["other.example", "127.0.0.2", "under_score", "x" * 64])
async def test_peer_of_another_name_is_not_sent_to(serve: Serve, name: str) -> None:
    """RFC 5922 section 7.3: whoever answers at that address is not whom we want."""
    why = await refused(dialled(serve(), serve(), name))
    assert "no connection to 127.0.0.1:" in why


async def test_name_that_cannot_be_read_proves_nothing(serve: Serve, good: Issued) -> None:
    """Twisted's own check logs such a certificate, and lets it pass for any name."""
    there = serve(good.also("other.example", "dns:127.0.0.1"))
    why = await refused(dialled(serve(), there, "sip.example"))
    assert why.endswith("its certificate is not one of sip.example")


async def test_peer_is_told_whom_we_want(serve: Serve, until: Until) -> None:
    """RFC 6066 section 3: a server with several certificates has to choose; never an address."""
    here, there = serve(), serve()
    for name, said in (("sip.example", b"sip.example"), ("", None)):
        flow = await dialled(here, there, name)
        flow.send(MESSAGE)
        await until(lambda: there.received)
        _, back = there.received.pop()
        assert isinstance(back, StreamConnection)
        assert back._wire is not None
        assert back._wire.getHandle().get_servername() == said


async def test_peer_that_nobody_vouches_for_is_not_sent_to(serve: Serve) -> None:
    """A certificate of a root that is not trusted, though the name is right."""
    there = serve(issued("127.0.0.1"))
    assert "verify failed" in await refused(dialled(serve(), there))


async def test_names_do_not_share_a_connection(serve: Serve) -> None:
    """What was proved for one name is not proved for another at the same address."""
    here, there = serve(), serve()
    by_name = await dialled(here, there, "sip.example")
    by_address = await dialled(here, there)
    assert by_name is not by_address
    assert here.listener.flow_to(there.at, "sip.EXAMPLE") is by_name
    assert here.listener.flow_to(there.at, "127.0.0.1") is by_address


async def test_connection_that_came_proves_nothing(serve: Serve, until: Until) -> None:
    """It leads back to who sent over it, by its token, and is no way to a host."""
    here, there = serve(), serve()
    flow = await dialled(here, there)
    flow.send(MESSAGE)
    await until(lambda: there.received)
    back = there.received[0][1]
    assert there.listener.streams.flow(back.token) is back
    waiting = there.listener.flow_to(flow.local)
    assert isinstance(waiting, Deferred)
    await refused(waiting)


async def test_unfinished_handshake_is_cut_off(
    serve: Serve, until: Until, streams: Streams, clock: Clock
) -> None:
    """E7: at 10 s; it counts as a connection until then."""
    server = serve()
    with socket.create_connection((server.at.host, server.at.port), 5) as peer:
        peer.setblocking(False)
        peer.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        await until(lambda: len(streams) == 1)
        clock.pump([1] * 9)
        assert len(streams) == 1
        clock.advance(1)
        await until(lambda: len(streams) == 0)


async def test_silent_handshake_costs_five_seconds(
    serve: Serve, until: Until, clock: Clock, streams: Streams
) -> None:
    """The time to connect is that of both, TCP and TLS."""
    here = serve()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        waiting = here.listener.flow_to(Address.from_sockaddr(silent.getsockname()))
        assert isinstance(waiting, Deferred)
        await until(lambda: len(streams) == 1)
        clock.pump([1] * 5)
        assert "too long" in await refused(waiting)
        await until(lambda: len(streams) == 0)


async def test_clear_text_is_not_taken(serve: Serve, until: Until, streams: Streams) -> None:
    """A phone set to TCP, and nothing in the log that looks like a fault of ours."""
    server = serve()
    with socket.create_connection((server.at.host, server.at.port), 5) as peer:
        peer.setblocking(False)
        await until(lambda: len(streams) == 1)
        peer.sendall(MESSAGE)
        await until(lambda: len(streams) == 0)
    assert server.received == []


async def test_broken_message_is_answered_before_the_end(
    serve: Serve, until: Until, clock: Clock, streams: Streams
) -> None:
    """A5, over TLS: the answer leaves, then the connection."""
    here, there = serve(), serve()
    there.answers = True
    flow = await dialled(here, there)
    flow.send(b"OPTIONS sip:h SIP/2.0\r\n\r\n")
    await until(lambda: here.received)
    clock.advance(1)
    await until(lambda: len(streams) == 0)


async def test_what_tls_has_read_already_waits_in_order(serve: Serve, until: Until) -> None:
    """B2: its records come after the pause as well; what is not read yet comes later."""
    here, there = serve(), serve()
    flow = await dialled(here, there)
    sent = [MESSAGE.replace(b"sip:h", b"sip:%d" % number) for number in range(3000)]
    flow.send(b"".join(sent))
    await until(lambda: len(there.received) == len(sent))
    assert [octets for octets, _ in there.received] == sent


async def test_connection_closes_in_the_midst_of_a_backlog(
    serve: Serve, until: Until, streams: Streams
) -> None:
    """B2: paused, it would never read that its peer closes too, and wait for five seconds."""
    here, there = serve(), serve()
    there.most = MESSAGES_A_TURN + 1
    flow = await dialled(here, there)
    flow.send(MESSAGE * 300)
    await until(lambda: len(streams) == 0)
    assert len(there.received) == there.most


async def test_dead_peers_are_found_in_minutes(
    serve: Serve, streams: Streams, until: Until
) -> None:
    """What is below TLS is TCP."""
    here, there = serve(), serve()
    await dialled(here, there)
    connections = streams._all.values()
    await until(lambda: [one.is_usable for one in connections] == [True, True])
    for connection in connections:
        below = connection._wire.transport  # type: ignore[union-attr]
        assert patience(below.getHandle()) == PATIENCE


async def test_stop_lets_out_what_is_written(serve: Serve, until: Until) -> None:
    """D6: over TLS as well."""
    here, there = serve(), serve()
    flow = await dialled(here, there)
    flow.send(MESSAGE)
    await until(lambda: there.received)
    there.received[0][1].send(MESSAGE)
    ended = there.listener.stop()
    assert ended is not None
    await ended
    await until(lambda: here.received)
