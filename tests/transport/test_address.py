"""Tests for :mod:`sippn.transport.address` and :mod:`sippn.transport.sent_by`."""

from __future__ import annotations

import socket

import pytest

from sippn.transport import Address, SentBy, canonical_host

WRITTEN = [
    (Address("192.0.2.1", 5060), "192.0.2.1:5060"),
    (Address("2001:db8::1", 4711), "[2001:db8::1]:4711"),
    (Address("fe80::1%2", 1), "[fe80::1%2]:1"),
]


@pytest.mark.parametrize(("address", "text"), WRITTEN)
def test_is_read_as_it_is_written(address: Address, text: str) -> None:
    """An address in a flow token comes out of it again."""
    assert str(address) == text
    assert Address.parse(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "192.0.2.1",
        "192.0.2.1:",
        "192.0.2.1:65536",
        "192.0.2.1:5060\n",
        "192.0.2.1:٥٠٦٠",
        "[192.0.2.1]:5060",
        "2001:db8::1:5060",
        "[2001:db8::g]:5060",
        "192.0.2.1%2:5060",
        "192.0.2.1:+506",
        "example.com:5060",
        "127.1:5060",
        "\udc80:5060",
        "[" + ":" * 60 + "]:5060",
    ],
)
def test_anything_else_is_no_address(text: str) -> None:
    """A token may come from a store or a stranger: nothing but an address is one."""
    assert Address.parse(text) is None


@pytest.mark.parametrize("address", [address for address, _ in WRITTEN])
def test_socket_address_goes_both_ways(address: Address) -> None:
    """The zone of a link-local peer is kept: without it there is no answer (LIBRARIES 7.3)."""
    sockaddr = address.to_sockaddr()
    assert sockaddr is not None
    assert Address.from_sockaddr(sockaddr) == address


def test_zone_is_nobody_elses_business() -> None:
    """A zone is a number of this machine's, and no part of a Via."""
    address = Address("fe80::1%2", 1)
    assert address.plain_host == "fe80::1"
    assert address.to_sockaddr() == ("fe80::1", 1, 0, 2)
    assert address.family is socket.AF_INET6


@pytest.mark.parametrize(
    ("spelt", "canonical"),
    [
        ("[2001:DB8:0:0::1]", "2001:db8::1"),
        ("fe80::0:1%2", "fe80::1%2"),
        ("192.0.2.1", "192.0.2.1"),
        ("Example.COM.", "example.com"),
        ("[nonsense]", "nonsense"),
        ("1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8:9"),
    ],
)
def test_host_has_one_spelling(spelt: str, canonical: str) -> None:
    """RFC 5954 section 4.2: hosts are compared, not their spellings."""
    assert canonical_host(spelt) == canonical


@pytest.mark.parametrize(
    ("advertise", "sent_by"),
    [
        ("sip.example.com", "sip.example.com:5062"),
        ("sip.example.com:5070", "sip.example.com:5070"),
        ("192.0.2.1", "192.0.2.1:5062"),
        ("2001:db8::1", "[2001:db8::1]:5062"),
        ("[2001:db8::1]", "[2001:db8::1]:5062"),
        ("[2001:db8::1]:5070", "[2001:db8::1]:5070"),
    ],
)
def test_what_is_advertised_is_written_in_full(advertise: str, sent_by: str) -> None:
    """A port of its own is kept, else that of the socket; IPv6 gets its brackets."""
    assert SentBy.parse(advertise).at(5062) == sent_by


def test_names_the_port_that_is_told() -> None:
    """What was advertised comes back in Via and Route, and is ours."""
    assert SentBy.parse("a.example").names("a.example", 5062, 5062)
    assert SentBy.parse("a.example:5070").names("a.example", 5070, 5062)
    assert not SentBy.parse("a.example:5070").names("a.example", 5062, 5062)
    assert not SentBy.parse("a.example").names("b.example", 5062, 5062)
