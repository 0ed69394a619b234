"""Tests for :mod:`sippn.http.origin`: what is asked, and what becomes of it, over HTTP/2."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from h2.errors import ErrorCodes
from OpenSSL.SSL import Error as TLSError
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectError, DNSLookupError
from twisted.logger import LogEvent, formatEvent
from twisted.python.failure import Failure

from sippn.http import Ambiguous, Answer, Ask, NoAnswer, NoConnection, NotProcessed
from sippn.http.way import Way
from sippn.testing.results import failed, succeeded
from tests.http.scene import PATH, Scene


def fail_to_connect(scene: Scene, error: Exception) -> None:
    """Let the oldest attempt to connect fail."""
    _, connecting = scene.endpoint.waiting.pop(0)
    connecting.errback(Failure(error))


@pytest.mark.parametrize(
    ("way", "url", "authority"),
    [
        (Way("a.example", 443), "https://a.example:443", b"a.example"),
        (Way("a.example", 2197), "https://a.example:2197", b"a.example:2197"),
        (Way("a.example", 80, tls=False), "http://a.example:80", b"a.example"),
        (Way("2001:db8::1", 443), "https://[2001:db8::1]:443", b"[2001:db8::1]"),
        (Way("10.0.0.1", 8443, name="b.example"), "https://10.0.0.1:8443", b"b.example"),
    ],
)
def test_way_names_its_server(way: Way, url: str, authority: bytes) -> None:
    """RFC 9110 section 7.2: the port is said where it is not the scheme's own."""
    assert (way.url, way.authority) == (url, authority)


def test_authority_of_one_request_is_its_own(scene: Scene) -> None:
    """N-04: a gateway is told for whom a push is by :authority."""
    asked = scene.origin.ask(Ask(b"POST", PATH), 5, authority=b"fcm.example:8443")
    scene.turn()
    wire = scene.connect()
    assert wire.requests[1].fields[b":authority"] == b"fcm.example:8443"
    wire.answer(1)
    assert succeeded(asked).status == 200


def test_connection_is_shared_by_all_that_wait_for_it(scene: Scene) -> None:
    """N-04: a hundred pushes at once need one connection."""
    asked = [scene.ask() for _ in range(50)]
    scene.turn()
    assert len(scene.endpoint.waiting) == 1
    asked += [scene.ask() for _ in range(50)]
    scene.turn()
    assert len(scene.endpoint.waiting) == 1
    wire = scene.connect()
    wire.answer(*wire.open)
    assert [succeeded(each).status for each in asked] == [200] * 100
    assert scene.endpoint.waiting == []


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (DNSLookupError(), "host not found"),
        (ConnectError(), "no connection"),
        (
            TLSError([("SSL routines", "", "certificate verify failed")]),
            "TLS: certificate verify failed",
        ),
        (NoConnection("no public address"), "no public address"),
    ],
)
def test_failed_connection_fails_all_that_wait(scene: Scene, error: Exception, text: str) -> None:
    """N-05: each is told why, at once, and the next tries again."""
    asked = [scene.ask(), scene.ask()]
    scene.turn()
    fail_to_connect(scene, error)
    assert [str(failed(each, NoConnection)) for each in asked] == [text, text]
    scene.turn()
    assert scene.endpoint.waiting == []
    again = scene.ask()
    scene.turn()
    scene.connect().answer(1)
    assert succeeded(again).status == 200


def test_one_more_connection_that_fails_fails_nobody(scene: Scene) -> None:
    """N-05: who waits for a busy connection still has it; another is not tried all the time."""
    wire, first = scene.connected(max_concurrent_streams=1)
    second = scene.ask()
    scene.turn()
    fail_to_connect(scene, ConnectError())
    third = scene.ask()
    scene.turn()
    assert scene.endpoint.waiting == []
    wire.answer(1)
    scene.turn()
    wire.answer(3)
    scene.turn()
    wire.answer(5)
    assert [succeeded(each).status for each in (first, second, third)] == [200] * 3


def test_more_connections_are_tried_again_after_a_while(scene: Scene) -> None:
    """N-05: a second is enough."""
    wire, first = scene.connected(max_concurrent_streams=1)
    second = scene.ask()
    scene.turn()
    fail_to_connect(scene, ConnectError())
    scene.clock.advance(1)
    third = scene.ask()
    scene.turn()
    other = scene.connect()
    wire.answer(1)
    other.answer(1)
    scene.turn()
    other.answer(3)
    wire.answer(*wire.open)
    scene.turn()
    assert [succeeded(each).status for each in (first, second, third)] == [200] * 3


def test_time_without_a_connection_is_up(scene: Scene) -> None:
    """T9: the time of a request is for connecting, too; what is late has not left."""
    early, late = scene.ask(seconds=3), scene.ask(seconds=5)
    scene.turn()
    scene.clock.advance(3)
    assert str(failed(early, NoConnection)) == "no connection in time"
    wire = scene.connect()
    assert list(wire.requests) == [1]
    wire.answer(1)
    assert succeeded(late).status == 200


def test_time_without_a_free_stream_is_up(scene: Scene) -> None:
    """T9: who waited for others in vain was not processed, and will not be."""
    wire, first = scene.connected(max_concurrent_streams=1)
    second = scene.ask(seconds=2)
    scene.turn()
    scene.clock.advance(2)
    assert str(failed(second, NotProcessed)) == "no free stream in time"
    wire.answer(1)
    scene.turn()
    assert list(wire.requests) == [1]
    assert succeeded(first).status == 200


def test_no_time_left_is_told_in_the_next_turn(scene: Scene) -> None:
    """T9: zero seconds are none."""
    asked = scene.ask(seconds=0)
    scene.turn()
    failed(asked, NotProcessed)


def test_cancelled_request_does_not_leave(scene: Scene) -> None:
    """S-12: who cancels in time has asked nothing."""
    wire, first = scene.connected()
    wire.answer(1)
    second, third = scene.ask(), scene.ask()
    second.cancel()
    failed(second, CancelledError)
    scene.turn()
    assert list(wire.requests) == [1, 3]
    wire.answer(3)
    assert [succeeded(each).status for each in (first, third)] == [200, 200]


def test_cancelled_request_is_reset_where_it_has_left(scene: Scene) -> None:
    """S-12: its answer is of no interest; the connection goes on, and is not doubted."""
    wire, first = scene.connected()
    first.cancel()
    failed(first, CancelledError)
    scene.turn()
    assert wire.requests[1].reset == ErrorCodes.CANCEL
    second = scene.ask()
    scene.turn()
    wire.answer(3)
    assert succeeded(second).status == 200
    assert [each.answer for each in scene.heard] == [Answer(200, ((b"x-stream", b"3"),))]


def test_connecting_goes_on_for_the_next_when_nobody_waits(scene: Scene) -> None:
    """S-12: what was begun for a push that is cancelled serves the next."""
    first = scene.ask()
    scene.turn()
    first.cancel()
    failed(first, CancelledError)
    wire = scene.connect()
    second = scene.ask()
    scene.turn()
    wire.answer(1)
    assert succeeded(second).status == 200


def test_closing_fails_what_is_asked(scene: Scene) -> None:
    """D6: what has left is ambiguous, what has not was not processed; nothing waits."""
    wire, first = scene.connected(max_concurrent_streams=1)
    second = scene.ask()
    scene.turn()
    gone = scene.origin.close()
    assert str(failed(first, Ambiguous)) == "closed"
    assert str(failed(second, NotProcessed)) == "closed"
    assert str(failed(scene.ask(), NotProcessed)) == "closed"
    assert not gone.called
    assert scene.endpoint.cancelled == 1
    wire.step()
    succeeded(gone)


def test_closing_twice_is_closing(scene: Scene) -> None:
    """D6: whoever asks for it is told when it is done."""
    wire, asked = scene.connected()
    once, twice = scene.origin.close(), scene.origin.close()
    wire.step()
    succeeded(once)
    succeeded(twice)
    failed(asked, Ambiguous)


def test_closing_while_nothing_is_there(scene: Scene) -> None:
    """D6: an origin that was never asked is closed at once."""
    succeeded(scene.origin.close())


def test_answer_in_a_callback_may_ask_again(scene: Scene) -> None:
    """W3: who is told first and asks next finds the connection."""
    wire, first = scene.connected(max_concurrent_streams=1)
    again: list[Deferred[Answer]] = []
    first.addCallback(lambda _: again.append(scene.ask()))
    wire.answer(1)
    wire.step()
    assert list(wire.requests) == [1, 3]  # in the same turn
    wire.answer(3)
    assert succeeded(again[0]).status == 200
    assert scene.endpoint.waiting == []


def test_answer_that_came_with_another_may_be_cancelled_by_it(scene: Scene) -> None:
    """S-12: both were read at once; who is told first may have no use for the second."""
    wire, first = scene.connected()
    second = scene.ask()
    scene.turn()
    first.addCallback(lambda _: second.cancel())
    wire.answer(1, 3)
    failed(second, CancelledError)
    succeeded(first)


def test_server_that_takes_no_request_at_all_is_no_server(scene: Scene) -> None:
    """T9: MAX_CONCURRENT_STREAMS 0, and then it goes away: who waits is told, once and at last."""
    asked = scene.ask()
    scene.turn()
    for _ in range(4):
        scene.connect(max_concurrent_streams=0)
    assert scene.endpoint.waiting == []
    for wire in scene.wires:
        assert not asked.called
        wire.goaway(0)
    assert str(failed(asked, NoConnection)) == "the server closes the connection"
    scene.turn()
    assert scene.endpoint.waiting == []


def test_whoever_looks_on_sees_each_request_once(scene: Scene) -> None:
    """N-10: what was asked, of whom, what came of it and how long it took."""
    wire, first = scene.connected()
    scene.clock.advance(0.25)
    wire.answer(1, status=400)
    second = scene.ask()
    scene.turn()
    wire.reset(3, ErrorCodes.INTERNAL_ERROR)
    failed(second, Ambiguous)
    assert succeeded(first).status == 400
    one, two = scene.heard
    assert (one.origin, one.ask.path, one.seconds) == ("https://push.example.com:443", PATH, 0.25)
    assert isinstance(one.answer, Answer)
    assert isinstance(two.answer, Ambiguous)


def test_whoever_looks_on_and_breaks_stops_nobody(scene: Scene, log_events: list[LogEvent]) -> None:
    """W3: each request ends, answered or late; the log says so, without what was asked."""

    def broken(_: object) -> None:
        raise ValueError(PATH)

    wire, first = scene.connected()
    scene.origin._overhear = broken
    late = [scene.ask(seconds=seconds) for seconds in (1, 1, 2)]
    scene.turn()
    wire.answer(1)
    scene.clock.advance(1)
    scene.clock.advance(1)
    assert succeeded(first).status == 200
    for each in late:
        failed(each, NoAnswer)
    said = [formatEvent(event) for event in log_events]
    assert said == ["who overhears https://push.example.com:443 has failed: ValueError"] * 4


def test_connection_that_was_not_in_use_is_missed_by_nobody(scene: Scene) -> None:
    """N-04: it came late and was lost at last; who asks in that turn gets another."""
    late = scene.ask(seconds=1)
    scene.turn()
    scene.clock.advance(1)
    failed(late, NoConnection)
    wire = scene.connect()
    scene.clock.advance(200)
    asked = scene.ask()
    wire.lose(clean=True)
    scene.turn()
    other = scene.connect()
    other.answer(1)
    assert succeeded(asked).status == 200


def test_credentials_are_in_no_representation(scene: Scene) -> None:
    """T7: nothing that may be logged has a path, a field or a body."""
    wire, asked = scene.connected()
    scene.ask(b"secret-body", fields=((b"authorization", b"secret-field"),)).addErrback(lambda _: 0)
    scene.turn()
    lane = wire.protocol.lane
    said = repr([lane._session, lane._lanes, *lane._session._asked.values(), scene.heard])
    wire.answer(1, 3)
    said += repr([scene.heard, asked, asked.result])
    for secret in (PATH.decode(), "secret-body", "secret-field"):
        assert secret not in said


def test_nothing_grows_with_requests() -> None:
    """W2: 20,000 requests, some late, some refused, some cancelled, and the tables are small."""
    scene = Scene()
    wire, first = scene.connected(max_concurrent_streams=100)
    wire.answer(1)
    done: list[Any] = [first]
    for number in range(1000):
        asked = [scene.ask(b"x") for _ in range(20)]
        for each in asked:
            each.addBoth(done.append)
        scene.turn()
        streams = wire.open
        wire.answer(*streams[: -1 if number % 50 else None])
        if number % 50:
            asked[-1].cancel()
        wire.step()
        wire.requests.clear()
        wire.events.clear()
        scene.heard.clear()
    session, framing = wire.protocol.lane._session, wire.protocol.lane._session._h2
    assert len(done) == 20_001
    assert len(scene.wires) == 1
    assert len(session) == framing.under_way == 0
    assert len(framing.streams) < 70
    assert len(framing._closed_streams) <= framing.MAX_CLOSED_STREAMS
    assert len(scene.origin._deadlines) < 150
    assert len(framing.encoder._fields) + len(framing.encoder._names) < 20
    assert len(session._inbox) == 0
    gc.collect()
    scene.origin.close()
    wire.step()
    assert scene.left_over() == []
    assert scene.clock.getDelayedCalls() == []


def test_failures_are_of_three_kinds(scene: Scene) -> None:
    """N-05: whoever asks tells apart what can be repeated and what cannot."""
    assert issubclass(NoConnection, NotProcessed)
    assert issubclass(NotProcessed, NoAnswer)
    assert not issubclass(Ambiguous, NotProcessed)
    succeeded(scene.origin.close())
