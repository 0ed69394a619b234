"""
Octets to messages (RFC 3261 sections 7, 18.3).
"""

from __future__ import annotations

import pytest

from sippn.sip import (
    BadMessage,
    BadVersion,
    Limits,
    Request,
    Response,
    TooLarge,
    read,
    response_to,
    write,
)

NEEDED = (
    b"Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\n"
    b"Call-ID: c\r\nCSeq: 1 INVITE\r\n"
)


def refused(octets: bytes, limits: Limits | None = None) -> BadMessage:
    """Read what must be refused."""
    with pytest.raises(BadMessage) as caught:
        read(octets, limits or Limits())
    return caught.value


def test_request_is_read(register: bytes) -> None:
    """INTEROP rule 7: a REGISTER over UDP without Content-Length is legal."""
    message = read(register)
    assert isinstance(message, Request)
    assert (message.method, message.uri, message.body) == ("REGISTER", "sip:example.com", b"")
    assert message.headers.get("x-unheard-of") == 'as it came, "with, commas"'


def test_response_is_read() -> None:
    """RFC 3261 section 7.2; the reason may be empty, or any UTF-8."""
    message = read(b"SIP/2.0 200 \xd1\x82\xd0\xb0\xd0\xba\r\nl: 0\r\n\r\n")
    assert isinstance(message, Response)
    assert (message.status, message.reason) == (200, "так")
    empty = read(b"SIP/2.0 100 \r\n\r\n")
    assert isinstance(empty, Response)
    assert empty.reason == ""


def test_empty_lines_before_it_are_skipped(register: bytes) -> None:
    """RFC 3261 section 7.5."""
    assert write(read(b"\r\n\r\n" + register)) == write(read(register))


def test_surplus_octets_are_dropped() -> None:
    """RFC 3261 section 18.3; passed on they would be a second message to the next hop."""
    message = read(b"MESSAGE sip:h SIP/2.0\r\nContent-Length: 2\r\n\r\nhiSMUGGLED")
    assert message.body == b"hi"


def test_body_without_length_ends_with_the_datagram() -> None:
    """RFC 3261 section 18.3."""
    assert read(b"MESSAGE sip:h SIP/2.0\r\n\r\nhello\r\n\r\n").body == b"hello\r\n\r\n"


@pytest.mark.parametrize("length", ["3", "-1", "+2", "0x2", "٢", "", "2 2", "9" * 5000])
def test_broken_length_is_refused(length: str) -> None:
    """RFC 4475 sections 3.1.2.2 and .3, CVE-2026-23457: short bodies, signs, overflows."""
    octets = f"INVITE sip:h SIP/2.0\r\nl: {length}\r\n".encode() + NEEDED + b"\r\nhi"
    problem = refused(octets)
    assert problem.status == 400
    assert problem.request is not None


@pytest.mark.parametrize("length", [131072, 4294967298])
def test_length_beyond_the_limit_is_too_large(length: int) -> None:
    """A5: 513, though the body is short as well: in a stream nobody waits for the rest."""
    octets = f"INVITE sip:h SIP/2.0\r\nl: {length}\r\n".encode() + NEEDED + b"\r\n"
    problem = refused(octets)
    assert (problem.status, problem.request is not None) == (513, True)


def test_begin_of_a_head_beyond_the_limit_is_too_large() -> None:
    """A5: a stream gives as much of a head as it may be long, and that is answered."""
    octets = b"INVITE sip:h SIP/2.0\r\n" + NEEDED + b"Subject: " + b"s" * 65536
    problem = refused(octets)
    assert (problem.status, problem.request is not None) == (513, True)


def test_piece_of_a_stream_says_its_length() -> None:
    """RFC 3261 section 20.14: over a stream it is required; over UDP it is not."""
    octets = b"INVITE sip:h SIP/2.0\r\n" + NEEDED + b"\r\n"
    assert isinstance(read(octets), Request)
    with pytest.raises(BadMessage, match="Content-Length") as caught:
        read(octets, framed=True)
    assert (caught.value.status, caught.value.request is not None) == (400, True)
    octets = b"INVITE sip:h SIP/2.0\r\nl: 0\r\n" + NEEDED + b"\r\n"
    assert isinstance(read(octets, framed=True), Request)


def test_two_lengths_are_refused() -> None:
    """RFC 4475 section 3.3.9: whichever were taken, somebody takes the other."""
    assert refused(
        b"INVITE sip:h SIP/2.0\r\nl: 0\r\nContent-Length: 0\r\n" + NEEDED + b"\r\n"
    ).request


def test_odd_octets_pass_through() -> None:
    """Octets that are no UTF-8 leave as they came."""
    octets = b"INVITE sip:h SIP/2.0\r\nSubject: \xff\xfe\xc3\xa9 \x07\r\nContent-Length: 0\r\n\r\n"
    assert write(read(octets)) == octets


@pytest.mark.parametrize(
    "line",
    [
        b"INVITE  sip:h SIP/2.0",
        b"INVITE sip:h  SIP/2.0",
        b"INVITE sip:h SIP/2.0 ",
        b" INVITE sip:h SIP/2.0",
        b"INVITE sip:a b@h SIP/2.0",
        b"INVITE sip:a;x= y@h SIP/2.0",
        b"INVITE <sip:h> SIP/2.0",
        b"INVITE sip:a\tb@h SIP/2.0",
        b"INVITE sip:\x7f SIP/2.0",
        b"INVITE sip:\xff SIP/2.0",
        b"INVITE sip:h",
        b"INVITE sip:h SIP/2.0.0",
        b"INVITE sip:h \xc5\xbfIP/2.0",
        b"INVITE sip:h HTTP/1.1",
        b"INV(ITE sip:h SIP/2.0",
        b"M" * 65 + b" sip:h SIP/2.0",
        b"INVITE",
        b"",
        b"SIP/2.0 20 OK",
        b"SIP/2.0 4294967301 OK",
        b"SIP/2.0 700 OK",
        b"SIP/2.0 200",
        b"SIP/2.0 2\xd9\xa30 OK",
        b"SIP/7.0 200 OK",
        b"GET / HTTP/1.1",
    ],
)
def test_broken_start_line_is_refused(line: bytes) -> None:
    """RFC 3261 section 7.1: one space, no LWS; RFC 4475 sections 3.1.2.7 to .11, .16, .19."""
    assert refused(line + b"\r\n" + NEEDED + b"\r\n").status == 400


def test_version_is_taken_in_any_case() -> None:
    """RFC 3261 section 7.1; what we write is SIP/2.0 always."""
    message = read(b"X-Knock sip:h sip/2.0\r\n\r\n")
    assert write(message).startswith(b"X-Knock sip:h SIP/2.0\r\n")
    assert isinstance(read(b"sip/2.0 200 OK\r\n\r\n"), Response)


def test_other_version_is_not_supported() -> None:
    """RFC 4475 section 3.1.2.16: 505."""
    problem = refused(b"INVITE sip:h SIP/7.0\r\n" + NEEDED + b"\r\n")
    assert isinstance(problem, BadVersion)
    assert problem.status == 505
    assert problem.request is not None
    assert problem.request.method == "INVITE"


@pytest.mark.parametrize(
    "section",
    [
        b"Subject: a\rb\r\n",
        b"Subject: a\nb\r\n",
        b"Subject: a\x00b\r\n",
        b'Subject: "\\\x00"\r\n',
        b'X: "\\\x00"\r\n',
        b"Contact: \\\x00 <sip:a@h>\r\n",
        b'Contact: "\x00" <sip:a@h>\r\n',
        b'Contact: "\\\r\n \x00" <sip:a@h>\r\n',
        b'Con\x00tact: "" <sip:a@h>\r\n',
        b"nocolon\r\n",
        b"A\x01: b\r\n",
    ],
)
def test_broken_lines_are_refused_and_answered(section: bytes) -> None:
    """Without an answer its sender retransmits; the fields that an answer repeats are there."""
    problem = refused(b"INVITE sip:h SIP/2.0\r\n" + section + NEEDED + b"\r\n")
    assert problem.request is not None
    assert problem.request.via.branch == "z9hG4bK1"
    assert problem.request.cseq.method == "INVITE"


def test_nul_that_is_quoted_is_read_and_written() -> None:
    """RFC 4475 section 3.1.1.2, in a request that is sound and in one that is not."""
    name = b'"\\\x00\\" \\\\" <sip:d@h>'
    octets = b"INVITE sip:h SIP/2.0\r\n" + NEEDED.replace(b"<sip:b@h>", name)
    request = read(octets + b"\r\n")
    assert isinstance(request, Request)
    broken = refused(octets + b"nocolon\r\n\r\n").request
    for one in (request, broken):
        assert one is not None
        answer = write(response_to(one, 404, to_tag="x"))
        assert b"\r\nTo: " + name + b";tag=x\r\n" in answer
        assert answer.count(b"\x00") == 1


def test_nul_in_the_start_line_is_refused() -> None:
    """T11: nothing is quoted there."""
    for line in (
        b'INVITE sip:"\\\x00"@h SIP/2.0',
        b'SIP/2.0 200 "\\\x00"',
        b"INVITE\x00 sip:h SIP/2.0",
    ):
        assert refused(line + b"\r\n" + NEEDED + b"\r\n").status == 400


def test_less_than_an_answer_repeats_is_answered() -> None:
    """RFC 4475 section 3.3.1: 400 is better than silence, after which it is sent again."""
    octets = b"INVITE sip:h SIP/2.0\r\nbroken\r\nv: SIP/2.0/UDP h\r\nCSeq: 1 INVITE\r\n\r\n"
    request = refused(octets).request
    assert request is not None
    assert list(request.headers) == [("Via", "SIP/2.0/UDP h"), ("CSeq", "1 INVITE")]


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\r\n\r\n",
        b"\x00\x01\x00\x00",
        b"INVITE sip:h SIP/2.0",
        b"INVITE sip:h SIP/2.0\r\nVia: a\nb\r\n" + NEEDED + b"x\r\n\r\n",
        b"SIP/2.0 200 OK\r\nbroken\r\n" + NEEDED + b"\r\n",
        b"INVITE sip:h SIP/2.0\r\nbroken\r\n\r\n",
        b"INVITE sip:h SIP/2.0\r\nbroken\r\nCSeq: 1 INVITE\r\n\r\n",
        b"INVITE sip:h SIP/2.0\r\nbroken\r\nVia: SIP/2.0/UDP h\r\n\r\n",
        b'INVITE sip:h SIP/2.0\r\nTo: "\x00" <sip:d@h>\r\n' + NEEDED + b"\r\n",
        NEEDED,
    ],
)
def test_nonsense_is_not_answered(octets: bytes) -> None:
    """No answer without a request, and none that would carry a broken line."""
    assert refused(octets).request is None


def test_answer_takes_the_first_of_each() -> None:
    """Folded and compact lines are understood; a second To is not repeated."""
    octets = (
        b"INVITE sip:h SIP/2.0\r\nbroken\r\nv: SIP/2.0/UDP\r\n h\r\nVIA : SIP/2.0/UDP i\r\n"
        b"t: <sip:b@h>\r\nTo: <sip:c@h>\r\nf: <sip:a@h>\r\ni: c\r\nCSeq: 1 INVITE\r\n\r\n"
    )
    request = refused(octets).request
    assert request is not None
    assert list(request.headers) == [
        ("Via", "SIP/2.0/UDP h"),
        ("Via", "SIP/2.0/UDP i"),
        ("To", "<sip:b@h>"),
        ("From", "<sip:a@h>"),
        ("Call-ID", "c"),
        ("CSeq", "1 INVITE"),
    ]


def test_message_is_bounded() -> None:
    """RELIABILITY A5: 513, answered from what is within bounds."""
    octets = b"INVITE sip:h SIP/2.0\r\n" + NEEDED + b"\r\n" + b"x" * 1000
    problem = refused(octets, Limits(message=1000))
    assert isinstance(problem, TooLarge)
    assert problem.status == 513
    assert problem.request is not None


def test_header_section_is_bounded() -> None:
    """A half line at the bound is not repeated."""
    octets = (
        b"INVITE sip:h SIP/2.0\r\n" + NEEDED + b"Via: SIP/2.0/UDP beyond" + b"d" * 300 + b"\r\n\r\n"
    )
    problem = refused(octets, Limits(header_section=200))
    assert problem.status == 513
    assert problem.request is not None
    assert problem.request.headers.get_all("Via") == ["SIP/2.0/UDP h;branch=z9hG4bK1"]


def test_lines_are_bounded() -> None:
    """Continuation lines count: joining them costs."""
    head = b"INVITE sip:h SIP/2.0\r\n" + NEEDED
    assert read(head + b"A: b\r\n" * 195 + b"\r\n")
    assert refused(head + b"A: b\r\n" * 196 + b"\r\n").status == 400
    assert refused(head + b"A: b\r\n" + b" c\r\n" * 195 + b"\r\n").status == 400
