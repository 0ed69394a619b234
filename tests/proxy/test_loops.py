"""
Tests for :mod:`sippn.proxy.loops`: RFC 5393 section 4.
"""

from __future__ import annotations

import pytest

from sippn.errors import LoopDetected
from sippn.proxy.loops import LoopDetection
from sippn.sip import Headers, Request, Response, write
from sippn.testing.calls_received import ring
from sippn.testing.house import House

LOOPS = LoopDetection(b"k" * 16)
FIELDS = (
    ("Via", "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx"),
    ("From", "<sip:bob@example.net>;tag=1"),
    ("To", "<sip:alice@example.com>"),
    ("Call-ID", "abc"),
    ("CSeq", "1 INVITE"),
)
ALICE = "sip:alice@example.com"


def request(uri: str = ALICE, method: str = "INVITE", **other: str) -> Request:
    """A request; *other* fields take the place of those of that name."""
    there = {name.replace("_", "-").lower(): value for name, value in other.items()}
    pairs = [(name, there.pop(name.lower(), value)) for name, value in FIELDS]
    return Request(method, uri, Headers([*pairs, *there.items()]))


def came_back(first: Request, uri: str = ALICE, **other: str) -> Request:
    """*first*, forwarded by us and by others, who write their Vias as they like."""
    ours = f"SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK0123456789{LOOPS.mark(first)};rport"
    theirs = 'SIP/2.0/TCP [2001:db8::1]:5070;x="a,;b";maddr;branch=z9hG4bK-- ;odd'
    return request(uri, Via=f"{theirs}, {ours}, {FIELDS[0][1]}", **other)


def test_request_that_comes_back_as_it_was_is_a_loop() -> None:
    """RFC 5393 4.2.2: the second part of a branch of ours says that it was here."""
    with pytest.raises(LoopDetected):
        LOOPS.mark(came_back(request()))


@pytest.mark.parametrize(
    "other",
    [
        {"uri": "sip:carol@example.com"},
        {"Route": "<sip:192.0.2.7;lr>"},
        {"Call_ID": "abd"},
        {"CSeq": "2 INVITE"},
        {"From": "<sip:bob@example.net>;tag=2"},
        {"To": "<sip:alice@example.com>;tag=2"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_spiral_is_no_loop(other: dict[str, str]) -> None:
    """RFC 5393 4.2.1: whatever decides where it goes is in the mark, and what tells it apart."""
    assert LOOPS.mark(came_back(request(), **other))


def test_hops_before_us_and_the_method_do_not_matter() -> None:
    """RFC 5393 4.2.1: a loop has another topmost Via each time; CANCEL has the branch of INVITE."""
    via = "SIP/2.0/UDP 192.0.2.77;branch=z9hG4bKother"
    same = LOOPS.mark(request())
    assert LOOPS.mark(request(Via=via)) == same
    assert LOOPS.mark(request(method="CANCEL", CSeq="1 CANCEL")) == same


def test_mark_is_a_token_and_nobody_else_can_make_it() -> None:
    """RFC 5393 4.2.3: a forged one would have a request refused; it takes the key."""
    mark = LOOPS.mark(request())
    assert mark.isalnum()
    assert LoopDetection(b"l" * 16).mark(request()) != mark


def statuses(house: House, octets: bytes) -> list[int]:
    """What the server answers to them."""
    peer = house.endpoint()
    via = f"Via: SIP/2.0/UDP {peer.address};branch=z9hG4bKloop\r\n".encode()
    line, _, rest = octets.partition(b"\r\n")
    peer.send(line + b"\r\n" + via + rest, house.address)
    house.run()
    return [one.status for one in house.sent_to(peer.address) if isinstance(one, Response)]


@pytest.mark.parametrize("branches", [1, 2])
def test_loop_is_refused_on_the_wire(plain_house: House, branches: int) -> None:
    """RFC 5393 4.2.2: 482, and no branch of it is sent anywhere."""
    house = plain_house
    phones = [house.phone("alice", instance=f"<urn:uuid:{n}>") for n in range(branches)]
    for phone in phones:
        phone.policy = ring
        house.get(phone.register())
    house.phone("bob").call(ALICE)
    house.run()
    back = phones[0].incoming[0].invite.readdressed(ALICE)
    assert statuses(house, write(back)) == [482]
    assert [len(phone.incoming) for phone in phones] == [1] * branches


def test_who_comes_back_by_another_route_is_forwarded(plain_house: House) -> None:
    """RFC 5393 4.2.1: a server that was asked in between says by our Route that it was."""
    house = plain_house
    alice = house.phone("alice")
    alice.policy = ring
    house.get(alice.register())
    house.phone("bob").call(ALICE)
    house.run()
    onward = alice.incoming[0].invite.readdressed(ALICE)
    headers = onward.headers.copy()
    headers.add("Route", f"<sip:asked@{house.address};lr>")
    assert statuses(house, write(onward.derived(headers))) == [100, 180]
    assert len(alice.incoming) == 2


def test_spiral_is_forwarded_on_the_wire(plain_house: House) -> None:
    """RFC 5393 4.2.2: a phone that sends its caller on to somebody else here is no loop."""
    house = plain_house
    alice, carol = house.phone("alice"), house.phone("carol")
    for phone in (alice, carol):
        phone.policy = ring
        house.get(phone.register())
    house.phone("bob").call(ALICE)
    house.run()
    onward = alice.incoming[0].invite.readdressed("sip:carol@example.com")
    assert statuses(house, write(onward)) == [100, 180]
    assert len(carol.incoming) == 1
