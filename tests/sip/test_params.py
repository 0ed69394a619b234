"""
Parameters (RFC 3261 section 25.1, generic-param and uri-parameters).
"""

from __future__ import annotations

import pytest

from sippn.errors import BadRequest
from sippn.sip import get_param, parse_params, quote, unquote, without_params, write_params


def test_order_case_and_quotes_are_kept() -> None:
    """A proxy passes on what it does not understand, as it came."""
    params = parse_params(';LR;b="x;y";c=;a=1')
    assert params == (("LR", None), ("b", '"x;y"'), ("c", ""), ("a", "1"))
    assert write_params(params) == ';LR;b="x;y";c=;a=1'


def test_nothing_is_no_parameters() -> None:
    """An address without parameters is the common case."""
    assert parse_params("") == ()
    assert write_params(()) == ""


def test_white_space_around_signs_is_dropped() -> None:
    """RFC 3261 section 7.3.1: SEMI and EQUAL may have LWS on both sides."""
    assert parse_params(' ; tag \t= 1 ; q = "a b" ;lr ') == (
        ("tag", "1"),
        ("q", '"a b"'),
        ("lr", None),
    )


@pytest.mark.parametrize(
    "text",
    [
        ";;",
        ";a;",
        ";=1",
        "a=1",
        ';a="',
        ';a="\\"',
        ";a b=1",
        ";a=<b>",
        ";a=b,c",
        ";par@host",
        ";a\x01=1",
    ],
)
def test_broken_ones_are_refused(text: str) -> None:
    """RFC 4475 sections 3.1.2.1 and 3.1.2.6: extra separators, quotes without an end."""
    with pytest.raises(BadRequest):
        parse_params(text)


@pytest.mark.parametrize("text", [";a" * 101, ';a="1"' * 101])
def test_number_is_bounded(text: str) -> None:
    """Every dimension of a message has a bound."""
    with pytest.raises(BadRequest):
        parse_params(text)


def test_names_are_found_in_any_case() -> None:
    """RFC 3261 section 7.3.1: parameter names are case-insensitive."""
    params = parse_params(";Expires=60;LR")
    assert get_param(params, "expires") == "60"
    assert get_param(params, "EXPIRES") == "60"


def test_valueless_is_not_absent() -> None:
    """An empty rport asks (RFC 3581), none does not."""
    params = parse_params(";rport")
    assert get_param(params, "rport") == ""
    assert get_param(params, "lr") is None


def test_values_come_without_quotes() -> None:
    """RFC 3261 section 25.1: a quoted string stands for what is in it."""
    params = parse_params(r';+sip.instance="<urn:uuid:1>";x="a\"b\\c"')
    assert get_param(params, "+sip.instance") == "<urn:uuid:1>"
    assert get_param(params, "x") == 'a"b\\c'


def test_named_ones_are_left_out() -> None:
    """Names are compared in any case, the others keep their order."""
    assert without_params(parse_params(";a=1;PN-Prid=x;b"), {"pn-prid"}) == (
        ("a", "1"),
        ("b", None),
    )


def test_quoting_is_undone_by_unquoting() -> None:
    """What is quoted comes back."""
    assert unquote(quote(r'say "hi" \o/')) == r'say "hi" \o/'
    assert unquote("token") == "token"
    assert unquote('"') == '"'


def test_control_octets_are_not_quoted() -> None:
    """T11: nothing that is written can end its header field."""
    with pytest.raises(ValueError, match="control"):
        quote("a\r\nVia: b")
