"""
name-addr and addr-spec (RFC 3261 sections 20.10, 20.20, 25.1).
"""

from __future__ import annotations

import pytest

from sippn.errors import BadRequest, UnsupportedURIScheme
from sippn.sip import NameAddr, split_values


@pytest.mark.parametrize(
    ("text", "display", "uri", "params"),
    [
        ("<sip:a@h>", "", "sip:a@h", ()),
        ("<sip:a@h;lr>;tag=1", "", "sip:a@h;lr", (("tag", "1"),)),
        ('"A \\"B\\" <c>"  <sip:a@h> ;tag=1', '"A \\"B\\" <c>"', "sip:a@h", (("tag", "1"),)),
        ("Alice  Liddell <sip:a@h>", "Alice  Liddell", "sip:a@h", ()),
        ("Alice<sip:a@h>", "Alice", "sip:a@h", ()),
        ("sip:a@h;tag=1;lr", "", "sip:a@h", (("tag", "1"), ("lr", None))),
        ('sip:a@h;x="<y>"', "", "sip:a@h", (("x", '"<y>"'),)),
        (" sip:a@h ; tag = 1", "", "sip:a@h", (("tag", "1"),)),
        ("<tel:+1>;tag=2", "", "tel:+1", (("tag", "2"),)),
        ("tel:+1;tag=2", "", "tel:+1", (("tag", "2"),)),
        ('"\xe9\udcff" <sip:a@h>', '"\xe9\udcff"', "sip:a@h", ()),
        ("\xe9\udcff a <sip:a@h>", "\xe9\udcff a", "sip:a@h", ()),
        ('"\\\x00\\\x07\x7f" <sip:a@h>', '"\\\x00\\\x07\x7f"', "sip:a@h", ()),
        ("1~` 2'+_\t3*%!.- <sip:a@h>", "1~` 2'+_\t3*%!.-", "sip:a@h", ()),
    ],
)
def test_parts_are_found(
    text: str, display: str, uri: str, params: tuple[tuple[str, str | None], ...]
) -> None:
    """RFC 3261 section 20.10: without brackets the parameters are the header field's."""
    assert NameAddr.parse(text) == NameAddr(display, uri, params)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "<>",
        "<sip:a@h",
        "sip:a@h>",
        '"unterminated <sip:a@h>',
        '"A" sip:a@h',
        '"A" x <sip:a@h>',
        'A "b" <sip:a@h>',
        "<sip:a@h> rest",
        "<sip:a@h>, <sip:b@h>",
        "< sip:a@h >",
        "<sip:a @h>",
        "<sip:a\x01@h>",
        "sip:a@h?x=y",
        "sip:a@h,sip:b@h",
        "sip:a b@h",
        "alice",
        "<alice>",
        "Bell, Alexander <sip:a@h>",
        "a@b <sip:a@h>",
        "(a) <sip:a@h>",
        "a\x07 <sip:a@h>",
        "a\\\x00 <sip:a@h>",
        "<sip:a\\\x00@h>",
    ],
)
def test_broken_ones_are_refused(text: str) -> None:
    """CVE-2023-27599, -2021-43610: quotes without an end, stray ones; RFC 4475 3.1.2.6, .13."""
    with pytest.raises(BadRequest):
        NameAddr.parse(text)


def test_uri_fails_only_when_asked_for() -> None:
    """To and From of any scheme pass through (RFC 4475 section 3.3.9)."""
    address = NameAddr.parse("<isbn:2983792873>;tag=1")
    assert address.tag == "1"
    with pytest.raises(UnsupportedURIScheme):
        _ = address.uri


def test_uri_and_params_are_reached() -> None:
    """The same name may be a URI's parameter and the header field's."""
    address = NameAddr.parse("<sip:a@h;expires=1>;Expires=2")
    assert address.uri.param("expires") == "1"
    assert address.param("expires") == "2"
    assert address.tag is None


def test_written_with_brackets() -> None:
    """A URI with a comma, question mark or semicolon needs them (RFC 3261 section 20.10)."""
    assert str(NameAddr.parse("sip:a@h;tag=1")) == "<sip:a@h>;tag=1"
    assert str(NameAddr.parse('"A" <sip:a@h;lr>')) == '"A" <sip:a@h;lr>'
    assert str(NameAddr("", "*")) == "*"


def test_repr_shows_no_prid() -> None:
    """T7: neither of the URI nor of the header parameters."""
    assert "tok" not in repr(NameAddr.parse("<sip:a@h;pn-prid=tok>;pn-prid=tok"))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", []),
        (" ", []),
        ("a", ["a"]),
        ("a , b,c", ["a", "b", "c"]),
        ('"a,b" <sip:c,d@h>;x="e,f", g', ['"a,b" <sip:c,d@h>;x="e,f"', "g"]),
        ('"\\"," <sip:a@h>,b', ['"\\"," <sip:a@h>', "b"]),
        ("a,,b", ["a", "", "b"]),
        ("<a>,", ["<a>", ""]),
    ],
)
def test_values_are_split_at_bare_commas(text: str, values: list[str]) -> None:
    """RFC 3261 section 7.3.1; an empty one between commas is left for its parser to refuse."""
    assert split_values(text) == values


@pytest.mark.parametrize("text", ['a,"b', "a,<b", '"a,b\\"', "<a,<b>"])
def test_quotes_need_partners(text: str) -> None:
    """Where values end is not guessed."""
    with pytest.raises(BadRequest):
        split_values(text)


def test_commas_without_end_are_not_looked_at() -> None:
    """RELIABILITY 2: 64 KiB of them take no 20 ms."""
    for first in ("<sip:a@b>", "a"):
        with pytest.raises(BadRequest, match="Too many values"):
            split_values(first + "," * 60_000)
    assert len(split_values("<sip:a@b>" + ",<sip:c@d>" * 1000)) == 1001
