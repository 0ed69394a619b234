"""The HTTP/2 side of a push service (RFC 9113)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from h2.errors import ErrorCodes
from h2.events import (
    DataReceived,
    Event,
    RequestReceived,
    StreamEnded,
    StreamReset,
)
from h2.exceptions import ProtocolError
from hyperframe.frame import Frame, GoAwayFrame, HeadersFrame
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from sippn.testing.push_server.exchange import Fields, Peer
from sippn.testing.push_server.outflow import Outflow
from sippn.testing.push_server.plain_head import head_frame
from sippn.testing.push_server.service import Service
from sippn.testing.push_server.two_side import ServersSide
from sippn.testing.push_server.two_stream import Stream, written


class HTTP2(Protocol):
    """
    One connection.

    It sends in one piece what a read gave, and bodies as flow control lets.

    :ivar service: whom its requests are for.
    """

    def __init__(self, service: Service[Any], certified: str) -> None:
        self.service = service
        self._peer = Peer(certified)
        self._streams = service.streams(certified)
        self._open: dict[int, Stream] = {}
        self._came = 0
        self._last: int | None = None
        self._reading = False
        self._heads: list[bytes] = []
        self._two = ServersSide(self._streams)
        self._outflow = Outflow(self._two, self)

    @property
    def highest(self) -> int:
        """The youngest stream that is open."""
        return max(self._open, default=0)

    @property
    def way(self) -> Any:
        """The transport."""
        assert self.transport is not None, "not connected"
        return self.transport

    def connectionMade(self) -> None:
        """Send the preface."""
        self.way.registerProducer(self._outflow, True)
        self._two.begin()
        self.flush()

    def dataReceived(self, data: bytes) -> None:
        """Take every whole request in *data*."""
        try:
            events = self._two.receive_data(data)
        except ProtocolError:
            self.leave()
            return
        self._reading = True
        for event in events:  # what they give is sent in one piece
            happened = self._happened.get(type(event))
            if happened is not None:
                happened(self, event)
        self._reading = False
        self.flush()

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: ARG002 - any
        """Whatever waits for an answer will get none."""
        self._outflow.stopProducing()
        for stream in tuple(self._open.values()):
            stream.over = True
        self._open.clear()

    def flush(self) -> None:
        """Send what there is to be sent, and for what there is room."""
        if not self._reading:
            self._outflow.flow()
            self.write()

    def write(self) -> None:
        """Send what there is to be sent."""
        octets = self._two.data_to_send() + b"".join(self._heads)
        self._heads.clear()
        if octets:
            self.way.write(octets)

    def raw(self, frame: Frame) -> None:
        """Send *frame*; h2 knows nothing of it."""
        self._heads.append(frame.serialize())

    def bare(self, stream: Stream, status: int, fields: Fields) -> None:
        """Answer without a body: what nearly every good push gets, so it is to be quick."""
        self._answering(status)
        frame = head_frame(stream.number, status, fields)
        if not frame:
            self._two.send_headers(stream.number, written(status, fields), end_stream=True)
        self._heads.append(frame)
        self.forget(stream)
        self.flush()

    def whole(self, stream: Stream, status: int, fields: Fields, body: bytes) -> None:
        """Answer in full; what finds no room in the window goes later."""
        number = stream.number
        self._answering(status)
        self._two.send_headers(number, written(status, fields))
        if len(body) <= min(self._two.local_flow_control_window(number), 16384):
            self._two.send_data(number, body, end_stream=True)
            self.forget(stream)
        else:
            self._outflow.pour(number, body)
        self.flush()

    def begin(self, stream: Stream, status: int, fields: Fields) -> None:
        """Send a head; a body follows, or another head."""
        self._two.send_headers(stream.number, written(status, fields))
        self.flush()

    def part(self, stream: Stream, octets: bytes) -> None:
        """Send a piece of a body if there is room."""
        if self._two.local_flow_control_window(stream.number) >= len(octets):
            self._two.send_data(stream.number, octets)
            self.flush()

    def pour(self, stream: Stream, body: bytes | None) -> None:
        """Send *body* as fast as it is taken; None: for ever."""
        self._outflow.pour(stream.number, body)
        self.flush()

    def endless_head(self, stream: Stream) -> None:
        """Send the head of an answer, and CONTINUATION after CONTINUATION."""
        block = self._two.encoder.encode([(b":status", b"200")])
        self.raw(HeadersFrame(stream.number, block))
        self._outflow.pour_head(stream.number)
        self.flush()

    def body_sent(self, number: int) -> None:
        """The body of a stream is out."""
        if number in self._open:
            self.forget(self._open[number])

    def reset(self, stream: Stream, code: int) -> None:
        """RST_STREAM."""
        self._two.reset_stream(stream.number, code)
        self.forget(stream)
        self.flush()

    def go_away(self, last: int, code: int, debug: bytes = b"") -> None:
        """
        GOAWAY; streams up to *last* are answered yet, then the connection is closed.

        h2 would take itself for closed at once.
        """
        self._last = last if self._last is None else min(last, self._last)
        self.raw(GoAwayFrame(0, last_stream_id=last, error_code=code, additional_data=debug))
        for number in [number for number in self._open if number > last]:
            self.forget(self._open[number])
        self._close_if_done()
        self.flush()

    def cut(self) -> None:
        """Cut the connection."""
        self.write()
        self.way.abortConnection()

    def leave(self) -> None:
        """Close the connection, whatever waits for an answer."""
        self.write()
        self.way.unregisterProducer()  # or Twisted would wait for it to end
        self.way.loseConnection()

    def forget(self, stream: Stream) -> None:
        """A stream has come to its end."""
        stream.over = True
        number = stream.number
        self._open.pop(number, None)
        self._outflow.forget(number)
        self._two.ended(number)
        self._close_if_done()

    def _answering(self, status: int) -> None:
        """With the first good answer a client may have more streams at a time."""
        most = self.service.most_streams
        if self._streams < most and 200 <= status < 300:
            self._streams = most
            self._two.allow(most)

    # what comes

    def _request_received(self, event: RequestReceived) -> None:
        number = event.stream_id
        if self._last is not None and number > self._last:
            return
        if len(self._open) >= self._streams:
            self._two.reset_stream(number, ErrorCodes.REFUSED_STREAM)
            return
        stream = self._open[number] = Stream(self, number, event.headers or ())
        self._came += 1
        every = self.service.goaway_every
        if every and self._came == every:
            stream.last()

    def _data_received(self, event: DataReceived) -> None:
        self._two.took(event.flow_controlled_length or 0)
        stream = self._open.get(event.stream_id)
        if stream is not None:
            stream.body.append(event.data or b"")

    def _stream_ended(self, event: StreamEnded) -> None:
        stream = self._open.get(event.stream_id)
        if stream is not None:
            stream.request = stream.whole_request(self._peer)
            self.service.take(stream)

    def _stream_reset(self, event: StreamReset) -> None:
        stream = self._open.get(event.stream_id)
        if stream is not None:
            self.forget(stream)

    def _close_if_done(self) -> None:
        if self._last is not None and not self._open:
            self.leave()

    _happened: ClassVar[dict[type[Event], Callable[[HTTP2, Any], None]]] = {
        RequestReceived: _request_received,
        DataReceived: _data_received,
        StreamEnded: _stream_ended,
        StreamReset: _stream_reset,
    }
