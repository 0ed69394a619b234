"""
What a message must not make the server do, which Kamailio was found to do (A1).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from tests.hostile.callee import Callee
from tests.hostile.lines import DEFAULT_PORT, Line, line_to
from tests.hostile.octets import Octets
from tests.hostile.torture_rules import check_forwarded
from tests.peers.server import Server

TRANSPORTS = ("udp", "tcp", "tls")
AOR = "sip:called@example.com"
_numbers = count(1)


def request(
    method: str = "OPTIONS", version: str = "SIP/2.0", via: str = "h.example.com", body: str = ""
) -> bytes:
    """One for the callee."""
    number = next(_numbers)
    lines = [
        f"{method} {AOR} {version}",
        f"Via: SIP/2.0/UDP {via};branch=z9hG4bK-on-{number}",
        "Max-Forwards: 70",
        f"From: <sip:caller@example.org>;tag={number}",
        f"To: <{AOR}>",
        f"Call-ID: on-{number}",
        f"CSeq: 1 {method}",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", body]).encode()


@pytest.fixture
def registered(callee: Callee) -> Iterator[Callee]:
    """The callee, who can be called."""
    callee.register(AOR)
    yield callee
    callee.unregister(AOR)


@pytest.fixture
def line(server: Server, transport: str, host: str) -> Iterator[Line]:
    """The caller's way."""
    with line_to(server.edge(transport), host, DEFAULT_PORT) as line:
        yield line


def answered(sent: bytes, line: Line, callee: Callee, start: bytes) -> Octets:
    """What comes back when *callee* answers *sent* with *start*."""
    line.send(sent)
    got = callee.next()
    check_forwarded(sent, got, callee.contact)
    callee.answer(got, start)
    return Octets.of(line.next())


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("version", ["sip/2.0", "Sip/2.0"])
def test_version_is_ours(transport: str, version: str, line: Line, registered: Callee) -> None:
    """RFC 3261 section 7.1: case does not count, and what is sent is SIP/2.0, both ways."""
    start = b"%s 200 OK" % version.encode()
    sent = request(version=version)
    assert answered(sent, line, registered, start).start == b"SIP/2.0 200 OK"


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(
    ("version", "statuses"),
    [
        ("SIP/7.0", [505]),
        ("SIP/02.0", [505]),
        ("SIP/2.0SIP/2.0", [400]),
        ("SIP/2.0.0", [400]),
        ("HTTP/1.1", []),
    ],
)
def test_strange_version_is_not_echoed(
    transport: str, version: str, statuses: list[int], line: Line, registered: Callee
) -> None:
    """RFC 4475 section 3.1.2.16, and whatever else stands in its place."""
    line.send(request(version=version))
    assert [answer.status for answer in line.until_alive(line.ask())] == statuses
    assert registered.heard() == []


@pytest.mark.parametrize("transport", ["udp"])
def test_surplus_octets_go_no_further(transport: str, line: Line, registered: Callee) -> None:
    """RFC 3261 section 18.3: to a stream they would be a message of their own."""
    sent = request("MESSAGE", body="hi") + request("MESSAGE", body="smuggled")
    assert answered(sent, line, registered, b"SIP/2.0 200 OK").status == 200
    assert line.until_alive(line.ask()) == []
    assert registered.heard() == []


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_each_of_two_is_a_message(transport: str, line: Line, registered: Callee) -> None:
    """RFC 3261 section 18.3: in a stream what stands behind a message is the next one."""
    first, second = request("MESSAGE", body="hi"), request("MESSAGE", body="there")
    line.send(first + second)
    for sent in (first, second):
        got = registered.next()
        check_forwarded(sent, got, registered.contact)
        registered.answer(got, b"SIP/2.0 200 OK")
        assert Octets.of(line.next()).all(b"call-id") == got.all(b"call-id")


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(
    "first_line",
    [
        "SIP/2.0 200 = 2**3 * 5**2 \u043d\u043e \u0441\u0442\u043e".encode(),
        b"SIP/2.0 486 ",
        b'SIP/2.0 404 100% %41 \xff\xfe \t("',
    ],
)
def test_reason_is_passed_on_as_it_is(
    transport: str, first_line: bytes, line: Line, registered: Callee
) -> None:
    """RFC 4475 sections 3.1.1.12 and 3.1.1.13."""
    assert answered(request(), line, registered, first_line).start == first_line


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize(
    "via",
    [
        "255.255.255.255",
        "127.255.255.255",
        "224.0.0.1",
        "0.0.0.0",
        "h.example.com;maddr=255.255.255.255",
        "h.example.com;received=255.255.255.255",
        "[ff02::1];received=[ff02::1]",
    ],
)
def test_via_does_not_say_whom_to_answer(
    transport: str, via: str, line: Line, registered: Callee
) -> None:
    """RFC 4475 section 3.3.10, RFC 3261 section 18.2.2: who asked is answered, nobody else."""
    answer = answered(request(via=via), line, registered, b"SIP/2.0 200 OK")
    assert answer.status == 200
    assert b"received=127." in answer.all(b"via")[0]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_answer_goes_where_the_request_came_from(
    transport: str, line: Line, registered: Callee
) -> None:
    """RFC 4475 section 3.3.10: though its second Via, the callee's word, says: to everybody."""
    line.send(request())
    got = registered.next()
    ours, callers = got.all(b"via")
    everybody = b"SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23"
    fields = [(name, everybody if value == callers else value) for name, value in got.fields]
    registered.answer(Octets(got.start, tuple(fields), b""), b"SIP/2.0 200 OK")
    answer = Octets.of(line.next())
    assert (answer.status, answer.all(b"via")) == (200, [everybody])
    assert ours not in answer.all(b"via")
