"""Tests for :mod:`sippn.http.two`: requests, answers, and how many there may be at a time."""

from __future__ import annotations

import logging

import pytest
from h2.errors import ErrorCodes
from h2.events import PriorityUpdated
from h2.settings import SettingCodes

from sippn.http import Ambiguous, NotProcessed
from sippn.testing.results import failed, succeeded
from tests.http.scene import PATH, Scene, rst

TOKEN = b"bearer a-token-of-ours"


def test_one_request_and_its_answer(scene: Scene) -> None:
    """RFC 9113 section 8.3: a request is what it says, and its answer is told as it came."""
    asked = scene.ask(b"body", fields=((b"apns-topic", b"com.example"),))
    scene.turn()
    wire = scene.connect()
    request = wire.requests[1]
    assert request.fields == {
        b":method": b"POST",
        b":scheme": b"https",
        b":authority": b"push.example.com",
        b":path": PATH,
        b"content-length": b"4",
        b"apns-topic": b"com.example",
    }
    assert (request.body, request.whole) == (b"body", True)
    wire.answer(1, status=410, body=b'{"reason":"Unregistered"}')
    answer = succeeded(asked)
    assert (answer.status, answer.body) == (410, b'{"reason":"Unregistered"}')
    assert answer.value(b"x-stream") == b"1"
    assert not any(isinstance(each, PriorityUpdated) for each in wire.events)


def test_request_without_body_ends_with_its_head(scene: Scene) -> None:
    """RFC 9113 section 8.1: END_STREAM is on HEADERS where nothing follows."""
    asked = scene.ask(b"")
    scene.turn()
    wire = scene.connect()
    assert wire.requests[1].whole
    wire.answer(1)
    assert succeeded(asked).body == b""


def test_nothing_leaves_before_the_settings_have_come(scene: Scene) -> None:
    """RFC 9113 section 3.4: how many streams a server takes it says first; we wait for that."""
    asked = scene.ask()
    scene.turn()
    wire = scene.connect(settings=False)
    wire.transport.take()
    scene.turn()
    assert wire.transport.take() == b""
    wire.flush()
    assert wire.transport.take() != b""
    wire.lose()
    failed(asked, Ambiguous)


def test_one_stream_until_the_first_answer(scene: Scene) -> None:
    """N-04: APNs takes one request until it has liked a token, and then many."""
    wire, first = scene.connected(max_concurrent_streams=1)
    others = [scene.ask() for _ in range(5)]
    scene.turn()
    assert list(wire.requests) == [1]
    wire.peer.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: 1000})
    wire.answer(1)
    scene.turn()
    assert list(wire.requests) == [1, 3, 5, 7, 9, 11]
    wire.answer(3, 5, 7, 9, 11)
    assert [succeeded(each).status for each in [first, *others]] == [200] * 6


def test_lowered_limit_of_streams_is_kept(scene: Scene) -> None:
    """RFC 9113 section 5.1.2: with more under way than allowed nothing leaves until it is less."""
    wire, first = scene.connected(max_concurrent_streams=4)
    asked = [first, *(scene.ask() for _ in range(3))]
    scene.turn()
    wire.settings(max_concurrent_streams=2)
    asked += [scene.ask(), scene.ask()]
    scene.turn()
    assert len(wire.requests) == 4
    wire.answer(1, 3)
    scene.turn()
    assert len(wire.requests) == 4
    wire.answer(5)
    scene.turn()
    assert len(wire.requests) == 5
    wire.answer(7, 9)
    scene.turn()
    wire.answer(11)
    assert [succeeded(each).status for each in asked] == [200] * 6


def test_requests_of_one_turn_are_one_write(scene: Scene) -> None:
    """N-04: what is asked in one turn of the reactor leaves in one piece."""
    wire, first = scene.connected()
    wire.answer(1)
    scene.turn()
    before = wire.transport.writes
    asked = [scene.ask() for _ in range(20)]
    assert wire.transport.writes == before
    scene.turn()
    assert wire.transport.writes == before + 1
    wire.answer(*range(3, 43, 2))
    assert all(succeeded(each).status == 200 for each in [first, *asked])


def test_body_waits_for_the_servers_window(scene: Scene) -> None:
    """RFC 9113 section 5.2: no more leaves than the server has room for."""
    asked = scene.ask(bytes(range(256)) * 4)
    scene.turn()
    wire = scene.connect(initial_window_size=100)
    assert len(wire.requests[1].body) == 100
    wire.peer.increment_flow_control_window(300, 1)
    wire.flush()
    scene.turn()
    assert len(wire.requests[1].body) == 400
    wire.settings(initial_window_size=2000)
    scene.turn()
    assert wire.requests[1].body == bytes(range(256)) * 4
    assert wire.requests[1].whole
    wire.answer(1)
    assert succeeded(asked).status == 200


def test_body_waits_for_the_window_of_the_connection(scene: Scene) -> None:
    """RFC 9113 section 6.9.1: 65,535 octets for all streams together, until there is more."""
    asked = [scene.ask(b"x" * 40_000), scene.ask(b"y" * 40_000)]
    scene.turn()
    wire = scene.connect()
    assert [len(each.body) for each in wire.requests.values()] == [40_000, 25_535]
    wire.peer.increment_flow_control_window(40_000)
    wire.flush()
    scene.turn()
    assert wire.requests[3].body == b"y" * 40_000
    wire.answer(1, 3)
    assert [succeeded(each).status for each in asked] == [200, 200]


def test_answer_before_the_whole_body_is_an_answer(scene: Scene) -> None:
    """RFC 9113 section 8.1: a server that has heard enough says so, and we stop."""
    asked = scene.ask(b"x" * 1000)
    scene.turn()
    wire = scene.connect(initial_window_size=10)
    wire.answer(1, status=413)
    scene.turn()
    assert succeeded(asked).status == 413
    assert wire.requests[1].reset == ErrorCodes.CANCEL


def test_windows_that_we_give_are_given_back(scene: Scene) -> None:
    """RFC 9113 section 6.9: ten megabytes of answers come through one connection."""
    wire, first = scene.connected()
    wire.answer(1)
    for number in range(200):
        asked = scene.ask()
        scene.turn()
        stream = 3 + 2 * number
        wire.head(stream)
        for _ in range(3):
            wire.peer.send_data(stream, b"x" * 16_384)
        wire.peer.end_stream(stream)
        wire.flush()
        wire.step()
        assert len(succeeded(asked).body) == 49_152
    assert succeeded(first).status == 200


def test_reset_after_a_whole_answer_changes_nothing(scene: Scene) -> None:
    """RFC 9113 section 8.1: RST_STREAM(NO_ERROR) says that the rest is not wanted."""
    wire, asked = scene.connected()
    wire.answer(1)
    wire.feed(rst(1, ErrorCodes.NO_ERROR))
    assert succeeded(asked).status == 200
    again = scene.ask()
    scene.turn()
    wire.answer(3)
    assert succeeded(again).status == 200
    assert len(scene.wires) == 1


def test_reset_after_the_head_leaves_its_status(scene: Scene) -> None:
    """RFC 9113 section 8.1: what the status says has been said."""
    wire, asked = scene.connected()
    wire.head(1, 503)
    wire.flush()
    wire.reset(1, ErrorCodes.INTERNAL_ERROR)
    assert succeeded(asked).status == 503


def test_reset_stream_is_ambiguous(scene: Scene) -> None:
    """RFC 9113 section 8.7: any code but REFUSED_STREAM leaves it open what was done."""
    wire, asked = scene.connected()
    wire.reset(1, ErrorCodes.INTERNAL_ERROR)
    assert str(failed(asked, Ambiguous)) == "the stream was reset (INTERNAL_ERROR)"
    scene.turn()
    assert len(wire.requests) == 1


def test_trailers_padding_and_unknown_frames_do_no_harm(scene: Scene) -> None:
    """RFC 9113 sections 4.1, 5.5, 8.1: a frame that means nothing to us means nothing."""
    wire, asked = scene.connected()
    wire.feed(b"\x00\x00\x03\xfa\x00\x00\x00\x00\x00abc")
    wire.feed(b"\x00\x00\x02\xfb\x00\x00\x00\x00\x01ab")
    wire.head(1)
    wire.peer.send_data(1, b"one", pad_length=200)
    wire.peer.send_headers(1, [(b"x-sum", b"1")], end_stream=True)
    wire.flush()
    assert succeeded(asked).body == b"one"


def test_informational_answers_are_passed_over(scene: Scene) -> None:
    """RFC 9110 section 15.2: 1xx is no answer, and the one behind it is."""
    wire, asked = scene.connected()
    for _ in range(10):
        wire.peer.send_headers(1, [(b":status", b"103"), (b"link", b"</x>")])
    wire.answer(1)
    assert succeeded(asked).status == 200


def test_path_is_never_indexed_and_a_token_is(scene: Scene) -> None:
    """T7: no table of HPACK keeps a PRID (RFC 7541 section 7.1.3), in ours or the server's."""
    wire, first = scene.connected()
    wire.answer(1)
    sizes = []
    for number in range(3):
        asked = scene.ask(
            b"",
            fields=((b"authorization", TOKEN), (b"apns-id", b"id-%032d" % number)),
            path=b"/3/device/%064d" % number,
        )
        scene.clock.advance(0)
        sizes.append(len(wire.transport.written))
        wire.step()
        wire.answer(3 + 2 * number)
        succeeded(asked)
    table = wire.protocol.lane._session._h2.encoder.header_table.dynamic_entries
    assert [name for name, _ in table if name == b":path"] == []
    assert (b"authorization", TOKEN) in table
    assert [value for name, value in table if name == b"apns-id"] == [b"id-" + b"0" * 32]
    assert not any(
        b"/3/device" in value for _, value in wire.peer.decoder.header_table.dynamic_entries
    )
    assert sizes[2] < sizes[0]
    assert wire.requests[7].fields[b"apns-id"] == b"id-%032d" % 2
    assert succeeded(first).status == 200


def test_debug_log_of_the_libraries_has_no_token(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """T17: who lets everything be logged does not find our tokens there."""
    with caplog.at_level(logging.DEBUG):
        wire, asked = scene.connected()
        wire.answer(1)
        again = scene.ask(fields=((b"authorization", TOKEN),))
        scene.turn()
        wire.answer(3)
    assert [succeeded(each).status for each in (asked, again)] == [200, 200]
    assert "authorization" not in caplog.text
    assert PATH.decode() not in caplog.text


def test_table_that_the_server_shrinks_is_shrunk(scene: Scene) -> None:
    """RFC 7541 section 4.2: a server that keeps no table understands us all the same."""
    wire, asked = scene.connected()
    wire.answer(1)
    wire.settings(header_table_size=0)
    wire.step()
    for number in range(3):
        again = scene.ask(fields=((b"authorization", TOKEN),))
        scene.turn()
        assert wire.requests[3 + 2 * number].fields[b"authorization"] == TOKEN
        wire.answer(3 + 2 * number)
        assert succeeded(again).status == 200
    wire.settings(header_table_size=1 << 30)
    wire.step()
    encoder = wire.protocol.lane._session._h2.encoder
    assert encoder.header_table_size == 4096
    again = scene.ask(fields=((b"authorization", TOKEN),))
    scene.turn()
    wire.answer(9)
    assert succeeded(again).status == succeeded(asked).status == 200


def test_refused_stream_is_asked_again_elsewhere(scene: Scene) -> None:
    """RFC 9113 section 8.7: REFUSED_STREAM was not processed; another connection may take it."""
    wire, asked = scene.connected()
    wire.reset(1, ErrorCodes.REFUSED_STREAM)
    scene.turn()
    assert wire.gone  # nothing else is under way there
    other = scene.connect()
    assert other.requests[1].body == b"{}"
    other.answer(1)
    assert succeeded(asked).status == 200


def test_refusing_connection_gets_no_more_until_it_answers(scene: Scene) -> None:
    """RFC 9113 section 8.7: a server that refuses one is not asked at once for the next."""
    wire, first = scene.connected()
    second = scene.ask()
    scene.turn()
    wire.reset(3, ErrorCodes.REFUSED_STREAM)
    scene.turn()
    other = scene.connect()
    assert list(other.requests) == [1]
    wire.answer(1)
    third = scene.ask()
    scene.turn()
    assert list(wire.requests) == [1, 3, 5]
    wire.answer(5)
    other.answer(1)
    assert [succeeded(each).status for each in (first, second, third)] == [200] * 3


def test_refused_everywhere_is_told_in_the_end(scene: Scene) -> None:
    """T9: a server that refuses each stream is asked four times, and no more."""
    wire, asked = scene.connected()
    for _ in range(3):
        wire.reset(1, ErrorCodes.REFUSED_STREAM)
        scene.turn()
        wire = scene.connect()
    wire.reset(1, ErrorCodes.REFUSED_STREAM)
    assert str(failed(asked, NotProcessed)) == "refused by the server"
    assert len(scene.wires) == 4
