"""Tests for :mod:`sippn.transport.framing`."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sippn.sip import BadMessage, TooLarge, read
from sippn.transport import Framer

FIELDS = (
    b"Via: SIP/2.0/TCP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\n"
    b"Call-ID: c\r\nCSeq: 1 MESSAGE\r\n"
)


def message(body: bytes = b"", length: bytes | None = None) -> bytes:
    """A request with *body*, which may say another *length*."""
    said = b"%d" % len(body) if length is None else length
    return b"MESSAGE sip:h SIP/2.0\r\n" + FIELDS + b"Content-Length: " + said + b"\r\n\r\n" + body


def framer(message_limit: int = 131072) -> Framer:
    return Framer(message_limit)


def fed(cut: Framer, octets: bytes) -> list[bytes]:
    """All that is whole once it has got *octets* as well."""
    cut.feed(octets)
    return list(iter(cut.next, None))


def test_whole_messages_come_out_at_once() -> None:
    """RFC 3261 section 18.3: each ends where its Content-Length says."""
    first, second = message(b"one\r\n\r\n"), message()
    cut = framer()
    assert fed(cut, first + second + message(b"rest")[:-1]) == [first, second]
    assert cut.partial
    assert fed(cut, b"t") == [message(b"rest")]
    assert not cut.partial


@given(st.lists(st.binary(max_size=40), max_size=4), st.data())
def test_pieces_make_no_difference(bodies: list[bytes], data: st.DataObject) -> None:
    """A stream has no pieces: wherever it is cut, the same messages come out."""
    messages = [message(body) for body in bodies]
    stream = b"\r\n\r\n".join(messages)
    cut = framer()
    came = []
    while stream:
        size = data.draw(st.integers(1, 200))
        came += fed(cut, stream[:size])
        stream = stream[size:]
    assert came == messages
    assert not cut.partial
    assert not cut.broken


@pytest.mark.parametrize(
    "line", [b"Content-Length: 2", b"l:2", b"CONTENT-LENGTH \t:  2 ", b"L: 02", b"l:\r\n 2\r\n "]
)
def test_length_is_found_however_it_is_written(line: bytes) -> None:
    """RFC 3261 sections 7.3.1 and 7.3.3: any case, the compact form, blanks, folded."""
    whole = b"MESSAGE sip:h SIP/2.0\r\n" + line + b"\r\nX: y\r\n\r\nhi"
    cut = framer()
    assert fed(cut, whole + b"MESS") == [whole]
    assert cut.partial
    assert read(whole).body == b"hi"


@pytest.mark.parametrize(
    "line",
    [
        b"Subject: none",
        b"l: ",
        b"l: -1",
        b"l: +2",
        b"l: 0x2",
        b"l: 2 2",
        b"l: 2,2",
        b"l: 99999999999",
        b"l: 2\r\nl: 2",
        b"l: 2\r\nContent-Length: 0",
        b"l: \xd9\xa2",
        b"l: 2\nX: y",
        b"X: y\n l: 2",
    ],
)
def test_head_without_one_plain_length_is_the_last(line: bytes) -> None:
    """RFC 3261 section 20.14: nobody knows what follows, so all that follows is dropped."""
    head = b"MESSAGE sip:h SIP/2.0\r\n" + FIELDS + line + b"\r\n\r\n"
    cut = framer()
    assert fed(cut, message() + head + b"hi" + message()) == [message(), head]
    assert cut.broken
    assert fed(cut, message()) == []
    assert not cut.partial
    with pytest.raises(BadMessage) as caught:
        read(head, framed=True)
    assert (caught.value.status, caught.value.request is not None) == (400, True)


@pytest.mark.parametrize("length", [b"1000", b"9999999999"])
def test_message_beyond_the_limit_is_the_last(length: bytes) -> None:
    """A5: refused by its head; the body is not waited for."""
    cut = framer(1000)
    (head,) = fed(cut, message(b"b" * 900, length))
    assert head == message(length=length)
    assert (cut.broken, cut.partial) == (True, False)


def test_message_as_large_as_the_limit_passes() -> None:
    """A5: the limit itself is no more than the limit; 0 is none."""
    whole = message(b"b" * 300)
    assert fed(framer(len(whole)), whole) == [whole]
    assert fed(framer(len(whole) - 1), whole) != [whole]
    assert fed(framer(0), message(b"b" * 200_000)) == [message(b"b" * 200_000)]


@pytest.mark.parametrize("piece", [1000, 65536, 1 << 20])
@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"])
def test_head_beyond_the_limit_is_cut_off(piece: int, end: bytes) -> None:
    """A5: 64 KiB of head and not an octet more, with or without an end, however it comes."""
    stream = b"MESSAGE sip:h SIP/2.0\r\n" + FIELDS + b"Subject: " + b"s" * 70_000 + end
    cut = framer()
    came = []
    for at in range(0, len(stream), piece):
        came += fed(cut, stream[at : at + piece])
    assert came == [stream[:65537]]
    assert (cut.broken, cut.partial) == (True, False)
    with pytest.raises(TooLarge):
        read(came[0], framed=True)


def test_head_as_large_as_the_limit_passes() -> None:
    """A5: octet by octet as well, when its end comes in pieces."""
    whole = message()
    cut = Framer(0, len(whole) - 4)
    assert [fed(cut, bytes([octet])) for octet in whole][-1] == [whole]
    assert fed(Framer(0, len(whole) - 5), whole) == [whole[:-4]]


def test_double_line_ends_are_pings() -> None:
    """RFC 5626 section 3.5.1: two ask for an answer, one alone does not."""
    cut = framer()
    seen = []
    for octets in (b"\r\n", b"\r\n", b"\r\n", message(), b"\r\n", b"\r\n\r", b"\n\r\n", b"", b"X"):
        fed(cut, octets)
        seen.append(cut.pings)
        cut.pings = 0
        assert cut.partial is (octets == b"X")
    assert seen == [0, 1, 0, 0, 0, 1, 1, 0, 0]


def test_line_ends_inside_a_message_are_no_pings() -> None:
    """RFC 5626 section 3.5.1: a ping comes between messages."""
    cut = framer()
    fed(cut, message(b"\r\n\r\n\r\n\r\n"))
    assert cut.pings == 0


@pytest.mark.parametrize(
    "octets", [message(b"b" * 130_000), b"x" * 400_000, b"\r\n" * 65_000, b"X: \r\n" * 20_000]
)
def test_takes_time_in_proportion(octets: bytes) -> None:
    """A5: octet by octet costs no more than the octets; searched anew it is minutes."""
    cut = Framer(0, 1 << 30)
    began = process_time()
    for at in range(len(octets)):
        fed(cut, octets[at : at + 1])
    assert process_time() - began < 3


@given(
    st.lists(st.sampled_from([b"l", b":", b" ", b"\t", b"2", b"\r\n", b"\n", b"X"]), max_size=16)
)
def test_agrees_with_the_reader(pieces: list[bytes]) -> None:
    """T4: what the framer cuts off whole, the reader reads whole, or refuses."""
    whole = b"MESSAGE sip:h SIP/2.0\r\nA: b\r\n" + b"".join(pieces) + b"\r\n\r\n"
    head = whole[: whole.index(b"\r\n\r\n") + 4]
    cut = framer()
    (came, *_) = fed(cut, head + b"ab" + b"\r\n" * 20)
    try:
        body = read(head + b"ab" * 10, framed=True).body
    except BadMessage:
        return
    assert came == head + body[: len(came) - len(head)]
    assert len(came) - len(head) == len(body)
    assert not cut.broken
