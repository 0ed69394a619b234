"""Tests for :mod:`sippn.http.two`: servers that do what none should."""

from __future__ import annotations

from typing import Any

import pytest
from h2.connection import H2ConnectionStateMachine
from h2.errors import ErrorCodes
from h2.settings import SettingCodes
from hpack import Encoder
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    HeadersFrame,
    PingFrame,
    PushPromiseFrame,
    SettingsFrame,
    WindowUpdateFrame,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from sippn.http import Ambiguous, NoConnection
from sippn.http.two.framing import MOST_OF_FRAME, Framing, StayingOpen, check_table
from sippn.http.two.session import MOST_INFORMED, MOST_OF_BODIES, MOST_OF_BODY
from sippn.testing.results import failed, succeeded
from tests.http.scene import Scene, Wire, scene_to_its_end


def cut(wire: Wire) -> bool:
    """Whether the connection is gone, by our will."""
    wire.step()
    return wire.gone and wire.transport.aborted


def head(stream: int, *fields: tuple[bytes, bytes], flags: tuple[str, ...] = ()) -> HeadersFrame:
    """HEADERS with a field section of its own, none of it in a table."""
    block = Encoder().encode([(*each, True) for each in fields])
    return HeadersFrame(stream, block, flags=list(flags))


def test_long_body_is_kept_in_part(scene: Scene) -> None:
    """T9: 64 KiB of a body are kept, the rest is not asked for, and the status counts."""
    wire, asked = scene.connected()
    other = scene.ask()
    scene.turn()
    wire.head(1, 500)
    for _ in range(5):
        wire.peer.send_data(1, b"x" * MOST_OF_FRAME)
    wire.flush()
    wire.step()
    answer = succeeded(asked)
    assert (answer.status, len(answer.body)) == (500, MOST_OF_BODY)
    assert wire.requests[1].reset == ErrorCodes.CANCEL
    wire.answer(3)
    assert succeeded(other).status == 200


def test_body_of_exactly_the_most_is_whole(scene: Scene) -> None:
    """T9: one octet less than too much is not too much."""
    wire, asked = scene.connected()
    wire.head(1)
    for _ in range(4):
        wire.peer.send_data(1, b"x" * MOST_OF_FRAME)
    wire.peer.end_stream(1)
    wire.flush()
    wire.step()
    assert len(succeeded(asked).body) == MOST_OF_BODY
    assert wire.requests[1].reset is None


def test_long_bodies_together_are_bounded(scene: Scene) -> None:
    """W4: a megabyte of bodies on one connection, however many streams they come on."""
    asked = [scene.ask(b"") for _ in range(40)]
    scene.turn()
    wire = scene.connect()
    for stream in range(1, 81, 2):
        if wire.gone or stream not in wire.open:
            continue
        wire.head(stream)
        for _ in range(2):
            wire.peer.send_data(stream, b"x" * MOST_OF_FRAME)
        wire.flush()
        wire.step()
    session = wire.protocol.lane._session
    assert session._kept <= MOST_OF_BODIES
    done = [succeeded(each) for each in asked if each.called]
    assert len(done) == 40 - MOST_OF_BODIES // (2 * MOST_OF_FRAME)
    wire.lose()
    assert all(succeeded(each).status == 200 for each in asked)


@pytest.mark.parametrize("size", [33_000, 70_000])
def test_long_head_costs_the_connection(scene: Scene, size: int) -> None:
    """T9: 32 KiB of a header section are read, and what is under way is ambiguous."""
    wire, asked = scene.connected()
    wire.peer.send_headers(1, [(b":status", b"200"), (b"x", b"y" * size)])
    wire.flush()
    assert cut(wire)
    assert str(failed(asked, Ambiguous)) == "no HTTP/2"


def test_head_that_is_long_when_it_is_expanded_costs_the_connection(scene: Scene) -> None:
    """T9: one octet for each field of a table is a bomb all the same."""
    wire, asked = scene.connected()
    encoder = Encoder()
    block = encoder.encode([(b":status", b"200"), (b"x", b"y" * 3000)])
    block += encoder.encode([(b"x", b"y" * 3000)]) * 50
    wire.feed(HeadersFrame(1, block, flags=["END_HEADERS"]).serialize())
    assert cut(wire)
    failed(asked, Ambiguous)


def test_flood_of_fields_costs_the_connection(scene: Scene) -> None:
    """W4: a thousand header fields."""
    wire, asked = scene.connected()
    wire.peer.send_headers(1, [(b":status", b"200")] + [(b"x-%d" % n, b"y") for n in range(1000)])
    wire.flush()
    assert cut(wire)
    failed(asked, Ambiguous)


def test_flood_of_continuations_costs_the_connection(scene: Scene) -> None:
    """T9: a header section that goes on and on (CVE-2024-27316)."""
    wire, asked = scene.connected()
    wire.feed(head(1, (b":status", b"200")).serialize())
    for _ in range(100):
        wire.feed(ContinuationFrame(1, b"").serialize())
    assert cut(wire)
    failed(asked, Ambiguous)


def test_endless_continuation_is_not_kept(scene: Scene) -> None:
    """T9: 32 KiB of it, and not what CONTINUATION frames have room for."""
    wire, asked = scene.connected()
    wire.feed(head(1, (b":status", b"200")).serialize())
    for _ in range(3):
        wire.feed(ContinuationFrame(1, b"x" * 12_000).serialize())
    assert cut(wire)
    failed(asked, Ambiguous)


def test_frame_that_is_too_long_is_not_waited_for(scene: Scene) -> None:
    """RFC 9113 section 4.2: its length says so, before it is here."""
    wire, asked = scene.connected()
    wire.feed((MOST_OF_FRAME + 1).to_bytes(3, "big") + b"\x00\x00\x00\x00\x00\x01")
    assert cut(wire)
    failed(asked, Ambiguous)


def test_storm_of_informational_answers_is_reset(scene: Scene) -> None:
    """T9: 1xx without end is no answer; the connection goes on."""
    wire, asked = scene.connected()
    other = scene.ask()
    scene.turn()
    for _ in range(MOST_INFORMED + 1):
        wire.peer.send_headers(1, [(b":status", b"103")])
    wire.flush()
    assert str(failed(asked, Ambiguous)) == "no HTTP/2"
    wire.step()
    wire.answer(3)
    assert succeeded(other).status == 200


@pytest.mark.parametrize("status", [b"abc", b"2000", b"600", b"20", b"-20", b"\xb2\xb20"])
def test_status_that_is_none_is_no_answer(scene: Scene, status: bytes) -> None:
    """RFC 9110 section 15: three digits, the first from 2 to 5."""
    wire, asked = scene.connected()
    wire.feed(head(1, (b":status", status), flags=("END_HEADERS",)).serialize())
    scene.turn()
    assert str(failed(asked, Ambiguous)) == "no HTTP/2"


def test_pushed_stream_costs_the_connection(scene: Scene) -> None:
    """RFC 9113 section 8.4: we have said ENABLE_PUSH 0."""
    wire, asked = scene.connected()
    sent = [each for each in wire.events if hasattr(each, "changed_settings")]
    assert sent[0].changed_settings[SettingCodes.ENABLE_PUSH].new_value == 0
    block = Encoder().encode([(b":method", b"GET"), (b":path", b"/"), (b":scheme", b"https")])
    frame = PushPromiseFrame(1, 2, block, flags=["END_HEADERS"])
    wire.feed(frame.serialize())
    assert cut(wire)
    failed(asked, Ambiguous)


@pytest.mark.parametrize(
    "frame",
    [
        PingFrame(0, opaque_data=b"12345678"),
        SettingsFrame(0),
        WindowUpdateFrame(0, 1),
        DataFrame(1, b""),
    ],
    ids=lambda frame: type(frame).__name__,
)
def test_frames_that_lead_nowhere_are_bounded(
    scene: Scene, frame: Frame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T9: a server that talks and never answers is cut, whatever it talks about."""
    monkeypatch.setattr("sippn.http.two.session.MOST_FRAMES", 500)
    wire, asked = scene.connected()
    wire.feed(head(1, (b":status", b"200"), flags=("END_HEADERS",)).serialize())
    wire.feed(frame.serialize() * 490)
    wire.step()
    assert not wire.gone
    wire.feed(frame.serialize() * 10)
    assert cut(wire)
    assert succeeded(asked).status == 200


def test_answers_make_room_for_more_frames(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """T9: a connection that lives long is not cut for that."""
    monkeypatch.setattr("sippn.http.two.session.MOST_FRAMES", 500)
    wire, asked = scene.connected()
    frames = PingFrame(0, opaque_data=b"12345678").serialize() * 250
    for number in range(4):
        wire.feed(frames)
        wire.answer(1 + 2 * number)
        assert succeeded(asked).status == 200
        asked = scene.ask()
        scene.turn()
    wire.answer(9)
    assert succeeded(asked).status == 200


def test_answer_before_the_breach_is_an_answer(scene: Scene) -> None:
    """RFC 9113 section 5.4.1: what was said before a server went wrong was said."""
    wire, first = scene.connected()
    second = scene.ask()
    scene.turn()
    wire.head(1, 410, ended=True)
    wire.feed(wire.peer.data_to_send() + DataFrame(0x7FF1, b"x").serialize())
    assert cut(wire)
    assert succeeded(first).status == 410
    assert str(failed(second, Ambiguous)) == "no HTTP/2"


def test_window_beyond_all_bounds_costs_the_stream(scene: Scene) -> None:
    """RFC 9113 section 6.9.1: more than 2^31-1 is an error of that stream."""
    wire, first = scene.connected()
    wire.feed(WindowUpdateFrame(1, (1 << 31) - 1).serialize())
    assert str(failed(first, Ambiguous)) == "the stream was reset (FLOW_CONTROL_ERROR)"


def test_http_1_where_http_2_was_agreed_on_is_no_connection(scene: Scene) -> None:
    """RFC 9113 section 3.2: what ALPN has chosen is spoken."""
    asked = scene.ask()
    scene.turn()
    wire = scene.connect(settings=False)
    wire.feed(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    assert cut(wire)
    assert str(failed(asked, NoConnection)) == "no HTTP/2"


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 12), st.integers(0, 255), st.integers(0, 5), st.binary(max_size=40)
        )
    )
)
def test_no_octets_of_a_server_break_anything(frames: list[tuple[int, int, int, bytes]]) -> None:
    """T9: whatever comes, each request ends once, in an answer or in one of two ways without."""
    with scene_to_its_end() as scene:
        wire, first = scene.connected()
        asked = [first, scene.ask()]
        scene.turn()
        for kind, flags, stream, payload in frames:
            octets = (
                len(payload).to_bytes(3, "big") + bytes([kind, flags, 0, 0, 0, stream]) + payload
            )
            wire.feed(octets)
        wire.lose()
        scene.turn()
        while scene.endpoint.waiting:
            scene.connect().lose()
        for each in asked:
            results: list[Any] = []
            each.addBoth(results.append)
            assert len(results) == 1


def test_h2_has_the_table_that_we_change() -> None:
    """RFC 9113 section 6.8: h2 closes a connection on GOAWAY, and ours does not (h2#1181)."""
    known = H2ConnectionStateMachine._transitions
    check_table(known, "4.3.0")
    changed = {key: value for key, value in StayingOpen._transitions.items() if known[key] != value}
    assert sorted(f"{state.name} {what.name}" for state, what in changed) == [
        "CLIENT_OPEN RECV_GOAWAY",
        "IDLE RECV_GOAWAY",
    ]
    assert isinstance(Framing().state_machine, StayingOpen)


def test_h2_of_another_make_is_refused_in_words() -> None:
    """N-04: a library that has changed is found at the start, not in the middle of a call."""
    with pytest.raises(ImportError, match=r"h2 9\.0\.0 .* install h2>=4\.3,<5"):
        check_table({}, "9.0.0")
