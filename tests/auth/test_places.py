"""What tells one sender from another."""

from __future__ import annotations

import pytest

from sippn.auth.places import network_of, source_class
from sippn.binding import Source


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::7%eth0", "fe80::7%eth0"),
    ],
)
def test_network_is_what_one_subscriber_has(host: str, network: str) -> None:
    """A8: whoever has one IPv6 address has 2**64 of them."""
    assert network_of(host) == network


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Source("f", "192.0.2.7", 5060), Source("g", "192.0.2.200", 9), True),
        (Source("f", "192.0.2.7", 5060), Source("f", "192.0.3.7", 5060), False),
        (Source("f", "2001:db8::7", 5060), Source("f", "2001:db8::8", 5060), True),
        (Source("f", "2001:db8::7", 5060), Source("f", "2001:db8:0:1::7", 5060), False),
        (Source("f", "192.0.2.7", 5060), Source("f", "192.0.2.7", 5060, secure=True), False),
        (Source("f", "fe80::7%eth0", 5060), Source("f", "fe80::8%eth0", 5060), False),
    ],
)
def test_class_is_what_a_phone_may_have_meanwhile(one: Source, other: Source, same: bool) -> None:
    """T16: a carrier's NAT sends by any address of its pool; TLS is no way to plain UDP."""
    assert (source_class(one) == source_class(other)) is same
