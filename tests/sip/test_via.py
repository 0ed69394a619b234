"""
Via (RFC 3261 sections 18.2.1, 20.42; RFC 3581).
"""

from __future__ import annotations

import pytest

from sippn.errors import BadRequest
from sippn.sip import Via


def test_parts_are_found() -> None:
    """RFC 3261 section 20.42."""
    via = Via.parse("SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport")
    assert (via.transport, via.host, via.port) == ("UDP", "192.0.2.1", 5060)
    assert (via.branch, via.rport, via.received) == ("z9hG4bK1", "", None)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (
            "SIP / 2.0 / TCP  spindle.example.com ; branch = a",
            "SIP/2.0/TCP spindle.example.com;branch=a",
        ),
        ("sip/2.0/udp h", "SIP/2.0/UDP h"),
        ("SIP/2.0/UDP\th : 5060", "SIP/2.0/UDP h:5060"),
        ("SIP/2.0/UDP h: 5060;a", "SIP/2.0/UDP h:5060;a"),
        ("SIP/2.0/TLS-SCTP [2001:db8::1]:5061", "SIP/2.0/TLS-SCTP [2001:db8::1]:5061"),
        ("SIP/2.0/UDP h;received=2001:db8::9:255", "SIP/2.0/UDP h;received=2001:db8::9:255"),
        ("SIP/2.0/UDP h;received=[2001:db8::9:1]", "SIP/2.0/UDP h;received=[2001:db8::9:1]"),
    ],
)
def test_spaces_are_closed_up(text: str, written: str) -> None:
    """RFC 4475 section 3.1.1.1 and RFC 5118 section 4.5: torture, and legal."""
    assert str(Via.parse(text)) == written


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SIP/2.0/UDP",
        "SIP/2.0/UDP ",
        "SIP/2.0/UDP :]",
        "SIP/2.0/UDP .1",
        "SIP/2.0/UDP a b",
        "SIP/2.0/UDP h:5060 5061",
        "SIP/2.0/UDP h:99999",
        "SIP/2.0/UDP 2001:db8::1",
        "SIP/2.0/UDP h;;,;,,",
        "SIP/3.0/UDP h",
        "\u017fIP/2.0/UDP h",
        "HTTP/1.1 h",
    ],
)
def test_broken_ones_are_refused(text: str) -> None:
    """CVE-2023-27598: a response is sent where this points."""
    with pytest.raises(BadRequest):
        Via.parse(text)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("SIP/2.0/UDP 192.0.2.1;branch=b", "SIP/2.0/UDP 192.0.2.1;branch=b"),
        ("SIP/2.0/UDP h;branch=b", "SIP/2.0/UDP h;branch=b;received=192.0.2.1"),
        (
            "SIP/2.0/UDP 192.0.2.1;rport;branch=b",
            "SIP/2.0/UDP 192.0.2.1;branch=b;received=192.0.2.1;rport=4711",
        ),
        ("SIP/2.0/UDP 192.0.2.1;received=198.51.100.1", "SIP/2.0/UDP 192.0.2.1"),
        (
            "SIP/2.0/UDP h;received=198.51.100.1;rport=1",
            "SIP/2.0/UDP h;received=192.0.2.1;rport=4711",
        ),
    ],
)
def test_source_is_written_down(text: str, written: str) -> None:
    """
    RFC 3261 section 18.2.1, RFC 3581 section 4.

    ``received`` where it differs or rport asks; what the sender claimed goes.
    """
    assert str(Via.parse(text).with_source("192.0.2.1", 4711)) == written


def test_bracketed_sent_by_is_its_own_source() -> None:
    """RFC 5118 section 4.5: received has no brackets, sent-by has."""
    via = Via.parse("SIP/2.0/UDP [2001:db8::1]:5060")
    assert via.with_source("2001:db8::1", 5060) is via
