"""
One HTTP/2 connection of a client, without its socket (RFC 9113).

Octets go in, and out come octets and the ends of exchanges.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar, Final, TypeAlias

from attrs import define, field
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    InformationalResponseReceived,
    PingAckReceived,
    RemoteSettingsChanged,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import ProtocolError
from hpack import NeverIndexedHeaderTuple

from sippn.http.errors import Ambiguous, NoAnswer, NotProcessed
from sippn.http.exchange import Exchange
from sippn.http.messages import Answer
from sippn.http.two.framing import CONNECTION_WINDOW, MOST_OF_FRAME, MOST_OF_HEAD, Framing
from sippn.http.two.words import name_of, why_gone

MOST_STREAMS: Final = 1000
"""Requests on one connection at a time, whatever the server allows."""

MOST_OF_BODY: Final = 65536
"""Octets of an answer's body that are kept (RELIABILITY T9)."""

MOST_OF_BODIES: Final = 1 << 20
"""Octets of all bodies on one connection that are kept while they come."""

MOST_INFORMED: Final = 16
"""1xx answers to one request."""

MOST_FRAMES: Final = 5000
"""Frames that a server may send without an answer being complete."""

_LAST_STREAM: Final = (1 << 31) - 1
_HEADERS, _PUSH_PROMISE, _CONTINUATION = 1, 5, 9
_STATUS: Final = re.compile(rb"[2-5][0-9]{2}")
_PING: Final = b"sippn\x00\x00\x00"

Result: TypeAlias = Answer | NoAnswer


class NoHTTP2(Exception):
    """What came is none, or more of it than anybody needs."""


@define(eq=False)
class Session:
    """
    A connection's state.

    :ivar ready: the server's SETTINGS have come: requests may leave.
    :ivar closing: takes no request any more; what is under way may be answered yet.
    :ivar why: it is closing, in a few words for the operator.
    :ivar broken: nothing that comes is read any more.
    :ivar refusing: it has refused a request; until it answers one.
    :ivar pinged: a PING is not answered.
    :ivar over: exchanges that have ended, for whoever owns this to take.
    """

    ready: bool = field(default=False, init=False)
    closing: bool = field(default=False, init=False)
    why: str = field(default="connection lost", init=False)
    broken: bool = field(default=False, init=False)
    refusing: bool = field(default=False, init=False)
    pinged: bool = field(default=False, init=False)
    over: list[tuple[Exchange, Result]] = field(factory=list, init=False)
    _h2: Framing = field(factory=Framing, init=False)
    _asked: dict[int, Exchange] = field(factory=dict, init=False)
    _blocked: dict[int, Exchange] = field(factory=dict, init=False)
    _last: dict[bytes, bytes] = field(factory=dict, init=False, repr=False)
    _inbox: bytearray = field(factory=bytearray, init=False, repr=False)
    _most: int = field(default=0, init=False)  # streams at a time
    _head: int = field(default=0, init=False)  # octets of the header section that is coming
    _frames: int = field(default=0, init=False)
    _kept: int = field(default=0, init=False)
    _owed: int = field(default=0, init=False)  # octets of window
    _heard: bool = field(default=False, init=False)

    def begin(self) -> None:
        """Say that we are here."""
        self._h2.initiate_connection()
        window = CONNECTION_WINDOW - self._h2.inbound_flow_control_window
        self._h2.increment_flow_control_window(window)

    def __len__(self) -> int:
        """How many requests are under way."""
        return len(self._asked)

    @property
    def free(self) -> int:
        """How many more requests can leave; none before the SETTINGS have come."""
        return 0 if self.closing else self._most - len(self._asked)

    def send(self, exchange: Exchange) -> None:
        """Let a request leave; there must be room for it."""
        ask = exchange.ask
        stream_id = self._h2.open(self._fields(exchange), ended=not ask.body)
        exchange.stream_id = stream_id
        self._asked[stream_id] = exchange
        if ask.body:
            exchange.unsent = ask.body
            self._send_body(exchange)
        if stream_id + 2 > _LAST_STREAM:
            self.close("all stream numbers are used")

    def drop(self, exchange: Exchange) -> None:
        """Want no answer to *exchange*, which is under way, any more."""
        if exchange.stream_id in self._asked:
            self._reset(exchange)

    def receive(self, octets: bytes) -> bool:
        """
        Take what came.

        :returns: whether it answers anything, if only a PING.
        """
        self._heard = False
        if self.broken:
            return False
        self._inbox += octets
        try:
            while (frame := self._next_frame()) is not None:
                for event in self._h2.receive_data(frame):
                    reaction = self._REACTIONS.get(type(event))
                    if reaction is not None:
                        reaction(self, event)
        except (NoHTTP2, ProtocolError):
            self.lose("no HTTP/2")
        return self._heard

    def take(self) -> bytes:
        """What is to be sent."""
        return self._h2.data_to_send()

    def ping(self) -> None:
        """Ask whether anybody is there."""
        if not self.pinged:
            self.pinged = True
            self._h2.ping(_PING)

    def close(self, why: str) -> None:
        """Take no more requests."""
        if not self.closing:
            self.closing, self.why = True, why

    def goodbye(self) -> None:
        """Tell the server that this is the end."""
        self._h2.close_connection()
        self.lose("closed")

    def lose(self, why: str) -> None:
        """Nothing comes any more: end what is under way."""
        self.close(why)
        self.broken = True
        self._inbox.clear()
        self._blocked.clear()
        for exchange in tuple(self._asked.values()):
            self._end(exchange, exchange.answer() if exchange.status else Ambiguous(self.why))

    def _fields(self, exchange: Exchange) -> list[tuple[bytes, bytes]]:
        """
        A request's header fields.

        The path is never indexed (RFC 7541 section 7.1.3): it may be a credential.  Nor is
        a field that was another last time, as it would only push the others out of the table.
        """
        ask, last = exchange.ask, self._last
        fields: list[Any] = [
            (b":method", ask.method),
            (b":scheme", b"https"),
            (b":authority", exchange.authority),
            NeverIndexedHeaderTuple(b":path", ask.path),
        ]
        for pair in ask.fields:
            name, value = pair
            if last.get(name, value) == value:
                fields.append(pair)
            else:
                fields.append(NeverIndexedHeaderTuple(name, value))
            last[name] = value
        if ask.body or ask.method != b"GET":
            fields.append(NeverIndexedHeaderTuple(b"content-length", b"%d" % len(ask.body)))
        return fields

    def _send_body(self, exchange: Exchange) -> None:
        """Send what the server's windows have room for."""
        stream_id = exchange.stream_id
        while exchange.unsent:
            room = min(
                self._h2.local_flow_control_window(stream_id), self._h2.max_outbound_frame_size
            )
            if room <= 0:
                self._blocked[stream_id] = exchange
                return
            part, exchange.unsent = exchange.unsent[:room], exchange.unsent[room:]
            self._h2.send_data(stream_id, part, end_stream=not exchange.unsent)
        self._blocked.pop(stream_id, None)

    def _next_frame(self) -> bytes | None:
        """
        The next of what has come.

        One at a time, as ``h2`` forgets the frames before one that it does not like; and
        looked at before it is kept.
        """
        inbox = self._inbox
        if len(inbox) < 9 or self.broken:
            return None
        length = inbox[0] << 16 | inbox[1] << 8 | inbox[2]
        if length > MOST_OF_FRAME:
            raise NoHTTP2
        if len(inbox) < length + 9:
            return None
        self._count(inbox[3], length)
        frame = bytes(inbox[: length + 9])
        del inbox[: length + 9]
        return frame

    def _count(self, kind: int, length: int) -> None:
        self._frames += 1
        if kind in (_HEADERS, _PUSH_PROMISE):
            self._head = length
        elif kind == _CONTINUATION:
            self._head += length
        if self._head > MOST_OF_HEAD or self._frames > MOST_FRAMES:
            raise NoHTTP2

    def _on_settings(self, _: RemoteSettingsChanged) -> None:
        self.ready = True
        self._most = min(self._h2.remote_settings.max_concurrent_streams, MOST_STREAMS)
        self._on_window()

    def _on_window(self, _: WindowUpdated | None = None) -> None:
        for exchange in tuple(self._blocked.values()):
            self._send_body(exchange)

    def _on_information(self, event: InformationalResponseReceived) -> None:
        exchange = self._asked.get(event.stream_id)
        if exchange is not None:
            exchange.informed += 1
            if exchange.informed > MOST_INFORMED:
                self._reset(exchange, Ambiguous("no HTTP/2"))

    def _on_head(self, event: ResponseReceived) -> None:
        exchange = self._asked.get(event.stream_id)
        if exchange is None:
            return
        status = event.headers[0][1]
        if _STATUS.fullmatch(status) is None:
            self._reset(exchange, Ambiguous("no HTTP/2"))
            return
        exchange.status = int(status)
        exchange.fields = tuple(event.headers[1:])
        self.refusing = False
        self._heard = True

    def _on_data(self, event: DataReceived) -> None:
        self._owed += event.flow_controlled_length
        if self._owed >= MOST_OF_BODY:
            self._h2.increment_flow_control_window(self._owed)
            self._owed = 0
        exchange = self._asked.get(event.stream_id)
        if exchange is None:
            return
        room = min(MOST_OF_BODY - len(exchange.body), MOST_OF_BODIES - self._kept)
        data = event.data[:room]
        exchange.body += data
        self._kept += len(data)
        if len(event.data) > room and event.stream_ended is None:
            self._reset(exchange, exchange.answer())

    def _on_end(self, event: StreamEnded) -> None:
        exchange = self._asked.get(event.stream_id)
        if exchange is None:
            return
        if exchange.unsent:
            self._reset(exchange, exchange.answer())
        else:
            self._end(exchange, exchange.answer())

    def _on_reset(self, event: StreamReset) -> None:
        exchange = self._asked.get(event.stream_id)
        if exchange is None:
            return
        result: Result
        if exchange.status:
            result = exchange.answer()
        elif event.error_code == ErrorCodes.REFUSED_STREAM and event.remote_reset:
            self.refusing = True
            result = NotProcessed("refused by the server")
        else:
            result = Ambiguous(f"the stream was reset ({name_of(event.error_code)})")
        self._end(exchange, result)

    def _on_goaway(self, event: ConnectionTerminated) -> None:
        why, last = why_gone(event), event.last_stream_id or 0
        self.close(why)
        self.why = why
        for stream_id in sorted(self._asked, reverse=True):  # each goes before the others again
            if stream_id > last:
                self._end(self._asked[stream_id], NotProcessed(why))

    def _on_pong(self, _: PingAckReceived) -> None:
        self.pinged = False
        self._heard = True

    def _reset(self, exchange: Exchange, result: Result | None = None) -> None:
        self._h2.reset_stream(exchange.stream_id, ErrorCodes.CANCEL)
        self._end(exchange, result)

    def _end(self, exchange: Exchange, result: Result | None) -> None:
        """An exchange is over here; *result* is for whoever waits, if anybody does."""
        stream_id = exchange.stream_id
        del self._asked[stream_id]
        self._blocked.pop(stream_id, None)
        self._kept -= len(exchange.body)
        self._frames = 0
        self._h2.forget(stream_id)
        if result is not None:
            self.over.append((exchange, result))

    _REACTIONS: ClassVar[dict[type, Callable[[Session, Any], None]]] = {
        RemoteSettingsChanged: _on_settings,
        WindowUpdated: _on_window,
        InformationalResponseReceived: _on_information,
        ResponseReceived: _on_head,
        DataReceived: _on_data,
        StreamEnded: _on_end,
        StreamReset: _on_reset,
        ConnectionTerminated: _on_goaway,
        PingAckReceived: _on_pong,
    }
