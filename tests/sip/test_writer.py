"""
Messages to octets, and responses to requests (RFC 3261 section 8.2.6).
"""

from __future__ import annotations

import pytest

from sippn.sip import REASONS, Headers, Message, Request, Response, read, response_to, write


def test_message_is_written_in_order(register: bytes) -> None:
    """As it was read, with the length of its body."""
    assert write(read(register)) == register[:-2] + b"Content-Length: 0\r\n\r\n"


def test_length_is_that_of_the_body() -> None:
    """In the place where it was, whatever it said, once."""
    headers = Headers([("l", "999"), ("A", "b"), ("Content-Length", "1")])
    octets = write(Response(200, "OK", headers, b"hi"))
    assert octets == b"SIP/2.0 200 OK\r\nl: 2\r\nA: b\r\n\r\nhi"


@pytest.mark.parametrize(
    "message",
    [
        Request("A\r\nB", "sip:h", Headers()),
        Request("A", "sip:h\r\nVia:x", Headers()),
        Request("A", "sip:h\x00", Headers()),
        Request("A", "sip: h", Headers()),
        Response(200, "OK\nVia: x", Headers()),
        Response(200, "\ud800", Headers()),
    ],
)
def test_start_line_stays_one_line(message: Message) -> None:
    """T11: our own mistakes do not get onto the wire."""
    with pytest.raises(ValueError, match=r"start line|space|surrogates"):
        write(message)


def test_only_messages_are_written() -> None:
    """The base class has no start line."""
    with pytest.raises(TypeError):
        write(Message(Headers()))


def request(to: str = "<sip:b@h>") -> Request:
    """Make a request with two Vias and a time stamp."""
    pairs = [
        ("v", "SIP/2.0/UDP a"),
        ("To", to),
        ("Timestamp", "54"),
        ("From", "<sip:a@h>;tag=1"),
        ("Via", "SIP/2.0/UDP b, SIP/2.0/UDP c"),
        ("i", "c"),
        ("CSeq", "1 INVITE"),
        ("Subject", "not copied"),
    ]
    return Request("INVITE", "sip:h", Headers(pairs))


def test_response_repeats_what_it_must() -> None:
    """RFC 3261 section 8.2.6.2: every Via in order, From, To, Call-ID, CSeq; a tag for the To."""
    response = response_to(request(), 480, extra=[("Retry-After", "5")], body=b"x", to_tag="t")
    assert (response.status, response.reason, response.body) == (
        480,
        "Temporarily Unavailable",
        b"x",
    )
    assert list(response.headers) == [
        ("v", "SIP/2.0/UDP a"),
        ("To", "<sip:b@h>;tag=t"),
        ("From", "<sip:a@h>;tag=1"),
        ("Via", "SIP/2.0/UDP b, SIP/2.0/UDP c"),
        ("i", "c"),
        ("CSeq", "1 INVITE"),
        ("Retry-After", "5"),
    ]


def test_trying_repeats_the_time_stamp() -> None:
    """RFC 3261 section 8.2.6.1; without a tag unless one is given."""
    response = response_to(request(), 100)
    assert response.headers.get("Timestamp") == "54"
    assert response.to.tag is None


@pytest.mark.parametrize("to", ["<sip:b@h>;tag=own", '"broken <sip:b@h>'])
def test_to_is_left_alone(to: str) -> None:
    """A tag that is there stays the only one; what cannot be parsed is repeated."""
    assert response_to(request(to), 400, to_tag="t").headers.get("To") == to


def test_second_to_is_not_repeated() -> None:
    """The answer to a broken request is not broken."""
    broken = request()
    headers = broken.headers.copy()
    headers.add("To", "<sip:c@h>")
    response = response_to(Request("INVITE", "sip:h", headers), 400)
    assert response.headers.get_all("To") == ["<sip:b@h>"]


def test_reason_is_one_line() -> None:
    """A peer's words may end up here."""
    assert response_to(request(), 400, "Bad\r\nVia: x").reason == "Bad Via: x"
    assert len(response_to(request(), 400, "x" * 5000).reason) == 200
    assert response_to(request(), 299).reason == ""


def test_own_phrases_are_known() -> None:
    """RFC 8599 section 8.1 and RFC 3261 section 21."""
    assert REASONS[555] == "Push Notification Service Not Supported"
    assert REASONS[423] == "Interval Too Brief"


def test_extra_field_cannot_break_out() -> None:
    """T11."""
    with pytest.raises(ValueError, match="CR, LF or NUL"):
        response_to(request(), 200, extra=[("A", "b\r\nC: d")])
