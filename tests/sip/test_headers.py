"""
The header section (RFC 3261 section 7.3).
"""

from __future__ import annotations

import pytest

from sippn.errors import BadRequest
from sippn.sip import Headers, parse_headers
from sippn.sip.headers import _KEYS, _MOST_CACHED

VIAS = [("Via", "a, b"), ("X-Odd", "1"), ("v", "c")]


def test_order_and_letters_are_kept() -> None:
    """Unknown fields pass through as they came."""
    pairs = [("X-oDD", "1"), ("m", "<sip:a@h>"), ("x-odd", "")]
    assert list(Headers(pairs)) == pairs
    assert len(Headers(pairs)) == 3


@pytest.mark.parametrize(
    ("compact", "name"),
    [
        ("i", "Call-ID"),
        ("m", "Contact"),
        ("e", "Content-Encoding"),
        ("l", "Content-Length"),
        ("c", "Content-Type"),
        ("f", "From"),
        ("s", "Subject"),
        ("k", "Supported"),
        ("t", "To"),
        ("v", "Via"),
        ("o", "Event"),
        ("u", "Allow-Events"),
        ("r", "Refer-To"),
        ("b", "Referred-By"),
        ("j", "Reject-Contact"),
        ("d", "Request-Disposition"),
        ("y", "Identity"),
        ("n", "Identity-Info"),
        ("a", "Accept-Contact"),
        ("x", "Session-Expires"),
    ],
)
def test_compact_form_is_the_same_field(compact: str, name: str) -> None:
    """RFC 3261 section 7.3.3 and those that came later."""
    assert Headers([(compact, "1")]).get(name) == "1"
    assert Headers([(name.upper(), "1")]).get(compact.upper()) == "1"
    assert name in Headers([(compact, "1")])


def test_first_and_all_are_found() -> None:
    """One line, all lines, all values."""
    headers = Headers(VIAS)
    assert headers.get("via") == "a, b"
    assert headers.get_all("Via") == ["a, b", "c"]
    assert headers.values("Via") == ["a", "b", "c"]
    assert headers.get("Route") is None
    assert headers.get_all("Route") == headers.values("Route") == []


def test_new_field_goes_last_or_above_its_like() -> None:
    """Via and Route are pushed on top (RFC 3261 section 16.6)."""
    headers = Headers(VIAS)
    headers.add("Route", "<sip:r>")
    headers.add_first("v", "z")
    headers.add_first("Record-Route", "<sip:rr>")
    headers.add_first("ROUTE", "<sip:q>")
    assert [name for name, _ in headers] == [
        "Record-Route",
        "v",
        "Via",
        "X-Odd",
        "v",
        "ROUTE",
        "Route",
    ]
    assert headers.values("via") == ["z", "a", "b", "c"]


def test_setting_leaves_one_in_the_first_place() -> None:
    """Max-Forwards keeps its place when it is counted down."""
    headers = Headers(VIAS)
    headers.set("Via", "z")
    assert list(headers) == [("Via", "z"), ("X-Odd", "1")]
    headers.set("Expires", "1")
    assert list(headers)[-1] == ("Expires", "1")


def test_removing_takes_all_of_them() -> None:
    """CVE-2020-28361: a field that seems gone and is not."""
    headers = Headers(VIAS)
    headers.remove("VIA")
    headers.remove("Route")
    assert list(headers) == [("X-Odd", "1")]


def test_topmost_value_is_popped() -> None:
    """A response loses its top Via, wherever the commas are (RFC 3261 section 16.7)."""
    headers = Headers([*VIAS, ("Via", " ")])
    assert [headers.pop_value("Via") for _ in range(4)] == ["a", "b", "c", None]
    assert list(headers) == [("X-Odd", "1")]


def test_popping_leaves_the_rest_of_the_line() -> None:
    """The next hop sees the Vias below."""
    headers = Headers(VIAS)
    headers.pop_value("Via")
    assert headers.get_all("Via") == ["b", "c"]


def test_copy_is_independent() -> None:
    """A message is never changed: its copy is."""
    headers = Headers(VIAS)
    other = headers.copy()
    assert other == headers
    other.set("X-Odd", "2")
    assert headers.get("X-Odd") == "1"
    assert other != headers


def test_equality_knows_names() -> None:
    """A compact form is the same field; another class is not a header section."""
    assert Headers([("v", "a")]) == Headers([("Via", "a")])
    assert Headers() != []


def test_values_do_not_show() -> None:
    """T17: a field value may be a credential."""
    assert repr(Headers([("Authorization", "Digest secret")])) == "<Headers Authorization>"


@pytest.mark.parametrize("value", ["a\r\nVia: b", "a\n", "\r", "a\x00"])
def test_no_value_breaks_out_of_its_field(value: str) -> None:
    """T11: whoever wrote it."""
    headers = Headers()
    for change in (headers.add, headers.add_first, headers.set):
        with pytest.raises(ValueError, match="CR, LF or NUL"):
            change("Subject", value)
    assert len(headers) == 0


QUOTED_NULS = ['"\\\x00" <sip:a@h>', '"a\\"\\\x00\\\\" <sip:a@h>;tag=1', '<sip:a@h>;x="\\\x00"']


@pytest.mark.parametrize("value", QUOTED_NULS)
def test_nul_that_is_quoted_is_a_character(value: str) -> None:
    """RFC 4475 section 3.1.1.2: in an address, and it is still no end of anything."""
    headers = Headers([("t", value)])
    headers.set("To", value)
    headers.replace_value("To", value)
    headers.add_first("Contact", value)
    assert list(headers) == [("Contact", value), ("To", value)]


@pytest.mark.parametrize("name", ["Subject", "Call-ID", "Via", "User-Agent", "Authorization", "X"])
@pytest.mark.parametrize("value", QUOTED_NULS)
def test_nul_is_none_elsewhere(name: str, value: str) -> None:
    """T11: where nothing is quoted a backslash is a backslash, and in credentials it is a trick."""
    with pytest.raises(ValueError, match="CR, LF or NUL"):
        Headers([(name, value)])


@pytest.mark.parametrize(
    "value",
    [
        "\\\x00 <sip:a@h>",
        '"\x00" <sip:a@h>',
        '"\\\\\x00" <sip:a@h>',
        '"a"\\\x00"b" <sip:a@h>',
        '"\\"\x00" <sip:a@h>',
        '"\\\x00 <sip:a@h>',
        "<sip:a\\\x00@h>",
        '<sip:a"\\\x00"@h>',
        '"\\\x00" <sip:a@h>\x00',
        '"\\\x00\r\nVia: b" <sip:a@h>',
        '"\\\x00\\\n" <sip:a@h>',
        '"\\\r" <sip:a@h>',
    ],
)
def test_nul_has_one_place(value: str) -> None:
    """T11: a quoted-pair in a quoted-string; CR and LF have none at all."""
    headers = Headers([("To", "before")])
    for change in (headers.add, headers.add_first, headers.set, headers.replace_value):
        with pytest.raises(ValueError, match="CR, LF or NUL"):
            change("To", value)
    assert list(headers) == [("To", "before")]


@pytest.mark.parametrize("name", ["", "a b", "a:", "Via ", "a\x01", "Vi\u212a", "a" * 257])
def test_name_is_a_token(name: str) -> None:
    """RFC 3261 section 25.1, header-name."""
    with pytest.raises(ValueError, match="name"):
        Headers([(name, "1")])


def test_lines_are_read() -> None:
    """Folded lines become one value, white space around the colon goes (section 7.3.1)."""
    headers = parse_headers(["TO :", " <sip:a@h>", "\t ;tag=1 ", "X:1", "Y::2", "Z:"])
    assert list(headers) == [("TO", "<sip:a@h> ;tag=1"), ("X", "1"), ("Y", ":2"), ("Z", "")]


@pytest.mark.parametrize(
    "line", ["no colon", ": nameless", "a b: c", "Contact\x01: a", " first", "Via"]
)
def test_lines_without_a_name_are_refused(line: str) -> None:
    """CVE-2016-9938: control octets are no white space."""
    with pytest.raises(BadRequest):
        parse_headers([line])


def test_strange_names_do_not_fill_memory() -> None:
    """What is remembered of names that strangers chose is bounded."""
    before = dict(_KEYS)
    try:
        for number in range(2 * _MOST_CACHED):
            parse_headers([f"X-{number}: 1", f"Y-{number:050}: 1"])
        assert len(_KEYS) == _MOST_CACHED
        assert max(map(len, _KEYS)) <= 48
        assert parse_headers(["X-2047: 1"]).get("x-2047") == "1"
    finally:
        _KEYS.clear()
        _KEYS.update(before)
