"""An origin on a clock, and the server's side of each connection to it: no socket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from attrs import define, field
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, RequestReceived, StreamEnded, StreamReset
from h2.settings import SettingCodes
from hyperframe.frame import GoAwayFrame, RstStreamFrame
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from sippn.http import Answer, Ask, Overheard
from sippn.http.origin import Origin, Way

PATH = b"/3/device/0123456789abcdef"
LAST = (1 << 31) - 1


@define(eq=False)
class Transport:
    """What a connection of ours writes to."""

    negotiatedProtocol: bytes | None  # noqa: N815 - Twisted's
    written: bytearray = field(factory=bytearray)
    writes: int = 0
    aborted: bool = False
    closing: bool = False

    def write(self, octets: bytes) -> None:
        """Keep *octets*, if there is still anybody."""
        self.writes += 1
        self.written += octets

    def abortConnection(self) -> None:
        """As TCP has it: the end comes in another turn."""
        self.aborted = True

    def loseConnection(self) -> None:
        """In good order."""
        self.closing = True

    def take(self) -> bytes:
        """What was written since last time; of what is aborted nothing arrives."""
        octets = b"" if self.aborted else bytes(self.written)
        self.written.clear()
        return octets


@define(eq=False)
class Request:
    """One that the server has got."""

    fields: dict[bytes, bytes]
    body: bytes = b""
    whole: bool = False
    reset: ErrorCodes | int | None = None


@define(eq=False)
class Wire:
    """
    One connection, seen from the server, which speaks HTTP/2.

    :ivar stubborn: the server does not agree when we close in good order.
    """

    protocol: Any
    transport: Transport
    peer: H2Connection
    requests: dict[int, Request] = field(factory=dict)
    events: list[Event] = field(factory=list)
    gone: bool = False
    stubborn: bool = False

    def step(self) -> None:
        """Let the server read what has come, and us what it says to that."""
        octets = self.transport.take()
        if octets and not self.gone:
            for event in self.peer.receive_data(octets):
                self._note(event)
            self.flush()
        self._see_the_end()

    def flush(self) -> None:
        """Bring us what the server has to say."""
        self.feed(self.peer.data_to_send())

    def feed(self, octets: bytes) -> None:
        """Bring us *octets*."""
        if octets and not self.gone and not self.transport.aborted:
            self.protocol.dataReceived(octets)
        self._see_the_end()

    def answer(self, *streams: int, status: int = 200, body: bytes = b"") -> None:
        """Answer these requests, all at once."""
        for stream in streams:
            self.head(stream, status, ended=not body)
            if body:
                self.peer.send_data(stream, body, end_stream=True)
        self.flush()

    def head(self, stream: int, status: int = 200, *, ended: bool = False) -> None:
        """The head of an answer; it waits for :meth:`flush`."""
        fields = [(b":status", b"%d" % status), (b"x-stream", b"%d" % stream)]
        self.peer.send_headers(stream, fields, end_stream=ended)

    def reset(self, stream: int, code: ErrorCodes) -> None:
        """RST_STREAM."""
        self.peer.reset_stream(stream, code)
        self.flush()

    def goaway(self, last: int, code: ErrorCodes = ErrorCodes.NO_ERROR, why: bytes = b"") -> None:
        """GOAWAY, which ``h2`` could say only once."""
        self.feed(GoAwayFrame(0, last, code, why).serialize())

    def settings(self, **values: int) -> None:
        """Other SETTINGS of the server's."""
        named: dict[SettingCodes | int, int] = {
            SettingCodes[name.upper()]: value for name, value in values.items()
        }
        self.peer.update_settings(named)
        self.flush()

    def lose(self, *, clean: bool = False) -> None:
        """The connection is gone."""
        if not self.gone:
            self.gone = True
            self.protocol.connectionLost(Failure(ConnectionDone() if clean else ConnectionLost()))

    @property
    def open(self) -> list[int]:
        """The streams of requests that are not answered, nor reset."""
        return [
            number
            for number, each in self.requests.items()
            if each.reset is None
            and number in self.peer.streams
            and not self.peer.streams[number].closed
        ]

    def _note(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, RequestReceived):
            fields = {bytes(name): bytes(value) for name, value in event.headers}
            self.requests[event.stream_id] = Request(fields)
        elif isinstance(event, DataReceived):
            self.requests[event.stream_id].body += event.data
        elif isinstance(event, StreamEnded):
            self.requests[event.stream_id].whole = True
        elif isinstance(event, StreamReset):
            self.requests[event.stream_id].reset = event.error_code

    def _see_the_end(self) -> None:
        if not self.gone and self.transport.aborted:
            self.gone = True
            self.protocol.connectionLost(Failure(ConnectionAborted()))
        elif self.transport.closing and not self.stubborn:
            self.lose(clean=True)


@define(eq=False)
class MemoryEndpoint:
    """Connects when it is told to."""

    waiting: list[tuple[Any, Deferred[Any]]] = field(factory=list)
    cancelled: int = 0

    def connect(self, factory: Any) -> Deferred[Any]:
        """Ask for one."""
        connected: Deferred[Any] = Deferred(self._cancel)
        self.waiting.append((factory, connected))
        return connected

    def _cancel(self, _: object) -> None:
        self.cancelled += 1
        self.waiting.clear()


@define(eq=False)
class Scene:
    """An origin, and what it has connected to."""

    clock: Any = field(factory=MemoryReactorClock)
    endpoint: MemoryEndpoint = field(factory=MemoryEndpoint)
    origin: Origin = field(init=False)
    wires: list[Wire] = field(factory=list)
    heard: list[Overheard] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        way = Way("push.example.com", 443)
        self.origin = Origin(way, self.clock, self.clock, overhear=self.heard.append)
        self.origin._ground.endpoint = self.endpoint

    def ask(
        self, body: bytes = b"{}", *, seconds: float = 5.0, fields: Any = (), path: bytes = PATH
    ) -> Deferred[Answer]:
        """Ask; it has not left yet."""
        return self.origin.ask(Ask(b"POST", path, fields, body), seconds)

    def turn(self) -> None:
        """One of the reactor's, and all that is said in it."""
        self.clock.advance(0)
        for wire in tuple(self.wires):
            wire.step()

    def connect(
        self, *, settings: bool = True, spoken: bytes | None = b"h2", **values: int
    ) -> Wire:
        """
        Let the oldest attempt to connect succeed.

        :param settings: the server says its own, *values* among them.
        """
        factory, connected = self.endpoint.waiting.pop(0)
        protocol = factory.buildProtocol(None)
        configuration = H2Configuration(client_side=False, header_encoding=None)
        wire = Wire(protocol, Transport(spoken), H2Connection(configuration))
        wire.peer.local_settings.update(
            {SettingCodes[name.upper()]: value for name, value in values.items()}
        )
        wire.peer.local_settings.acknowledge()
        self.wires.append(wire)
        protocol.makeConnection(wire.transport)
        connected.callback(protocol)
        protocol.handshakeCompleted()
        wire.peer.initiate_connection()
        if settings:
            self.turn()
            wire.flush()
            self.turn()
        return wire

    def connected(self, **values: int) -> tuple[Wire, Deferred[Answer]]:
        """A connection, and the request for which it was made, which is on it."""
        asked = self.ask()
        self.turn()
        return self.connect(settings=True, spoken=b"h2", **values), asked

    def left_over(self) -> list[object]:
        """What is in tables and should not be, once nobody asks for anything."""
        lanes = self.origin._lanes
        found: list[object] = [*lanes._waiting, *lanes._opening]
        for lane in lanes._all:
            session = getattr(lane, "_session", None)
            if session is not None:
                found += [*session._asked, *session._blocked, *session.over]
                found += [each for each in session._h2.streams.values() if each.open]
        return found


@contextmanager
def scene_to_its_end() -> Iterator[Scene]:
    """A scene of which nothing is left when its origin is closed."""
    scene = Scene()
    yield scene
    gone = scene.origin.close()
    for wire in scene.wires:
        wire.step()
    assert gone.called
    assert scene.left_over() == []
    assert scene.origin._lanes._all == {}
    assert scene.clock.getDelayedCalls() == []


def rst(stream: int, code: ErrorCodes) -> bytes:
    """RST_STREAM, whatever the state of the stream."""
    return RstStreamFrame(stream, error_code=code).serialize()
