"""
A client for the push server's tests, made of h2's state machine alone: nothing of sippn's own.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from attrs import define, field
from h2.config import H2Configuration
from h2.connection import ConnectionInputs, ConnectionState, H2Connection, H2ConnectionStateMachine
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    InformationalResponseReceived,
    RemoteSettingsChanged,
    ResponseReceived,
    StreamEnded,
    StreamReset,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol, wrapClientTLS
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.ssl import Certificate, optionsForClientTLS
from twisted.python.failure import Failure

from sippn.testing.push_server import PushServer
from sippn.testing.push_server.authority import Certified


@define(eq=False)
class Got:
    """
    What came on a stream.

    :ivar status: 0: no head of an answer.
    :ivar interims: heads with 1xx.
    :ivar code: with which it was reset.
    """

    status: int = 0
    fields: dict[str, str] = field(factory=dict)
    count: int = 0
    body: bytes = b""
    interims: int = 0
    ended: bool = False
    code: int | None = None

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


class _Open(H2ConnectionStateMachine):
    """Hears answers after a GOAWAY yet."""

    _transitions = {  # noqa: RUF012 - h2's own is one like it
        **H2ConnectionStateMachine._transitions,
        (ConnectionState.CLIENT_OPEN, ConnectionInputs.RECV_GOAWAY): (
            None,
            ConnectionState.CLIENT_OPEN,
        ),
    }


class Waiting(Protocol):
    """
    A connection whose user waits for what it may see.

    :ivar gone: the other end has hung up, or we have.
    """

    def __init__(self) -> None:
        self.gone = False
        self._wants: list[tuple[Callable[[], bool], Deferred[None]]] = []

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: ARG002 - any
        """Whoever waits for that need not any more."""
        self.gone = True
        self.look()

    def until(self, is_so: Callable[[], bool]) -> Deferred[None]:
        """Wait until *is_so*; two seconds are too long."""
        from twisted.internet import reactor  # noqa: PLC0415 - pytest-twisted chooses which

        there: Any = reactor
        waited: Deferred[None] = Deferred()
        self._wants.append((is_so, waited))
        self.look()
        return waited.addTimeout(2, there)

    def look(self) -> None:
        """Something has changed."""
        for want in tuple(self._wants):
            if want[0]():
                self._wants.remove(want)
                want[1].callback(None)


class Client(Waiting):
    """
    A connection over which requests are sent by hand.

    :ivar goaways: last stream, code and data of each GOAWAY.
    :ivar broken: what came was no HTTP/2.
    :ivar hungry: it opens windows as they are used up.
    """

    def __init__(self, authority: str) -> None:
        super().__init__()
        self.authority = authority
        self.goaways: list[tuple[int, int, bytes]] = []
        self.broken = False
        self.hungry = True
        self.received = 0
        self.limit: int | None = None
        self.streams: dict[int, Got] = {}
        self.two = H2Connection(H2Configuration(header_encoding="utf-8"))
        self.two.state_machine = _Open()

    @property
    def _way(self) -> Any:
        return self.transport

    def connectionMade(self) -> None:
        """Send the preface."""
        self.two.initiate_connection()
        self.send()

    def send(self) -> None:
        """Send what h2 has."""
        self._way.write(self.two.data_to_send())

    def dataReceived(self, data: bytes) -> None:
        """Take down what has come."""
        self.received += len(data)
        try:
            for event in self.two.receive_data(data):
                self._happened(event)
        except ProtocolError:
            self.broken = True
            self._way.abortConnection()
            return
        self.send()
        self.look()

    def start(self, method: str, path: str, fields: dict[str, str], body: bytes) -> Got:
        """Send a request."""
        number = self.two.get_next_available_stream_id()
        head = [
            (":method", method),
            (":scheme", "https"),
            (":authority", self.authority),
            (":path", path),
        ]
        self.two.send_headers(number, head + list(fields.items()), end_stream=not body)
        if body:
            self.two.send_data(number, body, end_stream=True)
        self.send()
        got = self.streams[number] = Got()
        return got

    async def ask(
        self, path: str, fields: dict[str, str], body: bytes = b"", method: str = "POST"
    ) -> Got:
        """Send a request, and wait for all of the answer."""
        got = self.start(method, path, fields, body)
        await self.until(lambda: got.ended or got.code is not None or self.gone)
        return got

    def _happened(self, event: Event) -> None:
        if isinstance(event, RemoteSettingsChanged):
            changed = event.changed_settings.get(SettingCodes.MAX_CONCURRENT_STREAMS)
            self.limit = changed.new_value if changed else self.limit
        elif isinstance(event, ConnectionTerminated):
            code, data = event.error_code or 0, event.additional_data or b""
            self.goaways.append((event.last_stream_id or 0, int(code), data))
        else:
            self._happened_to_stream(event)

    def _happened_to_stream(self, event: Event) -> None:
        if isinstance(event, InformationalResponseReceived):
            self.streams[event.stream_id].interims += 1
        elif isinstance(event, ResponseReceived):
            head = [(str(name), str(value)) for name, value in event.headers or ()]
            got, got.count = self.streams[event.stream_id], len(head)
            got.status, got.fields = int(head[0][1]), dict(head[1:])
        elif isinstance(event, DataReceived):
            self.streams[event.stream_id].body += event.data or b""
            if self.hungry:
                self.two.acknowledge_received_data(
                    event.flow_controlled_length or 0, event.stream_id
                )
        elif isinstance(event, StreamReset):
            self.streams[event.stream_id].code = int(event.error_code)
        elif isinstance(event, StreamEnded):
            self.streams[event.stream_id].ended = True


class Line(Waiting):
    """
    A connection over which HTTP/1.1 is spoken by hand.

    :ivar text: everything that came.
    """

    def __init__(self) -> None:
        super().__init__()
        self.text = b""

    def dataReceived(self, data: bytes) -> None:
        """Keep it."""
        self.text += data
        self.look()

    def write(self, octets: bytes) -> None:
        """Send."""
        way: Any = self.transport
        way.write(octets)


@define(eq=False)
class Caller:
    """
    Connects, and hangs up at the end.
    """

    reactor: Any
    server: PushServer
    _made: list[Waiting] = field(factory=list)

    async def two(self, url: str, certificate: Certified | None = None) -> Client:
        """A connection of HTTP/2 whose first SETTINGS have come."""
        client = Client(url.removeprefix("https://"))
        await self._connect(client, url, b"h2", certificate)
        await client.until(lambda: client.limit is not None)
        return client

    async def one(self, url: str, *, offered: bytes = b"http/1.1") -> Line:
        """A connection of HTTP/1.1."""
        line = Line()
        await self._connect(line, url, offered, None)
        return line

    async def hang_up(self) -> None:
        """Cut every connection that is left."""
        for made in self._made:
            way: Any = made.transport
            if not made.gone:
                way.abortConnection()
            await made.until(partial(getattr, made, "gone"))

    async def _connect(
        self, protocol: Waiting, url: str, version: bytes, certificate: Certified | None
    ) -> None:
        trusted = Certificate.loadPEM(self.server.authority.own.pem)
        shown = {}  # Twisted's own way of showing it warns of pyOpenSSL's old types
        if certificate is not None:
            shown = {"certificate": certificate.certificate, "privateKey": certificate.key}
        options = optionsForClientTLS(
            "localhost",
            trusted,
            acceptableProtocols=[version] if version else None,
            extraCertificateOptions=shown,
        )
        port = int(url.rpartition(":")[2])
        endpoint = HostnameEndpoint(self.reactor, "127.0.0.1", port)
        await connectProtocol(wrapClientTLS(options, endpoint), protocol)
        self._made.append(protocol)
