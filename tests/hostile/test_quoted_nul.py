"""
NUL where the grammar has it, as a character of a quoted name, and everywhere else (T11).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from tests.hostile.callee import Callee
from tests.hostile.lines import DEFAULT_PORT, Line, line_to
from tests.hostile.octets import Octets
from tests.hostile.torture_rules import check_answer, check_forwarded
from tests.peers.server import Server

AOR = "sip:nul@example.com"
NAME = b'"\\\x00\\"\\\\"'
_numbers = count(1)


def message(method: bytes, **fields: bytes) -> bytes:
    """One with other *fields*, of which ``uri`` and ``start`` are none."""
    number = b"%d" % next(_numbers)
    there = {
        "Via": b"SIP/2.0/UDP h.example.com;branch=z9hG4bK-nul-" + number,
        "From": b"<sip:caller@example.org>;tag=" + number,
        "To": b"<sip:nul@example.com>",
        "Call-ID": b"nul-" + number,
        "CSeq": b"1 " + method,
        "Max-Forwards": b"70",
        "Content-Length": b"0",
    }
    start = b"%s %s SIP/2.0" % (method, fields.pop("uri", AOR.encode()))
    there.update({name.replace("_", "-"): value for name, value in fields.items()})
    lines = [name.encode() + b": " + value for name, value in there.items()]
    return b"\r\n".join([start, *lines, b"", b""])


@pytest.fixture
def line(server: Server, transport: str, host: str) -> Iterator[Line]:
    """The sender's way."""
    with line_to(server.edge(transport), host, DEFAULT_PORT) as line:
        yield line


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_name_is_passed_on(transport: str, line: Line, callee: Callee, server: Server) -> None:
    """RFC 4475 section 3.1.1.2: in all addresses of a request, and back."""
    callee.register(AOR)
    sent = message(
        b"MESSAGE",
        From=NAME + b" <sip:caller@example.org>;tag=1",
        To=NAME + b" <sip:nul@example.com>",
        Reply_To=NAME + b' <sip:caller@example.org>;x="\\\x00"',
        P_Asserted_Identity=NAME + b"<tel:+1>, " + NAME + b"<sip:caller@example.org>",
        Contact=NAME + b" <sip:caller@192.0.2.1;pn-prid=secret>;x=" + NAME,
    )
    line.send(sent)
    got = callee.next()
    hidden = sent.replace(b";pn-prid=secret", b"")  # T7
    check_forwarded(hidden, got, callee.contact)
    callee.answer(got, b"SIP/2.0 200 OK")
    answer = Octets.of(line.next())
    check_answer(sent, answer)
    assert answer.status == 200
    callee.unregister(AOR)
    assert "\x00" not in server.log


@pytest.mark.parametrize("transport", ["udp"])
def test_contact_is_stored(
    transport: str, line: Line, callee: Callee, server: Server, database: Path
) -> None:
    """RFC 3261 section 10.3: its parameters come back as they were; they are JSON meanwhile."""
    contact = NAME + b" <sip:nul@192.0.2.1>;x=" + NAME + b';+sip.instance="<urn:\\\x00:1>"'
    line.send(message(b"REGISTER", uri=b"sip:example.com", Contact=contact))
    answer = Octets.of(line.next())
    assert answer.status == 200
    (shown,) = answer.all(b"contact")
    assert shown.startswith(contact.removeprefix(NAME).strip())
    with closing(sqlite3.connect(database)) as connection:
        bodies = [body for (body,) in connection.execute("SELECT body FROM record")]
    (body,) = [body for body in bodies if "192.0.2.1" in body]
    assert "\\u0000" in body
    assert "\x00" not in body + server.log
    callee.unregister(AOR)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("From", b"\x00<sip:caller@example.org>;tag=1"),
        ("From", b'"\x00" <sip:caller@example.org>;tag=1'),
        ("From", b'"\\\\\x00" <sip:caller@example.org>;tag=1'),
        ("To", b"<sip:nul\\\x00@example.com>"),
        ("To", b'<sip:nul"\\\x00"@example.com>'),
        ("Contact", b"<sip:nul@192.0.2.1>\x00"),
        ("Contact", b"<sip:nul@192.0.2.1;pn-prid=\x00>"),
        ("Via", b'SIP/2.0/UDP h;branch=z9hG4bK1;x="\\\x00"'),
        ("Call_ID", NAME),
        ("CSeq", b"1 MESSAGE\x00"),
        ("Subject", NAME),
        ("User_Agent", NAME),
        ("Authorization", b"Digest username=" + NAME),
        ("X_Unknown", NAME),
        ("uri", b'sip:nul"\\\x00"@example.com'),
    ],
)
def test_nul_elsewhere_goes_no_further(
    transport: str, name: str, value: bytes, line: Line, callee: Callee, server: Server
) -> None:
    """T11: whoever takes it for the end of a text would read another message than we did."""
    callee.register(AOR)
    line.send(message(b"MESSAGE", **{name: value}))
    heard = line.until_alive(line.ask())
    assert [answer.status for answer in heard] in ([400], [])
    assert b"\x00" not in b"".join(value for answer in heard for _, value in answer.fields)
    assert callee.heard() == []
    callee.unregister(AOR)
    assert "\x00" not in server.log
