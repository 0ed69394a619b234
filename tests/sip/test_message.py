"""
Messages and their views.
"""

from __future__ import annotations

import pytest
from attrs.exceptions import FrozenInstanceError

from sippn.errors import BadRequest
from sippn.sip import STAR, CSeq, Headers, Message, NameAddr, Request, Response, Via, read, summary


def request(*pairs: tuple[str, str]) -> Request:
    """Make an OPTIONS with just these fields."""
    return Request("OPTIONS", "sip:h", Headers(pairs))


def test_views_show_what_was_read(register: bytes) -> None:
    """All that a registrar needs of a REGISTER."""
    message = read(register)
    assert isinstance(message, Request)
    assert message.via.branch == "z9hG4bK.Ab3dE5fG7"
    assert message.from_ == NameAddr('"Alice"', "sip:alice@example.com", (("tag", "8aF3kd9Zq"),))
    assert message.to.tag is None
    assert message.call_id == "3kD8sLq0Ab"
    assert message.cseq == CSeq(21, "REGISTER")
    assert message.max_forwards == 70
    assert message.contacts[0].uri.param("pn-prid") == "tok:en"
    assert message.request_uri.host == "example.com"


def test_views_are_parsed_once(register: bytes) -> None:
    """The hot path asks again and again."""
    message = read(register)
    assert message.via is message.via
    assert message.contacts is message.contacts


def test_topmost_via_is_the_first_value() -> None:
    """Several values a line (RFC 3261 section 7.3.1)."""
    message = request(("v", 'SIP/2.0/UDP a;x=",", SIP/2.0/UDP b'), ("Via", "broken"))
    assert message.via == Via("UDP", "a", None, (("x", '","'),))


def test_contacts_come_from_all_lines() -> None:
    """And the star is one of them, for the registrar to judge (RFC 3261 section 10.3)."""
    message = request(("Contact", "<sip:a@h>, *"), ("m", "sip:b@h;q=0.5"))
    assert [contact.uri_text for contact in message.contacts] == ["sip:a@h", "*", "sip:b@h"]
    assert message.contacts[1] is STAR
    assert request().contacts == ()


@pytest.mark.parametrize("view", ["via", "from_", "to", "call_id", "cseq"])
def test_missing_field_is_a_bad_request(view: str) -> None:
    """RFC 3261 section 8.1.1: a request has these."""
    with pytest.raises(BadRequest):
        getattr(request(), view)


@pytest.mark.parametrize("text", ["1 INVITE", "0001\t INVITE", "2147483647   INVITE", "0 INVITE"])
def test_cseq_is_read(text: str) -> None:
    """RFC 3261 section 20.16; RFC 4475 section 3.1.1.1 has leading zeros and white space."""
    cseq = request(("CSeq", text)).cseq
    assert cseq.method == "INVITE"
    assert str(cseq) == f"{int(text.split(maxsplit=1)[0])} INVITE"


def test_cseq_of_an_unknown_method_is_read() -> None:
    """A method is any token."""
    assert CSeq.parse("7 X-Knock") == CSeq(7, "X-Knock")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "INVITE",
        "1 ",
        "-1 INVITE",
        "+1 INVITE",
        "1_0 INVITE",
        "٣ INVITE",
        "² INVITE",
        "2147483648 INVITE",
        "00000000001 INVITE",
        "36893488147419103232 REGISTER",
        "9" * 5000 + " INVITE",
        "1 IN VITE",
        "1 INVITE,",
        "1 " + "M" * 65,
    ],
)
def test_broken_cseq_is_refused(text: str) -> None:
    """Below 2**31 (RFC 3261 section 8.1.1.5), ASCII digits, CVE-2017-9372, CVE-2020-10735."""
    with pytest.raises(BadRequest):
        _ = request(("CSeq", text)).cseq


@pytest.mark.parametrize("text", ["0", "70", "255", "0068"])
def test_max_forwards_is_read(text: str) -> None:
    """RFC 3261 section 20.22."""
    assert request(("Max-Forwards", text)).max_forwards == int(text)


@pytest.mark.parametrize("text", ["", "256", "-1", " 1", "0x1", "٣", "1" * 5000])
def test_broken_max_forwards_is_refused(text: str) -> None:
    """RFC 4475 section 3.1.2.4."""
    with pytest.raises(BadRequest):
        _ = request(("Max-Forwards", text)).max_forwards


def test_missing_max_forwards_is_none() -> None:
    """RFC 2543 did not have it; RFC 3261 section 16.6 adds it."""
    assert request().max_forwards is None


@pytest.mark.parametrize("text", ["", "a b", "a\tb", "a\x7f", "\udc80"])
def test_call_id_is_one_word(text: str) -> None:
    """It is stored, compared and logged: no white space, no control octets, UTF-8."""
    with pytest.raises(BadRequest):
        _ = request(("Call-ID", text)).call_id


def test_message_does_not_change() -> None:
    """A view that was parsed would go on showing the old value."""
    message = request()
    with pytest.raises(FrozenInstanceError):
        message.uri = "sip:other"  # type: ignore[misc]  # that is the point


def test_messages_are_equal_to_themselves_only() -> None:
    """Two equal datagrams are two messages: a retransmission is one."""
    assert request() != request()
    assert len({request(), request()}) == 2


def test_summary_says_what_it_is() -> None:
    """One word for a ladder; without a CSeq nobody knows the method."""
    cseq = Headers([("CSeq", "1 INVITE")])
    assert summary(request()) == "OPTIONS"
    assert summary(Response(200, "OK", cseq)) == "200 OK (INVITE)"
    assert summary(Response(183, "", cseq)) == "183 (INVITE)"
    assert summary(Response(200, "\x1b[2J\udcff", Headers())) == "200 (?)"


def test_repr_shows_no_secret(register: bytes) -> None:
    """T7: neither the Request-URI nor a field is shown."""
    assert repr(read(register)) == "<Request REGISTER>"
    assert repr(Message(Headers())) == "<Message >"


def test_view_of_the_class_is_the_view_itself() -> None:
    """Documentation tools look at classes."""
    assert Message.via.__doc__ == "The topmost hop."
