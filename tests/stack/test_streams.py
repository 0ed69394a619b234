"""What is different on a connection."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest
from twisted.internet.defer import Deferred
from twisted.logger import LogEvent
from twisted.trial.unittest import SynchronousTestCase

from sippn.errors import BadRequest, TransportError
from sippn.sip import URI
from sippn.transport import FlowTable
from tests.stack.bench import Bench, Observer, refuse, request
from tests.stack.streams import Stream, StreamListener, said

if TYPE_CHECKING:
    from sippn.transport import Flow

case = SynchronousTestCase()

LENGTH = "Content-Length: 0\n"


def take(bench: Bench, text: str, flow: Flow) -> None:
    """What the listener of *flow* does with a message."""
    bench.stack.received(text.replace("\n", "\r\n").encode(), flow)


def test_request_is_answered_where_it_came_from(bench: Bench) -> None:
    """RFC 3261 18.2.2: on its connection, whatever its Via says."""
    flow = Stream()
    bench.core.do = refuse(404)
    take(bench, request(via="10.0.0.1:5062;branch=z9hG4bK1", more=LENGTH), flow)
    assert said(flow) == [404]
    assert bench.core.requests[0][2] is flow


def test_message_without_a_length_is_refused(bench: Bench) -> None:
    """RFC 3261 18.3, 20.14: on a connection nobody could tell where it ends."""
    flow = Stream()
    take(bench, request(), flow)
    assert said(flow) == [400]
    assert bench.core.requests == []


def test_datagram_needs_no_length(bench: Bench) -> None:
    """RFC 3261 18.3: it ends where the datagram does."""
    bench.say(request())
    assert len(bench.core.requests) == 1


def test_answer_that_has_lost_its_way_is_forgotten(bench: Bench) -> None:
    """The peer has left: nobody waits for it."""
    flow = Stream(closed=True)
    bench.core.do = refuse(404)
    take(bench, request(more=LENGTH), flow)
    take(bench, request(), flow)
    assert len(bench.core.requests) == 1


def test_request_leaves_under_the_transport_of_its_flow(bench: Bench) -> None:
    """RFC 3261 18.1.1."""
    flow = Stream()
    take(bench, request(more=LENGTH), flow)
    bench.stack.send(bench.core.requests[0][0], flow, Observer())
    (sent,) = flow.sent
    assert str(sent.via).startswith("SIP/2.0/TCP 192.0.2.10:5060;branch=z9hG4bK")


def test_connection_is_kept_from_now_on(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the clock of the connections, which is monotonic."""
    kept: list[tuple[str, float]] = []

    def keep(table: FlowTable, token: str, until: float) -> None:
        kept.append((token, until))

    monkeypatch.setattr(FlowTable, "keep", keep)
    bench.clock.advance(100)
    bench.stack.keep("tcp:x", 3600)
    assert kept == [("tcp:x", 3700)]


def test_lost_connection_is_made_anew(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """To where its peer said that it listens, as the table allows."""
    flow = Stream()

    def reopen(table: FlowTable, token: str, uri: URI) -> Flow:
        assert (token, uri) == ("tcp:x", URI.parse("sip:bob@192.0.2.1:5070;transport=tcp"))
        return flow

    monkeypatch.setattr(FlowTable, "reopen", reopen)
    assert bench.stack.reopen("tcp:x", "sip:bob@192.0.2.1:5070;transport=tcp") is flow


def test_nothing_is_made_anew_for_nonsense(bench: Bench) -> None:
    """Neither for a URI that is none, nor for a flow that was no connection."""
    with pytest.raises(BadRequest):
        bench.stack.reopen("tcp:x", "sip:")
    with pytest.raises(TransportError):
        bench.stack.reopen(f"udp:{bench.server}:192.0.2.1:4711", "sip:bob@192.0.2.1")


def test_stop_waits_for_every_listener() -> None:
    """What is still on its way out is part of an answer to somebody."""
    first: Deferred[None] = Deferred()
    second: Deferred[None] = Deferred()
    listeners = [StreamListener(ends=first), StreamListener(), StreamListener(ends=second)]
    stopping = Bench(listeners=listeners).stack.stop()
    assert all(listener.stopped for listener in listeners)
    assert stopping is not None
    first.callback(None)
    case.assertNoResult(stopping)
    second.callback(None)
    case.successResultOf(stopping)


def test_stop_waits_though_one_fails(nothing_fails_unseen: list[LogEvent]) -> None:
    """The failure is logged, and the others still have their time."""
    failing: Deferred[None] = Deferred()
    last: Deferred[None] = Deferred()
    stopping = Bench(
        listeners=[StreamListener(ends=failing), StreamListener(ends=last)]
    ).stack.stop()
    assert stopping is not None
    failing.errback(TransportError("it would not close"))
    case.assertNoResult(stopping)
    last.callback(None)
    case.successResultOf(stopping)
    del failing, stopping
    gc.collect()
    assert len(nothing_fails_unseen) == 1
    nothing_fails_unseen.clear()


def test_stop_has_nothing_to_wait_for_without_connections(bench: Bench) -> None:
    """Datagrams have left when they were sent."""
    assert bench.stack.stop() is None


def test_every_socket_is_named() -> None:
    """With its transport, for the log and for who connects."""
    bench = Bench(listeners=[StreamListener(), StreamListener(transport="TLS")])
    assert bench.stack.listening == ["tcp 192.0.2.10:5060", "tls 192.0.2.10:5060"]
