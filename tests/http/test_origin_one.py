"""Tests for :mod:`sippn.http.one.lane`: an origin whose server speaks HTTP/1.1 only."""

from __future__ import annotations

import pytest
from twisted.internet.defer import CancelledError, Deferred

from sippn.http import Ambiguous, Answer, Ask, NotProcessed
from sippn.http.one.connection import IDLE_TIME
from sippn.testing.results import failed, succeeded
from tests.http.scene import Scene, Wire

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Name: One\r\n\r\nok"


def connect(scene: Scene, spoken: bytes | None = b"http/1.1") -> Wire:
    """A server that has chosen that, or knows of no choice."""
    scene.clock.advance(0)
    return scene.connect(settings=False, spoken=spoken)


@pytest.mark.parametrize("spoken", [b"http/1.1", None])
def test_server_that_does_not_know_http_2_is_asked_as_it_likes(
    scene: Scene, spoken: bytes | None
) -> None:
    """N-04: ALPN chooses, and no ALPN is HTTP/1.1 (RFC 9112 section 3)."""
    asked = scene.ask(b"body", fields=((b"ttl", b"30"),))
    wire = connect(scene, spoken)
    assert wire.transport.take() == (
        b"POST /3/device/0123456789abcdef HTTP/1.1\r\n"
        b"host: push.example.com\r\n"
        b"ttl: 30\r\n"
        b"content-length: 4\r\n"
        b"\r\n"
        b"body"
    )
    wire.feed(OK)
    answer = succeeded(asked)
    assert (answer.status, answer.body, answer.value(b"x-name")) == (200, b"ok", b"One")


def test_get_has_no_length(scene: Scene) -> None:
    """RFC 9110 section 8.6: a request that can have no body says nothing of it."""
    asked = scene.origin.ask(Ask(b"GET", b"/"), 5)
    wire = connect(scene)
    assert wire.transport.take() == b"GET / HTTP/1.1\r\nhost: push.example.com\r\n\r\n"
    wire.feed(OK)
    assert succeeded(asked).status == 200


def test_connection_takes_one_request_after_the_other(scene: Scene) -> None:
    """RFC 9112 section 9.3: it is kept, and none is sent behind another."""
    first, second = scene.ask(b"1"), scene.ask(b"2")
    wire = connect(scene)
    assert wire.transport.take().endswith(b"1")
    assert len(scene.endpoint.waiting) == 1  # by now it is known that each needs its own
    wire.feed(OK)
    assert wire.transport.take().endswith(b"2")
    wire.feed(OK)
    assert [succeeded(each).status for each in (first, second)] == [200, 200]


def test_each_that_waits_gets_a_connection_of_its_own(scene: Scene) -> None:
    """N-04: as many connections as requests, once it is known that they cannot share."""
    asked = [scene.ask(b"%d" % number) for number in range(4)]
    wires = [connect(scene)]
    assert len(scene.endpoint.waiting) == 3
    wires += [connect(scene) for _ in range(3)]
    for wire in wires:
        assert wire.transport.take()
        wire.feed(OK)
    assert [succeeded(each).status for each in asked] == [200] * 4


def test_answer_that_closes_is_the_last(scene: Scene) -> None:
    """RFC 9112 section 9.6: the next request goes elsewhere."""
    first = scene.ask()
    wire = connect(scene)
    wire.transport.take()
    wire.feed(b"HTTP/1.1 410 Gone\r\nConnection: close\r\n\r\ngone")
    assert not first.called
    wire.lose(clean=True)
    answer = succeeded(first)
    assert (answer.status, answer.body) == (410, b"gone")
    second = scene.ask()
    other = connect(scene)
    other.transport.take()
    other.feed(OK)
    assert succeeded(second).status == 200


def test_lost_connection_is_ambiguous(scene: Scene) -> None:
    """N-05: it was written, so it may have been read: it is not asked again."""
    asked = scene.ask()
    wire = connect(scene)
    wire.transport.take()
    wire.lose()
    assert str(failed(asked, Ambiguous)) == "connection lost"
    scene.clock.advance(0)
    assert scene.endpoint.waiting == []


def test_what_is_no_http_is_ambiguous(scene: Scene) -> None:
    """T9: and its connection is cut."""
    asked = scene.ask()
    wire = connect(scene)
    wire.transport.take()
    wire.feed(b"220 smtp.example.com ESMTP\r\n\r\n")
    assert str(failed(asked, Ambiguous)) == "no HTTP"
    assert wire.transport.aborted


def test_late_answer_costs_the_connection(scene: Scene) -> None:
    """T9: what comes on it yet belongs to a request that nobody waits for."""
    asked = scene.ask()
    wire = connect(scene)
    wire.transport.take()
    scene.clock.advance(5)
    assert str(failed(asked, Ambiguous)) == "timed out"
    assert wire.transport.aborted


def test_status_in_time_is_an_answer(scene: Scene) -> None:
    """T9: a slow drip ends with the time that the whole request has."""
    asked = scene.ask()
    wire = connect(scene)
    wire.transport.take()
    wire.feed(b"HTTP/1.1 429 Slow\r\nContent-Length: 100\r\n\r\nx")
    scene.clock.advance(5)
    answer = succeeded(asked)
    assert (answer.status, answer.body) == (429, b"x")
    assert wire.transport.aborted


def test_endless_body_is_cut(scene: Scene) -> None:
    """W4: 64 KiB are read; the status counts."""
    asked = scene.ask()
    wire = connect(scene)
    wire.transport.take()
    wire.feed(b"HTTP/1.1 500 Oops\r\n\r\n")
    for _ in range(70):
        wire.feed(b"x" * 1024)
    answer = succeeded(asked)
    assert answer.status == 500
    assert 60_000 < len(answer.body) <= 65_536
    assert wire.transport.aborted


def test_cancelled_request_costs_the_connection(scene: Scene) -> None:
    """S-12: HTTP/1.1 has no other way to want an answer no more."""
    asked = scene.ask()
    wire = connect(scene)
    wire.transport.take()
    asked.cancel()
    failed(asked, CancelledError)
    assert wire.transport.aborted


def test_idle_connection_is_closed_after_a_while(scene: Scene) -> None:
    """W3: most servers close theirs after a minute; we are first, and wait for no agreement."""
    asked = scene.ask()
    wire = connect(scene)
    wire.transport.take()
    wire.feed(OK)
    scene.clock.advance(IDLE_TIME / 2)
    again = scene.ask()
    scene.clock.advance(0)
    wire.transport.take()
    wire.feed(OK)
    scene.clock.advance(IDLE_TIME / 2)
    assert not wire.transport.aborted
    scene.clock.advance(IDLE_TIME / 2)
    assert wire.transport.aborted
    assert [succeeded(each).status for each in (asked, again)] == [200, 200]


def test_connection_that_nobody_ever_used_is_closed_as_well(scene: Scene) -> None:
    """W3: opened too late for who asked, or one too many, it is kept no longer than others."""
    asked = [scene.ask() for _ in range(3)]
    wires = [connect(scene)]
    for _ in asked:
        wires[0].transport.take()
        wires[0].feed(OK)
    assert [succeeded(each).status for each in asked] == [200] * 3
    wires += [connect(scene) for _ in tuple(scene.endpoint.waiting)]
    assert len(wires) == 3
    scene.clock.advance(IDLE_TIME)
    assert [wire.transport.aborted for wire in wires] == [True] * 3
    scene.turn()
    assert not scene.origin._lanes.is_open()


def test_answer_in_a_callback_may_ask_again(scene: Scene) -> None:
    """W3: who is told first and asks next finds the connection."""
    asked = scene.ask()
    again: list[Deferred[Answer]] = []
    asked.addCallback(lambda _: again.append(scene.ask(b"again")))
    wire = connect(scene)
    wire.transport.take()
    wire.feed(OK)
    assert wire.transport.take().endswith(b"again")
    wire.feed(OK)
    assert succeeded(again[0]).status == 200
    assert scene.endpoint.waiting == []


def test_closing_fails_what_is_asked(scene: Scene) -> None:
    """D6: what has left is ambiguous, what has not was not processed."""
    first, second = scene.ask(), scene.ask()
    wire = connect(scene)
    wire.transport.take()
    gone = scene.origin.close()
    assert str(failed(first, Ambiguous)) == "closed"
    assert str(failed(second, NotProcessed)) == "closed"
    wire.step()
    succeeded(gone)
