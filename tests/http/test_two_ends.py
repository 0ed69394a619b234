"""Tests for :mod:`sippn.http.two`: how connections end, and what becomes of their requests."""

from __future__ import annotations

import pytest
from h2.errors import ErrorCodes
from h2.settings import SettingCodes
from hyperframe.frame import GoAwayFrame, PingFrame, SettingsFrame
from twisted.internet.defer import Deferred

from sippn.http import Ambiguous, Answer, NoConnection, NotProcessed
from sippn.http.origin import MOST_REFUSALS
from sippn.http.two.session import MOST_STREAMS
from sippn.testing.results import failed, succeeded
from tests.http.scene import LAST, Scene


def test_answers_up_to_the_last_stream_come_after_goaway(scene: Scene) -> None:
    """RFC 9113 section 6.8: what a server took before it goes away it answers."""
    wire, first = scene.connected()
    second = scene.ask()
    scene.turn()
    wire.goaway(3)
    wire.answer(1, 3)
    assert [succeeded(each).status for each in (first, second)] == [200, 200]
    assert wire.gone
    assert len(scene.wires) == 1


def test_requests_above_the_last_stream_are_asked_elsewhere_at_once(scene: Scene) -> None:
    """RFC 9113 section 6.8: what the server did not take is asked on another connection, once."""
    wire, first = scene.connected()
    others = [scene.ask(b"%d" % number) for number in range(3)]
    scene.turn()
    wire.goaway(3)
    assert len(scene.endpoint.waiting) == 1
    other = scene.connect()
    assert [each.body for each in other.requests.values()] == [b"1", b"2"]
    wire.answer(1, 3)
    other.answer(1, 3)
    assert [succeeded(each).status for each in [first, *others]] == [200] * 4


def test_connection_that_goes_has_left_before_its_requests_are_told(scene: Scene) -> None:
    """RFC 9113 section 6.8: who is told and asks again is not sent there again."""
    wire, first = scene.connected()
    second = scene.ask()
    scene.turn()
    wire.protocol.lane._session._asked[3].refusals = MOST_REFUSALS
    again: list[Deferred[Answer]] = []
    usable: list[bool] = []

    def told(_: object) -> None:
        usable.append(scene.origin._lanes.is_open())
        again.append(scene.ask())

    second.addErrback(told)
    wire.goaway(1)
    assert usable == [False]
    scene.connect().answer(1)
    wire.answer(1)
    assert list(wire.requests) == [1, 3]
    assert [succeeded(each).status for each in (first, again[0])] == [200, 200]


def test_two_goaways_are_a_warning_and_the_end(scene: Scene) -> None:
    """RFC 9113 section 6.8: first no new stream, and then which of them were taken."""
    wire, first = scene.connected()
    second = scene.ask(b"second")
    scene.turn()
    wire.goaway(LAST)
    third = scene.ask(b"third")
    scene.turn()
    assert list(wire.requests) == [1, 3]
    other = scene.connect()
    assert [each.body for each in other.requests.values()] == [b"third"]
    wire.goaway(1)
    scene.turn()
    assert [each.body for each in other.requests.values()] == [b"third", b"second"]
    wire.answer(1)
    other.answer(1, 3)
    assert [succeeded(each).status for each in (first, second, third)] == [200] * 3


def test_goaway_with_an_error_says_why(scene: Scene) -> None:
    """N-05: what APNs has against a connection the operator reads, if it is a word."""
    wire, asked = scene.connected()
    wire.goaway(1, ErrorCodes.ENHANCE_YOUR_CALM, b'{"reason":"BadCertificate"}')
    wire.lose()
    assert str(failed(asked, Ambiguous)) == (
        "the server closes the connection (ENHANCE_YOUR_CALM, BadCertificate)"
    )


def test_goaway_says_none_of_the_peers_secrets(scene: Scene) -> None:
    """T17: what is no word of a few letters is not passed on."""
    wire, asked = scene.connected()
    wire.goaway(1, ErrorCodes.INTERNAL_ERROR, b'{"reason":"0123456789abcdef"}')
    wire.lose()
    assert str(failed(asked, Ambiguous)) == "the server closes the connection (INTERNAL_ERROR)"


def test_what_was_to_be_said_is_said_though_the_server_goes(scene: Scene) -> None:
    """RFC 9113 section 6.5.3: SETTINGS and PING before a GOAWAY are acknowledged after it."""
    wire, asked = scene.connected()
    wire.step()
    settings = SettingsFrame(0, settings={SettingCodes.MAX_FRAME_SIZE: 20_000}).serialize()
    ping = PingFrame(0, opaque_data=b"12345678").serialize()
    wire.feed(settings + ping + GoAwayFrame(0, 1).serialize())
    said = wire.transport.take()
    assert SettingsFrame(0, flags=["ACK"]).serialize() in said
    assert PingFrame(0, opaque_data=b"12345678", flags=["ACK"]).serialize() in said
    wire.answer(1)
    assert succeeded(asked).status == 200


def test_body_goes_on_after_goaway(scene: Scene) -> None:
    """RFC 9113 section 6.8: a request that was taken is sent to its end."""
    asked = scene.ask(b"x" * 300)
    scene.turn()
    wire = scene.connect(initial_window_size=100)
    wire.goaway(1)
    wire.peer.increment_flow_control_window(300, 1)
    wire.flush()
    wire.step()
    assert wire.requests[1].whole
    wire.answer(1)
    assert succeeded(asked).status == 200


def test_server_that_goes_at_once_is_not_asked_for_ever(scene: Scene) -> None:
    """T9: a connection that was of no use at all is none, and whoever waits is told."""
    asked = scene.ask()
    scene.turn()
    wire = scene.connect(settings=False)
    wire.feed(wire.peer.data_to_send() + GoAwayFrame(0, 0).serialize())
    scene.turn()
    assert str(failed(asked, NoConnection)) == "the server closes the connection"
    assert scene.endpoint.waiting == []


def test_server_that_takes_nothing_is_asked_four_times(scene: Scene) -> None:
    """T9: a server that goes away from each request is not asked for ever."""
    wire, asked = scene.connected()
    for _ in range(3):
        wire.goaway(0)
        scene.turn()
        wire = scene.connect()
        assert list(wire.requests) == [1]
    wire.goaway(0)
    assert str(failed(asked, NotProcessed)) == "the server closes the connection"
    assert scene.endpoint.waiting == []


def test_lost_connection_is_ambiguous_for_what_was_on_it(scene: Scene) -> None:
    """N-05: nobody knows what was done with a request whose connection is lost: not again."""
    wire, first = scene.connected()
    second = scene.ask()
    scene.turn()
    wire.head(1, 410)
    wire.flush()
    wire.lose()
    assert succeeded(first).status == 410  # that much was said
    assert str(failed(second, Ambiguous)) == "connection lost"
    scene.turn()
    assert scene.endpoint.waiting == []


def test_request_that_has_not_left_when_its_connection_is_lost_is_asked_elsewhere(
    scene: Scene,
) -> None:
    """N-05: nothing of it has left, so it cannot be doubled."""
    wire, first = scene.connected()
    wire.answer(1)
    asked = scene.ask()
    wire.lose()
    scene.turn()
    other = scene.connect()
    other.answer(1)
    assert [succeeded(each).status for each in (first, asked)] == [200, 200]


def test_silent_peer_is_asked_whether_it_is_there(scene: Scene) -> None:
    """N-04: a connection on which nothing came for a minute is asked, and kept if it answers."""
    wire, asked = scene.connected()
    wire.answer(1)
    for _ in range(5):
        scene.clock.advance(59.9)
        assert wire.transport.take() == b""
        scene.clock.advance(0.2)
        assert wire.transport.written
        wire.step()
        scene.clock.advance(6)
        assert not wire.transport.aborted
        scene.clock.advance(54)
        wire.step()
    assert succeeded(asked).status == 200


def test_peer_that_does_not_answer_a_ping_is_gone(scene: Scene) -> None:
    """N-04: a path that a NAT has forgotten costs no push: five seconds, and it is cut."""
    wire, asked = scene.connected()
    wire.answer(1)
    scene.clock.advance(60)
    waiting = scene.ask(seconds=30)
    scene.clock.advance(4.9)
    assert not wire.transport.aborted
    scene.clock.advance(0.2)
    assert wire.transport.aborted
    wire.step()
    assert str(failed(waiting, Ambiguous)) == "no answer to a ping"
    assert succeeded(asked).status == 200


def test_connection_that_nobody_needs_is_closed(scene: Scene) -> None:
    """N-04: ten minutes without a request, and it is closed in good order."""
    wire, asked = scene.connected()
    wire.answer(1)
    for _ in range(19):
        scene.clock.advance(30)
        wire.step()
        assert not wire.transport.closing
    scene.clock.advance(30)
    assert wire.transport.closing
    assert succeeded(asked).status == 200


def test_connection_that_is_closed_is_cut_where_the_server_does_not_agree(scene: Scene) -> None:
    """RFC 9113 section 9.1: a peer that is gone does not keep a closed connection."""
    wire, asked = scene.connected()
    wire.stubborn = True
    wire.answer(1)
    wire.goaway(LAST)
    assert wire.transport.closing
    session = wire.protocol.lane._session
    assert session.receive(b"x" * 100_000) is False
    assert len(session._inbox) == 0
    scene.clock.advance(4.9)
    assert not wire.transport.aborted
    scene.clock.advance(0.1)
    assert wire.transport.aborted
    assert succeeded(asked).status == 200


def test_late_connection_gets_no_request_until_it_answers(scene: Scene) -> None:
    """W3: where a request was not answered in time, the next goes elsewhere until it speaks."""
    wire, first = scene.connected()
    scene.clock.advance(5)
    assert str(failed(first, Ambiguous)) == "timed out"
    second = scene.ask()
    scene.clock.advance(0)
    assert len(scene.endpoint.waiting) == 1
    other = scene.connect(settings=False)
    other.flush()
    other.step()
    other.answer(1)
    assert succeeded(second).status == 200
    wire.step()  # now it answers the ping
    assert wire.requests[1].reset == ErrorCodes.CANCEL
    third = scene.ask()
    scene.turn()
    assert list(wire.requests) == [1, 3]
    wire.answer(3)
    assert succeeded(third).status == 200


def test_late_answer_to_a_request_that_was_reset_does_no_harm(scene: Scene) -> None:
    """RFC 9113 section 5.4.2: it was on its way; the connection goes on."""
    wire, first = scene.connected()
    wire.head(1)
    wire.peer.send_data(1, b"late", end_stream=True)
    late = wire.peer.data_to_send()
    scene.clock.advance(5)
    failed(first, Ambiguous)
    second = scene.ask()
    scene.clock.advance(0)
    wire.feed(late)
    wire.step()
    scene.turn()
    wire.answer(3)
    assert succeeded(second).status == 200
    assert not wire.gone


def test_status_that_came_in_time_is_an_answer_though_its_body_did_not(scene: Scene) -> None:
    """T9: a slow drip ends with the time that the whole request has."""
    wire, asked = scene.connected()
    wire.head(1, 429)
    for _ in range(9):
        wire.peer.send_data(1, b"x")
        wire.flush()
        scene.clock.advance(0.5)
    assert not asked.called
    scene.clock.advance(0.5)
    wire.step()
    answer = succeeded(asked)
    assert (answer.status, answer.body) == (429, b"x" * 9)
    assert wire.requests[1].reset == ErrorCodes.CANCEL


def test_used_up_stream_numbers_need_another_connection(scene: Scene) -> None:
    """RFC 9113 section 5.1.1: after 2^31-1 there is none, and a new connection begins at 1."""
    wire, first = scene.connected()
    wire.answer(1)
    for side in (wire.protocol.lane._session._h2, wire.peer):
        side.highest_outbound_stream_id = side.highest_inbound_stream_id = LAST - 4
    wire.peer.highest_outbound_stream_id = 0
    asked = [scene.ask() for _ in range(3)]
    scene.turn()
    assert list(wire.requests) == [1, LAST - 2, LAST]
    other = scene.connect()
    other.answer(1)
    wire.answer(LAST - 2, LAST)
    assert [succeeded(each).status for each in [first, *asked]] == [200] * 4
    assert wire.gone


def test_more_connections_are_opened_where_none_has_room_and_four_at_most(scene: Scene) -> None:
    """N-04: one after the other, and not more than are of use."""
    asked = [scene.ask() for _ in range(10)]
    scene.turn()
    for _ in range(4):
        assert len(scene.endpoint.waiting) == 1
        scene.connect(max_concurrent_streams=2)
    assert scene.endpoint.waiting == []
    assert [len(wire.requests) for wire in scene.wires] == [2, 2, 2, 2]
    scene.wires[3].answer(1, 3)
    scene.turn()
    assert [len(wire.requests) for wire in scene.wires] == [2, 2, 2, 4]
    for wire in scene.wires:
        wire.answer(*wire.open)
    assert [succeeded(each).status for each in asked] == [200] * 10


def test_no_more_streams_than_we_want(scene: Scene) -> None:
    """W3: a server that sets no limit is given a thousand requests at a time."""
    asked = [scene.ask(b"") for _ in range(MOST_STREAMS + 5)]
    scene.turn()
    wire = scene.connect(max_concurrent_streams=MOST_STREAMS + 5)
    assert len(wire.requests) == MOST_STREAMS
    wire.answer(*wire.open)
    scene.turn()
    wire.answer(*wire.open)
    assert sum(succeeded(each).status == 200 for each in asked) == len(asked)


@pytest.mark.parametrize("late", [False, True])
def test_cut_before_the_settings_is_no_connection(scene: Scene, late: bool) -> None:
    """N-04: what was never ready is told as no connection, and nothing has left on it."""
    asked = scene.ask(seconds=30)
    scene.turn()
    wire = scene.connect(settings=False)
    if late:
        scene.clock.advance(10)
        wire.step()
    else:
        wire.lose()
    expected = "no connection in time" if late else "connection lost"
    assert str(failed(asked, NoConnection)) == expected


def test_connections_that_go_away_and_never_answer_are_bounded(scene: Scene) -> None:
    """T9: sixteen may be on their way out; more are opened when those have gone."""
    asked = [scene.ask(seconds=20) for _ in range(30)]
    scene.turn()
    made = 0
    while scene.endpoint.waiting:
        scene.connect(max_concurrent_streams=1).goaway(LAST)
        made += 1
        scene.turn()
    assert made == 16
    for wire in scene.wires:
        wire.lose()
    assert len(scene.endpoint.waiting) == 1
    assert sum(each.called for each in asked) == 16
    for each in asked:
        each.addErrback(lambda _: None)
