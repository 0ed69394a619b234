"""Tests for :mod:`sippn.http.one.answer`: whatever a gateway sends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sippn.http.one.answer import MOST_OCTETS, MOST_OF_HEAD, AnswerReader, NoHTTP, TooLong

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = (
    b"HTTP/1.1 429 Slow down\r\nRetry-After: 7\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"4;x=y\r\n\r\n\r\n\r\n00A\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\n"
)


def read(octets: bytes, size: int = 0) -> tuple[AnswerReader, bool]:
    """Feed *octets*, *size* at a time; the reader, and whether the answer is complete."""
    reader, ended, step = AnswerReader(), False, size or max(1, len(octets))
    for at in range(0, len(octets), step):
        assert not ended, "octets behind the end"
        ended = reader.feed(octets[at : at + step])
    return reader, ended


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7])
@pytest.mark.parametrize(
    ("octets", "status", "retry_after"),
    [
        (PLAIN, 200, None),
        (CHUNKED, 429, b"7"),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", 204, None),
        (b"HTTP/1.1 304 \r\nTransfer-Encoding: chunked\r\n\r\n", 304, None),
        (b"HTTP/1.1 200\r\ncontent-length:0\r\n\r\n", 200, None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", 200, None),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" + PLAIN, 200, None),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n", 200, None),
    ],
)
def test_answer_ends_where_it_ends(
    octets: bytes, status: int, retry_after: bytes | None, size: int
) -> None:
    """RFC 9112 section 6.3: however it is cut in pieces, and the connection is of use again."""
    reader, ended = read(octets, size)
    assert (reader.status, reader.retry_after) == (status, retry_after)
    assert ended
    assert reader.reusable


@pytest.mark.parametrize(
    "octets",
    [
        b"HTTP/1.1 200 OK\r\nConnection: keep-alive, Close\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        PLAIN + b"HTTP/1.1 200 OK\r\n",  # nobody has asked for a second one
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_connection_that_cannot_be_trusted_is_used_no_more(octets: bytes) -> None:
    """RFC 9112 sections 6.1 and 9.3: the answer counts; what follows it could be anybody's."""
    reader, ended = read(octets)
    assert (reader.status, ended, reader.reusable) == (200, True, False)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 1\r\n\r\n",
    ],
)
def test_body_of_unknown_length_ends_with_its_connection(head: bytes) -> None:
    """RFC 9112 section 6.3: and not before."""
    reader, ended = read(head + b"0\r\n\r\n")
    assert (reader.status, ended, reader.reusable) == (200, False, False)


@pytest.mark.parametrize(
    "octets",
    [
        b"\x16\x03\x01\x02\x00\r\n\r\n",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/1.1 99 Low\r\n\r\n",
        b"HTTP/1.1 600 High\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1  200 OK\r\n\r\n",
        b"HTTP/1.1 200OK\r\n\r\n",
        b"HTTP/1.1 \xd9\xa2\xd9\xa0\xd9\xa0 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        b"\r\nHTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n: no name\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: y\r\n Content-Length: 5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1_0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 11111111111\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n111111111\r\n",
    ],
)
@pytest.mark.parametrize("size", [0, 1])
def test_what_can_be_read_in_two_ways_is_no_http(octets: bytes, size: int) -> None:
    """T9: in one piece or octet by octet."""
    with pytest.raises(NoHTTP):
        read(octets, size)


@pytest.mark.parametrize(
    "octets",
    [
        b"x" * (MOST_OCTETS + 1),
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * (MOST_OF_HEAD // 6),
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * MOST_OF_HEAD + b"\r\n\r\n",  # all of it at once
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + bytes(MOST_OCTETS),
        b"HTTP/1.1 102 Processing\r\n\r\n" * (MOST_OCTETS // 27 + 1),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1;" + b"x" * MOST_OCTETS,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * MOST_OCTETS,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * MOST_OCTETS,
    ],
)
@pytest.mark.parametrize("size", [1, 1000, 60000])
def test_no_more_is_read_than_the_cap(octets: bytes, size: int) -> None:
    """T9, W4: heads, bodies, chunks, trailers and 1xx storms; dripped, it costs no more either."""
    with pytest.raises(TooLong):
        read(octets, size)
    assert not read(octets[:1000], size)[1]


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_octets_at_random_do_no_harm(pieces: list[bytes]) -> None:
    """T9: an answer, more to come, or one of the two errors."""
    reader = AnswerReader()
    try:
        for piece in (b"HTTP/1.1 200 OK\r\n", *pieces):
            if reader.feed(piece):
                break
    except (NoHTTP, TooLong):
        pass
    assert 0 <= reader.status < 600


@given(st.data())
def test_pieces_make_no_difference(data: st.DataObject) -> None:
    """TCP cuts where it likes."""
    cuts = sorted(data.draw(st.sets(st.integers(0, len(CHUNKED)), max_size=8)))
    reader, ended = AnswerReader(), False
    for start, end in zip([0, *cuts], [*cuts, len(CHUNKED)], strict=True):
        if start < end:
            ended = reader.feed(CHUNKED[start:end])
    assert ended
    assert reader.reusable


@pytest.mark.parametrize("pieces", [1, 2, 3, 1000])
@pytest.mark.parametrize(
    "octets",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\nX-A: b\r\n\r\nhello world",
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n"
            b"5\r\nhello\r\n1;x=y\r\n \r\n5\r\nworld\r\n0\r\nx-trailer: y\r\n\r\n"
        ),
    ],
)
def test_body_and_fields_are_kept_where_they_are_wanted(octets: bytes, pieces: int) -> None:
    """T9: an answer that says why says it in its body, however it is cut into pieces."""
    reader = AnswerReader(keep=True)
    parts = [octets[at : at + pieces] for at in range(0, len(octets), pieces)]
    ended = [reader.feed(part) for part in parts]
    assert ended == [False] * (len(parts) - 1) + [True]
    assert bytes(reader.body) == b"hello world"
    assert (b"x-a", b"b") in reader.fields


def test_body_is_not_kept_where_nobody_wants_it() -> None:
    """W4: a webhook's answer is its status."""
    reader = AnswerReader()
    reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
    assert (bytes(reader.body), reader.fields) == (b"", [])


def test_body_that_ends_with_its_connection_is_kept() -> None:
    """RFC 9112 section 6.3: nobody says how long it is."""
    reader = AnswerReader(keep=True)
    reader.feed(b"HTTP/1.1 500 Oops\r\n\r\nwh")
    reader.feed(b"y")
    assert (reader.status, bytes(reader.body)) == (500, b"why")
