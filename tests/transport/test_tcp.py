"""Tests for :mod:`sippn.transport.tcp` and what is below it, over real loopback sockets."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from os import urandom
from typing import Any

import pytest
from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.task import Clock, deferLater
from twisted.logger import LogEvent
from twisted.trial.unittest import SynchronousTestCase

from sippn.errors import TransportError
from sippn.sip import URI
from sippn.transport import Address, Flow, FlowTable, StreamConnection, Streams, TCPListener
from sippn.transport.settings import StreamLimits
from tests.transport.conftest import Until, Wait, needs
from tests.transport.wires import PATIENCE, User, patience

MESSAGE = b"OPTIONS sip:h SIP/2.0\r\nContent-Length: 2\r\n\r\nhi"
LARGE = b"OPTIONS sip:h SIP/2.0\r\nContent-Length: 120000\r\n\r\n" + b"x" * 120_000

case = SynchronousTestCase()


@define(eq=False)
class Server:
    """A listener on loopback that has started, and what it received."""

    listener: TCPListener
    received: list[tuple[bytes, Flow]] = field(factory=list)

    def take(self, octets: bytes, flow: Flow) -> None:
        """One more message."""
        self.received.append((octets, flow))

    @property
    def at(self) -> Address:
        """Where it listens."""
        return self.listener.local


Serve = Callable[..., Server]
Connect = Callable[[Server], socket.socket]


@pytest.fixture
def streams(clock: Clock) -> Streams:
    return Streams(clock, urandom, StreamLimits(connections=4))


@pytest.fixture
def serve(reactor: Any, streams: Streams, wait: Wait, clock: Clock) -> Iterator[Serve]:
    servers: list[Server] = []

    def start(host: str = "127.0.0.1", port: int = 0, **more: Any) -> Server:
        needs(host)
        server = Server(TCPListener(reactor, host, port, streams, **more))
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


@pytest.fixture
def connect() -> Iterator[Connect]:
    with ExitStack() as open_ones:

        def start(server: Server) -> socket.socket:
            peer = socket.create_connection((server.at.host, server.at.port), 5)
            peer.setblocking(False)
            return open_ones.enter_context(peer)

        yield start


async def heard(peer: socket.socket, until: Until) -> bytes:
    """What the peer reads next."""
    came: list[bytes] = []

    def read() -> list[bytes]:
        with suppress(BlockingIOError):
            came.append(peer.recv(1 << 20))
        return came

    await until(read)
    return came[0]


def dialled(listener: TCPListener, to: Address) -> Deferred[StreamConnection]:
    """A connection that has to be made first."""
    waiting = listener.flow_to(to)
    assert isinstance(waiting, Deferred)
    return waiting


def failed(waiting: Deferred[StreamConnection]) -> list[str]:
    """Why nothing comes of it, once that is known."""
    why: list[str] = []
    waiting.addErrback(lambda failure: why.append(str(failure.check(TransportError) and failure)))
    return why


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_answers_on_the_connection_a_request_came_on(
    serve: Serve, connect: Connect, until: Until, host: str
) -> None:
    """RFC 3261 section 18.2.2."""
    server = serve(host)
    peer = connect(server)
    peer.sendall(MESSAGE)
    await until(lambda: server.received)
    ((octets, flow),) = server.received
    assert octets == MESSAGE
    assert flow.remote == Address.from_sockaddr(peer.getsockname())
    assert flow.local == server.at
    assert flow.sent_by == server.listener.sent_by == str(server.at)
    flow.send(b"answer")
    assert await heard(peer, until) == b"answer"


async def test_large_messages_come_and_go_whole(
    serve: Serve, connect: Connect, until: Until, reactor: Any
) -> None:
    """RFC 3261 section 18.1.1: what does not fit into a datagram goes over TCP."""
    server = serve()
    peer = connect(server)
    rest = LARGE * 2
    while rest:
        rest = rest[peer.send(rest[:50_000]) :]
        await deferLater(reactor, 0)
    await until(lambda: len(server.received) == 2)
    assert {octets for octets, _ in server.received} == {LARGE}
    server.received[0][1].send(LARGE)
    came = b""
    while len(came) < len(LARGE):
        came += await heard(peer, until)
    assert came == LARGE


def test_busy_port_is_a_clear_error(serve: Serve, reactor: Any, streams: Streams) -> None:
    """A second server on one address says so; so does one on an address of nobody."""
    port = serve().at.port
    for host, taken in (("127.0.0.1", port), ("203.0.113.77", 0), ("127.0.0.1", 70000)):
        listener = TCPListener(reactor, host, taken, streams)
        with pytest.raises(CannotListenError):
            listener.start(Server(listener).take)
        assert listener.stop() is None


async def test_ipv6_wildcard_leaves_ipv4_alone(
    serve: Serve, connect: Connect, until: Until
) -> None:
    """A listener for each family on one port, as with UDP."""
    needs("::1")
    four = serve("0.0.0.0")
    six = serve("::", four.at.port)
    assert six.at == Address("::", four.at.port)
    peer = socket.create_connection(("::1", six.at.port), 5)
    with peer:
        peer.sendall(MESSAGE)
        await until(lambda: six.received)
        flow = six.received[0][1]
        assert flow.sent_by == f"[::1]:{six.at.port}"
        assert six.listener.owns("[::1]", six.at.port)
    assert four.received == []
    assert (await dialled(six.listener, Address("::1", six.at.port))).is_usable


def test_second_on_ipv6_wildcard_is_a_clear_error(serve: Serve) -> None:
    """The socket is ours there, and so is the error."""
    needs("::1")
    port = serve("::").at.port
    with pytest.raises(CannotListenError):
        serve("::", port)


async def test_connects_from_its_own_address(serve: Serve, until: Until) -> None:
    """A server with several addresses is known by the one that it listens on."""
    here, there = serve("127.0.0.2"), serve()
    flow = await dialled(here.listener, there.at)
    assert (flow.local.host, flow.remote) == ("127.0.0.2", there.at)
    assert flow.sent_by == str(here.at)
    flow.send(MESSAGE)
    await until(lambda: there.received)
    there.received[0][1].send(MESSAGE)
    await until(lambda: here.received)
    assert here.received == [(MESSAGE, flow)]


async def test_one_connection_to_a_peer_is_enough(
    serve: Serve, streams: Streams, until: Until
) -> None:
    """RFC 3261 section 18: those who ask meanwhile wait for the same one."""
    here, there = serve(), serve()
    first, second = dialled(here.listener, there.at), dialled(here.listener, there.at)
    flow = await first
    assert await second is flow
    assert here.listener.flow_to(there.at) is flow
    await until(lambda: len(streams) == 2)
    assert isinstance(flow, StreamConnection)
    flow.close()
    again = dialled(here.listener, there.at)
    assert await again is not flow


async def test_connection_that_came_leads_back(
    serve: Serve, connect: Connect, until: Until
) -> None:
    """RFC 3261 section 18.2.2: to the very address it came from, as long as it is there."""
    server = serve()
    peer = connect(server)
    remote = Address.from_sockaddr(peer.getsockname())
    peer.sendall(MESSAGE)
    await until(lambda: server.received)
    assert server.listener.flow_to(remote) is server.received[0][1]
    peer.close()
    await until(lambda: len(server.listener.streams) == 0)
    why = failed(dialled(server.listener, remote))
    await until(lambda: why)


async def test_nobody_there_is_told(serve: Serve, until: Until, clock: Clock) -> None:
    """RFC 3261 section 18.4, and no timer is left behind."""
    server = serve()
    why = failed(dialled(server.listener, Address("127.0.0.1", 1)))
    await until(lambda: why)
    assert "no connection to 127.0.0.1:1: " in why[0]
    assert clock.getDelayedCalls() == []


@pytest.mark.parametrize(
    "remote", [Address("::1", 5060), Address("127.0.0.1", 0), Address("localhost", 5060)]
)
def test_no_way_there_is_told_at_once(serve: Serve, remote: Address) -> None:
    """A name would block the reactor while it is looked up."""
    with pytest.raises(TransportError):
        serve().listener.flow_to(remote)


def test_silent_peer_costs_five_seconds(serve: Serve, clock: Clock) -> None:
    """A backlog of one is full: whoever knocks then hears nothing."""
    server = serve()
    with ExitStack() as taken:
        silent = taken.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        at = Address.from_sockaddr(silent.getsockname())
        taken.enter_context(socket.create_connection((at.host, at.port), 5))
        waiting = dialled(server.listener, at)
        clock.advance(4.9)
        case.assertNoResult(waiting)
        clock.advance(0.1)
        case.failureResultOf(waiting, TransportError)


async def test_one_who_gives_up_leaves_the_others(serve: Serve) -> None:
    """A caller that hangs up withdraws its own question only."""
    here, there = serve(), serve()
    mine, theirs = dialled(here.listener, there.at), dialled(here.listener, there.at)
    why: list[object] = []
    mine.addErrback(why.append)
    mine.cancel()
    assert (await theirs).is_usable
    assert len(why) == 1


async def test_one_too_many_is_dropped_at_once(
    serve: Serve, connect: Connect, until: Until, streams: Streams
) -> None:
    """A4: it costs a socket for as long as it takes to close it; those that are in stay."""
    server = serve()
    peers = [connect(server) for _ in range(4)]
    await until(lambda: len(streams) == 4)
    assert await heard(connect(server), until) == b""
    why = failed(dialled(server.listener, Address("127.0.0.1", 1)))
    assert "too many connections" in why[0]
    peers[0].sendall(MESSAGE)
    await until(lambda: server.received)
    peers[1].close()
    await until(lambda: len(streams) == 3)
    connect(server).sendall(MESSAGE)
    await until(lambda: len(server.received) == 2)


async def test_connections_to_be_take_room(serve: Serve, connect: Connect, until: Until) -> None:
    """B1: each has its descriptor before it is one; it is free again once it failed."""
    server = serve()
    with ExitStack() as taken:
        silent = taken.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        at = Address.from_sockaddr(silent.getsockname())
        taken.enter_context(socket.create_connection((at.host, at.port), 5))
        waiting = dialled(server.listener, at)
        (dial,) = server.listener.streams.dials
        for _ in range(3):
            connect(server)
        await until(lambda: len(server.listener.streams) == 3)
        assert await heard(connect(server), until) == b""
        assert "too many" in failed(dialled(server.listener, Address("127.0.0.1", 1)))[0]
        server.listener._ways.failed(dial, "enough")
        case.failureResultOf(waiting, TransportError)
    assert server.listener.streams.has_room()
    here = dialled(server.listener, server.at)
    failed(here)
    assert not server.listener.streams.has_room()
    await until(lambda: not server.listener.streams.dials)


def test_connect_that_cannot_begin_takes_no_room(
    serve: Serve, streams: Streams, monkeypatch: pytest.MonkeyPatch, reactor: Any
) -> None:
    """B1: or some of those would be the end of all."""
    server = serve()
    monkeypatch.setattr(reactor, "connectTCP", None)
    assert failed(dialled(server.listener, Address("127.0.0.1", 1)))
    assert not streams.dials


async def test_dead_peers_are_found_in_minutes(
    serve: Serve, streams: Streams, until: Until
) -> None:
    """TCP's own two hours are longer than most bindings; both ways, and whoever connected."""
    here, there = serve(), serve()
    await dialled(here.listener, there.at)
    connections = streams._all.values()
    await until(lambda: len(connections) == 2)
    for connection in connections:
        assert patience(connection._wire.getHandle()) == PATIENCE  # type: ignore[union-attr]


async def test_kernel_holds_little_of_what_is_not_read(
    serve: Serve, connect: Connect, streams: Streams, until: Until
) -> None:
    """A4: whoever sends and is not read takes memory of the kernel, megabytes by its own choice."""
    connect(serve())
    await until(lambda: len(streams) == 1)
    with socket.socket() as asked:
        asked.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 256 << 10)
        granted = asked.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    for connection in streams._all.values():
        held = connection._wire.getHandle()  # type: ignore[union-attr]
        assert held.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) == granted


async def test_receiver_that_breaks_costs_no_connection(
    serve: Serve, connect: Connect, until: Until, nothing_fails_unseen: list[LogEvent]
) -> None:
    """A bug above is logged, and the next message read."""
    server = serve()
    server.received = None  # type: ignore[assignment]
    peer = connect(server)
    peer.sendall(MESSAGE)
    await until(lambda: nothing_fails_unseen)
    nothing_fails_unseen.clear()
    server.received = []
    peer.sendall(MESSAGE)
    await until(lambda: server.received)


async def test_peer_that_does_not_read_is_cut_off(
    serve: Serve, connect: Connect, until: Until, streams: Streams, reactor: Any
) -> None:
    """A5: what the kernel takes, and 256 KiB of ours."""
    server = serve()
    peer = connect(server)
    peer.sendall(MESSAGE)
    await until(lambda: server.received)
    flow = server.received[0][1]

    def refused() -> bool:
        try:
            flow.send(b"x" * 60_000)
        except TransportError:
            return True
        return False

    for _ in range(1000):
        if refused():
            break
        await deferLater(reactor, 0)
    assert refused()
    await until(lambda: len(streams) == 0)


async def test_stop_lets_out_what_is_written(
    serve: Serve, connect: Connect, until: Until, streams: Streams
) -> None:
    """D6: the last answers arrive; nobody gets in any more."""
    server = serve()
    peer = connect(server)
    peer.sendall(MESSAGE)
    await until(lambda: server.received)
    flow = server.received[0][1]
    flow.send(b"last")
    user = User()
    flow.join(user)
    ended = server.listener.stop()
    with pytest.raises(TransportError):
        flow.send(b"later")
    with pytest.raises(TransportError):
        server.listener.flow_to(server.at)
    assert ended is not None
    await ended
    assert await heard(peer, until) == b"last"
    assert await heard(peer, until) == b""
    assert (len(streams), user.told) == (0, [])
    with pytest.raises(ConnectionRefusedError):
        connect(server)
    assert server.listener.stop() is None


async def test_stop_waits_a_second_for_those_who_do_not_read(
    serve: Serve, connect: Connect, until: Until, clock: Clock, reactor: Any
) -> None:
    """D6: one phone that sleeps must not hold a server up."""
    server = serve()
    peer = connect(server)
    peer.sendall(MESSAGE)
    await until(lambda: server.received)
    flow = server.received[0][1]
    assert isinstance(flow, StreamConnection)
    for _ in range(1000):
        flow.send(b"x" * 60_000)
        await deferLater(reactor, 0)
        if flow._unsent is not None:
            break
    ended = server.listener.stop()
    assert ended is not None
    await deferLater(reactor, 0.01)
    case.assertNoResult(ended)
    clock.advance(1)
    await ended


async def test_stop_ends_what_has_not_connected_yet(serve: Serve) -> None:
    """Whoever waits for a connection is told that there will be none."""
    server = serve()
    with ExitStack() as taken:
        silent = taken.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        at = Address.from_sockaddr(silent.getsockname())
        taken.enter_context(socket.create_connection((at.host, at.port), 5))
        waiting = dialled(server.listener, at)
        ended = server.listener.stop()
        case.failureResultOf(waiting, TransportError)
        assert ended is not None
        await ended


async def test_table_knows_connections(
    serve: Serve, connect: Connect, until: Until, clock: Clock
) -> None:
    """S-04: by name while they are there; kept while a binding is."""
    server = serve()
    table = FlowTable([server.listener])
    peer = connect(server)
    peer.sendall(MESSAGE)
    await until(lambda: server.received)
    flow = server.received[0][1]
    assert table.flow(flow.token) is flow
    assert table.flow(flow.token[:-1]) is None
    assert table.toward(flow.remote, "TCP") is flow
    assert table.toward(flow.remote, "UDP") is None
    table.keep(flow.token, clock.seconds() + 100)
    table.keep("tcp:nothing", clock.seconds() + 100)
    clock.advance(99)
    assert table.flow(flow.token) is flow
    clock.advance(1)
    assert table.flow(flow.token) is None


async def test_peer_with_nothing_before_it_is_connected_to_anew(serve: Serve, until: Until) -> None:
    """A Contact of the host that it came from: a peer that listens, and lost its connection."""
    here, there = serve(), serve("127.0.0.2")
    flow = await dialled(there.listener, here.at)
    flow.send(MESSAGE)
    await until(lambda: here.received)
    token = here.received[0][1].token
    flow.close()
    table = FlowTable([here.listener])
    await until(lambda: table.flow(token) is None)
    waiting = table.reopen(token, URI.parse(f"sip:alice@127.0.0.2:{there.at.port};transport=tcp"))
    assert isinstance(waiting, Deferred)
    assert (await waiting).remote == there.at


@pytest.mark.parametrize(
    ("token", "uri"),
    [
        ("tcp:127.0.0.1:5060:192.0.2.1:4711/0a", "sip:alice@192.0.2.2"),
        ("tcp:127.0.0.1:5060:192.0.2.1:4711/0a", "sip:alice@localhost"),
        ("tcp:127.0.0.1:5060:192.0.2.1:4711/0a", "sip:alice@192.0.2.1:0"),
        ("tls:127.0.0.1:5060:192.0.2.1:4711/0a", "sip:alice@192.0.2.1"),
        ("tcp:127.0.0.1:5060:192.0.2.1:4711", "sip:alice@192.0.2.1"),
        ("udp:127.0.0.1:5060:192.0.2.1:4711", "sip:alice@192.0.2.1"),
        ("tcp:[::1]:5060:[2001:db8::1]:4711/0a", "sip:alice@[2001:DB8::1]"),
        ("", "sip:alice@192.0.2.1"),
    ],
)
def test_nobody_else_is_connected_to(serve: Serve, token: str, uri: str) -> None:
    """A13: a Contact must not choose which hosts we knock at."""
    with pytest.raises(TransportError):
        FlowTable([serve().listener]).reopen(token, URI.parse(uri))
