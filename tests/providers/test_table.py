"""Tests for :mod:`sippn.providers.table`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from sippn.errors import ConfigErrors
from sippn.providers.table import Table


def _problems(table: Table) -> dict[str, str]:
    with pytest.raises(ConfigErrors) as caught:
        table.finish()
    return dict(caught.value.problems)


def test_what_is_there_is_read() -> None:
    """DESIGN 5: strings, lists and tables of them."""
    table = Table({"a": "x", "b": {"c": "d"}, "e": ["f", "g"], "h": {"i": {"j": "k"}}, "l": 5})
    assert table.text("a") == "x"
    assert table.texts("b") == {"c": "d"}
    assert table.words("e") == ("f", "g")
    assert table.tables("h")["i"].text("j") == "k"
    assert table.value("l") == 5
    assert "a" in table
    assert "z" not in table
    table.finish()


def test_what_is_not_there_is_nothing() -> None:
    """DESIGN 5: unless it is needed."""
    table = Table({})
    assert (table.text("a"), table.texts("a"), table.words("a")) == (None, {}, ())
    assert (table.tables("a"), table.value("a")) == ({}, None)
    table.finish()
    table.text("a", needed=True)
    table.words("b", needed=True)
    assert _problems(table) == {"a": "is missing: write it", "b": "is missing: write it"}


@pytest.mark.parametrize(
    ("raw", "read", "where"),
    [
        ({"a": 5}, lambda table: table.text("a"), "a"),
        ({"a": ""}, lambda table: table.text("a"), "a"),
        ({"a": True}, lambda table: table.text("a"), "a"),
        ({"a": "x"}, lambda table: table.texts("a"), "a"),
        ({"a": {"b": 5}}, lambda table: table.texts("a"), "a.b"),
        ({"a": "x"}, lambda table: table.words("a"), "a"),
        ({"a": ["x", ""]}, lambda table: table.words("a"), "a"),
        ({"a": ["x", 5]}, lambda table: table.words("a"), "a"),
        ({"a": []}, lambda table: table.words("a", needed=True), "a"),
        ({"a": "x"}, lambda table: table.tables("a"), "a"),
        ({"a": {"b.c": "x"}}, lambda table: table.tables("a"), 'a."b.c"'),
        ({"a": {"b.c": {"d": 5}}}, lambda table: table.tables("a")["b.c"].text("d"), 'a."b.c".d'),
    ],
)
def test_what_is_of_another_type_is_refused(
    raw: Mapping[str, object], read: Callable[[Table], object], where: str
) -> None:
    """DESIGN 5: by its whole path, however deep it is."""
    table = Table(raw)
    assert not read(table)
    assert list(_problems(table)) == [where]


def test_kind_of_a_wrong_value_is_told() -> None:
    """DESIGN 5: also of the commonest mistake, a string where there is to be a table."""
    table = Table({"a": "x", "b": {"c": "x"}, "d": [1]})
    table.texts("a")
    table.tables("b")
    table.text("d")
    assert _problems(table) == {
        "a": "must be a table of strings, is a string",
        'b."c"': "must be a table, is a string",
        "d": "must be a string, is a list",
    }


def test_unknown_key_is_refused_with_a_guess() -> None:
    """DESIGN 5: in a table within a table as well."""
    table = Table({"a": {"b": {"urll": "secret", "x": "secret"}}})
    table.tables("a")["b"].refuse_unknown(("url", "name"))
    assert _problems(table) == {
        'a."b".urll': 'unknown key; did you mean "url"?',
        'a."b".x': "unknown key; known: url, name",
    }


def test_no_value_is_repeated() -> None:
    """T7: any of them may be a secret."""
    table = Table({"a": ["secret-1", 5], "b": {"secret-key": "secret-2"}, "c": b"secret-3"})
    table.words("a")
    table.tables("b")
    table.text("c")
    said = repr(_problems(table))
    assert not any(f"secret-{number}" in said for number in (1, 2, 3))
