"""Tests for :mod:`sippn.transport.fair`: each source in turn, and each its share of the places."""

from __future__ import annotations

import pytest

from sippn.transport.fair import UNIT, Datagram, FairLine, network_of
from tests.transport.floods import Gate

GATE = Gate()


def datagram(name: str, octets: int = 10) -> Datagram:
    """One that can be told from the others."""
    return Datagram(name.encode().ljust(octets), ("192.0.2.1", 5060), GATE, 0.0, False)


def names(line: FairLine) -> list[str]:
    """All that wait, in the order in which they are served."""
    found = []
    while (next_one := line.next()) is not None:
        found.append(next_one.octets.decode().strip())
    return found


def test_sources_take_turns() -> None:
    """A6: who has sent a hundred is served once, then all others are."""
    line = FairLine(100)
    for number in range(3):
        line.join("a", datagram(f"a{number}"))
    for source in "bc":
        line.join(source, datagram(source))
    assert names(line) == ["a0", "b", "c", "a1", "a2"]
    assert not line
    assert line.taken == 0


def test_lone_source_has_all_places() -> None:
    """A6: places are not kept for nobody; what is more than all is refused."""
    line = FairLine(5)
    assert [line.join("a", datagram("x")) for _ in range(6)] == [True] * 5 + [False]
    assert len(line) == 5


def test_flood_leaves_places_to_others() -> None:
    """A6: one that has taken all of them keeps nobody out."""
    line = FairLine(8)
    for _ in range(20):
        line.join("flood", datagram("x"))
    assert line.join("a", datagram("a"))
    assert [line.join("b", datagram("b")) for _ in range(3)] == [True, True, False]
    assert not line.join("flood", datagram("x"))


def test_places_are_bounded_however_many_sources_there_are() -> None:
    """A6, A7: of sources that are made up there are any number."""
    line = FairLine(8)
    assert sum(line.join(f"s{number}", datagram("x")) for number in range(100)) == 16


def test_places_that_become_less_are_taken_from_nobody_else() -> None:
    """A6: what a flood has taken before it was noticed keeps nobody out."""
    line = FairLine(100)
    for _ in range(100):
        line.join("flood", datagram("x"))
    line.places = 10
    assert line.join("a", datagram("a"))
    assert not line.join("flood", datagram("x"))
    assert line.taken == 101


def test_long_datagram_takes_several_places() -> None:
    """A6: what waits is bounded in octets, too."""
    line = FairLine(8)
    assert line.join("a", datagram("a", 4 * UNIT))
    assert line.taken == 5
    assert line.join("a", datagram("a", 4 * UNIT))
    assert not line.join("a", datagram("a"))


def test_forgets_all_at_once() -> None:
    """D6: nobody is left to serve them."""
    line = FairLine(8)
    line.join("a", datagram("a"))
    line.clear()
    assert names(line) == []
    assert line.taken == 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("192.0.2.1", 5060), ("192.0.2.1", 5061), True),
        (("192.0.2.1", 5060), ("192.0.2.2", 5060), False),
        (("2001:db8::1", 5060, 0, 0), ("2001:db8::ffff:1", 5060, 0, 0), True),
        (("2001:db8::1", 5060, 0, 0), ("2001:db8:0:1::1", 5060, 0, 0), False),
        (("fe80::1%lo", 5060, 0, 1), ("fe80::2%lo", 5060, 0, 1), False),
    ],
)
def test_network_is_who_is_counted(
    one: tuple[object, ...], other: tuple[object, ...], same: bool
) -> None:
    """A6: ports are free, and so are addresses in an IPv6 network of one's own."""
    assert (network_of(one) == network_of(other)) is same
