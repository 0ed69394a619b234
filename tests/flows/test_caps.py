"""
How much of anything a message may have, through a whole server, over UDP and TCP (RELIABILITY A5).

What is at the limit is taken; what is beyond it is answered 400, 403 or 513 as its kind
has it, and the server goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from sippn.sip import Response, read
from sippn.testing.endpoints import Endpoint
from sippn.testing.house import House

KIB = 1024
TOO_LARGE = 513

Lines = Sequence[str]


def register(
    lines: Lines = (), *, vias: int = 1, uri: str = "sip:example.com", body: int = 0
) -> bytes:
    """A REGISTER with all that; *vias* and *body* say how many, and how long."""
    head = [
        f"REGISTER {uri} SIP/2.0",
        *["Via: SIP/2.0/TCP 192.0.2.11:5060;branch=z9hG4bKcap;rport"] * vias,
        "Max-Forwards: 70",
        "From: <sip:alice@example.com>;tag=1",
        "To: <sip:alice@example.com>",
        "Call-ID: caps",
        "CSeq: 1 REGISTER",
        *lines,
        f"Content-Length: {body}",
        "",
        "",
    ]
    return "\r\n".join(head).encode() + b"x" * body


def contacts(number: int) -> list[str]:
    """So many in one field."""
    named = [f"<sip:alice@192.0.2.11:{5060 + each}>" for each in range(number)]
    return ["Contact: " + ", ".join(named)]


def prid(octets: int) -> list[str]:
    """A Contact with a PRID as long as that."""
    return [f"Contact: <sip:alice@192.0.2.11;pn-provider=acme;pn-prid={'a' * octets}>"]


def header_section(octets: int) -> bytes:
    """One that is exactly as long as that, with the line ends of its last line."""
    missing = octets - len(register([])) + 4
    lines = [f"X: {'x' * 900}"] * (missing // 905)
    rest = octets - len(register(lines)) + 4
    return register([*lines, f"X: {'x' * (rest - 5)}"])


def answers(house: House, endpoint: Endpoint, octets: bytes) -> list[int]:
    """What the server says to *octets*."""
    endpoint.send(octets, house.address)
    house.run(2)
    heard: list[int] = []
    for message, _ in endpoint.inbox:  # type: ignore[attr-defined]  # of both kinds of them
        answer = read(message)
        assert isinstance(answer, Response)
        heard.append(answer.status)
    return heard


def is_alive(house: House) -> bool:
    """Whether somebody else is served."""
    return house.get(house.phone("bob").register()).status == 200


@pytest.mark.parametrize(
    "at_the_limit",
    [
        register(contacts(10)),
        register(["X: y"] * 190, vias=1),
        register(vias=70),
        register(uri="sip:example.com;x=" + "y" * (4 * KIB - 18)),
        register(prid(3 * KIB)),
        header_section(60_000),
        register(body=60_000),
    ],
    ids=["bindings", "lines", "vias", "uri", "prid", "header-section", "message"],
)
def test_what_is_at_the_limit_is_taken(house: House, at_the_limit: bytes) -> None:
    """A5: a limit is what is allowed."""
    assert answers(house, house.endpoint(), at_the_limit) == [200]


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (lambda: register(contacts(11)), 403),
        (lambda: register(contacts(51)), 400),
        (lambda: register(["X: y"] * 201), 400),
        (lambda: register(vias=71), 400),
        (lambda: register(uri="sip:example.com;x=" + "y" * 4 * KIB), 400),
        (lambda: register(prid(4 * KIB + 1)), TOO_LARGE),
    ],
    ids=["bindings", "contacts", "lines", "vias", "uri", "prid"],
)
def test_what_is_beyond_is_refused(house: House, make: Callable[[], bytes], status: int) -> None:
    """A5: 10 bindings an AOR; 50 contacts, 200 lines, 70 Vias; 4 KiB of a URI, of a PRID."""
    assert answers(house, house.endpoint(), make()) == [status]
    assert is_alive(house)


@pytest.mark.parametrize("transport", ["tcp"])
@pytest.mark.parametrize(
    "make",
    [lambda: register(body=128 * KIB), lambda: header_section(64 * KIB + 1)],
    ids=["message", "header-section"],
)
def test_what_is_too_large_ends_the_connection(house: House, make: Callable[[], bytes]) -> None:
    """A5: 128 KiB in a stream, 64 KiB of header section: 513, and nobody looks for the next."""
    endpoint = house.endpoint()
    assert answers(house, endpoint, make()) == [TOO_LARGE]
    house.run(10)
    assert not endpoint.connected  # type: ignore[attr-defined]  # it is one of TCP
    assert is_alive(house)


@pytest.mark.parametrize("transport", ["udp"])
def test_datagram_holds_no_header_section_that_is_too_large(house: House) -> None:
    """A5: all that one can have of it, 65,507 octets less the empty line, is within 64 KiB."""
    assert answers(house, house.endpoint(), header_section(65_507 - 4)) == [200]


@pytest.mark.parametrize("transport", ["udp"])
def test_largest_datagram_is_read_whole(house: House) -> None:
    """A5: 65,535 with the headers of IP and UDP; Twisted's own port takes 8 KiB."""
    largest = register(body=65_507 - len(register(body=65_000)) + 65_000)
    assert len(largest) == 65_507
    assert answers(house, house.endpoint(), largest) == [200]
