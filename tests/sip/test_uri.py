"""
SIP URIs (RFC 3261 section 19.1), their comparison and escapes.
"""

from __future__ import annotations

import pytest

from sippn.errors import BadRequest, UnsupportedURIScheme
from sippn.sip import URI, escape_pvalue, parse_hostport, same_uri, unescape


def same(a: str, b: str, *ignoring: str) -> bool:
    """Compare two URIs in both directions; they had better agree."""
    first, second = URI.parse(a), URI.parse(b)
    assert same_uri(first, second, ignoring) == same_uri(second, first, ignoring)
    return same_uri(first, second, ignoring)


def test_all_parts_are_found() -> None:
    """RFC 3261 section 19.1.1."""
    uri = URI.parse("SIPS:al%69ce:se:cret@[2001:db8::1]:5061;transport=TCP;lr?Subject=a&x=")
    assert uri == URI(
        "sips",
        "al%69ce",
        "se:cret",
        "[2001:db8::1]",
        5061,
        (("transport", "TCP"), ("lr", None)),
        "Subject=a&x=",
    )
    assert uri.param("Transport") == "TCP"
    assert uri.param("lr") == ""
    assert uri.param("ttl") is None


@pytest.mark.parametrize(
    "text",
    [
        "sip:example.com",
        "sip:a@example.com:5060",
        "sips:a:@h",
        "sip:+1;phone-context=x;y@h;user=phone",
        "sip:user;par=u%40example.net@example.com",
        "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com",
        "sip:a@[::ffff:192.0.2.1];a=[::1]",
        'sip:a@h;pn-prid="quoted"',
        "sip:%00@h",
    ],
)
def test_written_as_it_came(text: str) -> None:
    """Nothing is unescaped or reordered on the way through; RFC 4475's oddities included."""
    assert str(URI.parse(text)) == text


@pytest.mark.parametrize(
    ("odd", "there"),
    [
        ("2001:db8:::192.0.2.1", "2001:db8::192.0.2.1"),
        (":::192.0.2.1", "::192.0.2.1"),
        ("::FFFF:192.0.2.1", "::FFFF:192.0.2.1"),
    ],
)
def test_colon_too_many_is_left_out(odd: str, there: str) -> None:
    """RFC 5118 section 4.10: the grammar of RFC 3261 has it."""
    assert str(URI.parse(f"sip:user@[{odd}]:5070;lr")) == f"sip:user@[{there}]:5070;lr"
    assert parse_hostport(f"[{odd}]") == (f"[{there}]", None)


@pytest.mark.parametrize(
    "text",
    [
        "sip:",
        "sip:a@[2001:db8:::1]",
        "sip:a@[2001:::db8:::192.0.2.1]",
        "sip:a@[2001:db8::::192.0.2.1]",
        "sip:a@[2001:db8:::192.0.2.1111]",
        "sip:a@[2001:db8:::192.0.2.1:5]",
        "sip:@h",
        "sip:a@",
        "sip:a@b@c",
        "sip:a@b;x=c@d",
        "sip:a@b?x=c@d",
        "sip:a b@c",
        "sip:a@b;;lr",
        "sip:a@.1",
        "sip:a@[.1]",
        "sip:a@[1:2",
        "sip:a@2001:db8::1",
        "sip:a@h:65536",
        "sip:a@h:",
        "sip:a@h:٣",
        "sip:a@h\n",
        "sip:<a>@h",
        "sip:\xe9@h",
        "sip:\u212a@h",
        "a@h",
        "",
        ":a@h",
        "sip:a@" + "h" * 4096,
    ],
)
def test_broken_ones_are_refused(text: str) -> None:
    """Hosts as in CVE-2024-42491 and CVE-2023-27598, digits of other scripts, overlong."""
    with pytest.raises(BadRequest):
        URI.parse(text)


@pytest.mark.parametrize("text", ["tel:+123", "urn:service:sos", "s\u0131p:a@h", "*"])
def test_other_schemes_are_not_taken_for_sip(text: str) -> None:
    """RFC 3261 section 8.2.2.1: 416; a dotless i makes no scheme at all."""
    with pytest.raises((UnsupportedURIScheme, BadRequest)):
        URI.parse(text)


def test_repr_shows_no_prid() -> None:
    """T7: a PRID gets into a log by its URI most easily."""
    assert "tok" not in repr(URI.parse("sip:a@h;pn-prid=tok?x=tok"))


def test_host_and_port_are_told_apart() -> None:
    """RFC 5118 section 4.3: without the brackets the port would be part of the address."""
    assert parse_hostport("[2001:db8::10]:5070") == ("[2001:db8::10]", 5070)
    assert parse_hostport("[2001:db8::10:5070]") == ("[2001:db8::10:5070]", None)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
        ("sip:a@[2001:db8::1]", "sip:a@[2001:DB8:0:0::1]"),
    ],
)
def test_equivalent_by_the_rfc(a: str, b: str) -> None:
    """RFC 3261 section 19.1.4's first examples; RFC 5954 section 4.2 for IPv6."""
    assert same(a, b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
        ("sip:a@h", "sips:a@h"),
        ("sip:a@h", "sip:h"),
        ("sip:a@h", "sip:a:pw@h"),
        ("sip:a@h", "sip:a@h;maddr=192.0.2.1"),
        ("sip:a%3Bb@h", "sip:a;b@h"),
        ("sip:a@h;pn-prid=Tok", "sip:a@h;pn-prid=tok"),
        ("sip:a@h;pn-tok=Tok", "sip:a@h;pn-tok=tok"),
    ],
)
def test_different_by_the_rfc(a: str, b: str) -> None:
    """RFC 3261 section 19.1.4's second examples; escaped reserved characters stay different."""
    assert not same(a, b)


def test_named_parameters_may_be_ignored() -> None:
    """S-10: a rotated PRID does not make another Contact."""
    assert same("sip:a@h;pn-prid=1;ob", "sip:a@h;PN-Prid=2;ob", "pn-prid")
    assert not same("sip:a@h;pn-prid=1;ob=1", "sip:a@h;pn-prid=2;ob=2", "pn-prid")


def test_unescapes_exactly_once() -> None:
    """G-03, T12: ``a%41`` is ``aA``, ``%2541`` is not ``A``."""
    assert unescape("a%41") == "aA"
    assert unescape("%2541") == "%41"
    assert unescape("https://x/a%252Fb") == "https://x/a%2Fb"
    assert unescape("%C3%A9") == "é"
    assert unescape("plain") == "plain"


def test_octets_that_are_no_text_stay_apart() -> None:
    """Two different escapes never become one value (errors=replace would)."""
    assert unescape("%80") != unescape("%81")
    assert escape_pvalue(unescape("%80")) == "%80"


@pytest.mark.parametrize(
    "text", ["%", "%4", "%4x", "a%", "%00", "%0d%0aVia:", "%7F", "%٣٣", "\x01"]
)
def test_broken_escapes_are_refused(text: str) -> None:
    """T11, CVE-2022-31002: a lone percent sign, and control octets behind escapes."""
    with pytest.raises(BadRequest):
        unescape(text)


def test_escapes_what_is_no_pvalue() -> None:
    """G-02: what a pvalue may hold stays; ``= ; ? @ , # " < > %`` and spaces are escaped."""
    kept = "[]/:&+$-_.!~*'()aZ9"
    assert escape_pvalue(kept) == kept
    assert escape_pvalue('=;?@,#"<> %') == "%3D%3B%3F%40%2C%23%22%3C%3E%20%25"
    url = "https://h/p?a=b;c=%2F"
    assert unescape(escape_pvalue(url)) == url
