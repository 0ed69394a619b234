"""
What a message must have before anything is done about it.
"""

from __future__ import annotations

import pytest

from sippn.sip import BadMessage, Headers, Limits, Request, Response, check, read

GOOD = {
    "Via": "SIP/2.0/UDP h;branch=z9hG4bK1",
    "From": "<sip:a@h>;tag=1",
    "To": "<sip:b@h>",
    "Call-ID": "c",
    "CSeq": "1 INVITE",
    "Max-Forwards": "70",
}


def invite(*more: tuple[str, str], uri: str = "sip:h", **changed: str) -> Request:
    """Make an INVITE with fields changed (by their names, underscores for hyphens) or added."""
    pairs = {**GOOD, **{name.replace("_", "-"): value for name, value in changed.items()}}
    return Request("INVITE", uri, Headers([*pairs.items(), *more]))


def refused(message: Request | Response, limits: Limits | None = None) -> BadMessage:
    """Check what must be refused."""
    with pytest.raises(BadMessage) as caught:
        check(message, limits or Limits())
    return caught.value


def test_good_ones_pass(register: bytes) -> None:
    """A REGISTER of the field; tags and Max-Forwards may be missing (RFC 2543)."""
    check(read(register))
    check(invite())
    check(invite(From="sip:a@h"))
    check(Response(200, "OK", Headers(GOOD.items())))


@pytest.mark.parametrize("name", ["Via", "From", "To", "Call-ID", "CSeq"])
def test_missing_field_is_refused(name: str) -> None:
    """RFC 3261 section 8.1.1, RFC 4475 3.3.1; its sender knows an answer by Via and CSeq alone."""
    headers = Headers(GOOD.items())
    headers.remove(name)
    message = Request("INVITE", "sip:h", headers)
    assert refused(message).request is (None if name in ("Via", "CSeq") else message)


@pytest.mark.parametrize(
    "uri", ["sip:2001:db8::10", "sip:", "sip:a@", "sips:a@h:x", "sip:a b@h", "nonsense", "sip:h:"]
)
def test_uri_is_looked_at_before_anything_is_done(uri: str) -> None:
    """RFC 5118 section 4.2: a registrar, too, which does nothing with it."""
    assert refused(invite(uri=uri)).status == 400


@pytest.mark.parametrize(
    "uri", ["tel:+1", "urn:service:sos", "sips:h", "sip:h.;lr", "sip:[::1]:5", "sip:%00@h?x=y"]
)
def test_sound_uri_is_no_business_of_the_check(uri: str) -> None:
    """RFC 4475 section 3.3.2: a scheme that is unknown is a 416, from whom it matters to."""
    check(invite(uri=uri))


def test_unknown_method_that_is_wrong_besides() -> None:
    """RFC 4475 section 3.1.2.18: 501; the methods that are known are 400 (3.1.2.17)."""
    assert refused(Request("NEWMETHOD", "sip:h", Headers(GOOD.items()))).status == 501
    assert refused(Request("OPTIONS", "sip:h", Headers(GOOD.items()))).status == 400


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("t", "<sip:c@h>"),
        ("From", "<sip:c@h>;tag=2"),
        ("i", "d"),
        ("CSeq", "1 INVITE"),
        ("Max-Forwards", "1"),
        ("l", "0"),
    ],
)
def test_single_field_given_twice_is_refused(name: str, value: str) -> None:
    """CVE-2018-14767, RFC 4475 section 3.3.8: two To, and each reader takes another."""
    message = invite((name, value), ("Content-Length", "0"))
    assert refused(message).request is message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Via", "SIP/2.0/UDP 192.0.2.15;;,;,,"),
        ("Via", ""),
        ("From", '"a <sip:a@h>;tag=1'),
        ("From", "<sip:a@h>;tag="),
        ("To", "<sip:b@h>;Tag"),
        ("To", "<sip:b@h>, <sip:c@h>"),
        ("Call_ID", ""),
        ("CSeq", "1 OPTIONS"),
        ("CSeq", "1 invite"),
        ("CSeq", "2147483648 INVITE"),
        ("Max_Forwards", "256"),
    ],
)
def test_broken_field_is_refused(name: str, value: str) -> None:
    """RFC 4475 sections 3.1.2.1, .4, .6, .17 and .18: 400 to the sender."""
    message = invite(**{name: value})
    problem = refused(message)
    assert problem.status == 400
    assert problem.request is message


def test_responses_are_checked_and_never_answered() -> None:
    """A response is dropped."""
    headers = Headers({**GOOD, "CSeq": "x"}.items())
    assert refused(Response(200, "OK", headers)).request is None


def test_vias_are_bounded() -> None:
    """RELIABILITY A5, over lines and commas; a comma in quotes is none."""
    check(invite(Via=", ".join(["SIP/2.0/UDP h"] * 70)))
    check(invite(Via=f'SIP/2.0/UDP h;x="{"," * 100}"'))
    check(invite(*[("Via", "SIP/2.0/UDP h")] * 69))
    assert refused(invite(*[("v", "SIP/2.0/UDP h")] * 70)).status == 400
    assert refused(invite(Via=", ".join(["SIP/2.0/UDP h"] * 71))).status == 400


def test_request_uri_is_bounded() -> None:
    """RELIABILITY A5: 4 KiB."""
    check(invite(uri="sip:" + "u" * 4092))
    assert refused(invite(uri="sip:" + "u" * 4093)).status == 400


def test_contacts_are_bounded() -> None:
    """RELIABILITY A5: 50 of them, 4 KiB each (G-07 needs more than the usual 255 octets)."""
    check(invite(("Contact", "<sip:a@h>, " * 49 + "<sip:a@h>")))
    check(invite(("Contact", f"<sip:a@h;x={'y' * 4000}>")))
    assert refused(invite(("Contact", "<sip:a@h>, " * 50 + "<sip:a@h>"))).status == 400
    assert refused(invite(*[("m", "sip:a@h")] * 51)).status == 400
    assert refused(invite(("Contact", f"<sip:a@h;x={'y' * 4100}>"))).status == 513


def test_contact_is_left_to_who_needs_it() -> None:
    """A proxy forwards what it does not understand."""
    check(invite(("Contact", "tel:+1;;")))
