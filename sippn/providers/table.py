"""A plugin's configuration table, read key by key; everything wrong is said at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

from attrs import define, field

from sippn.errors import ConfigErrors


@define(eq=False)
class Table:
    """
    One table and what is wrong with it so far.

    No message repeats a value: any string of a table may be a secret.
    """

    _table: Mapping[str, object]
    _outer: Table | None = None
    _place: str = ""
    _problems: list[tuple[str, str]] = field(factory=list, init=False)

    def __contains__(self, key: str) -> bool:
        return key in self._table

    def refuse(self, key: str, what: str) -> None:
        """Take down that *key* is wrong, and *what* to do about it."""
        if self._outer is None:
            self._problems.append((key, what))
        else:
            self._outer.refuse(self._place + key, what)

    def value(self, key: str) -> object:
        """Whatever is at *key*; None: it is not there."""
        return self._table.get(key)

    def refuse_unknown(self, known: Collection[str]) -> None:
        """Refuse every key that is not *known*, with a guess at what was meant."""
        for key in self._table:
            if key not in known:
                close = get_close_matches(key, known, 1)
                guess = f'did you mean "{close[0]}"?' if close else f"known: {', '.join(known)}"
                self.refuse(key, f"unknown key; {guess}")

    def text(self, key: str, *, needed: bool = False) -> str | None:
        """The string at *key*; None: it is not there, or refused."""
        value = self._table.get(key)
        if value is None:
            if needed:
                self.refuse(key, "is missing: write it")
            return None
        if not isinstance(value, str):
            self.refuse(key, f"must be a string, is {_kind(value)}")
            return None
        if not value:
            self.refuse(key, "is empty: write it")
            return None
        return value

    def texts(self, key: str) -> dict[str, str]:
        """The table of strings at *key*, without those refused."""
        value = self._table.get(key, {})
        if not isinstance(value, Mapping):
            self.refuse(key, f"must be a table of strings, is {_kind(value)}")
            return {}
        texts: dict[str, str] = {}
        for name, text in value.items():
            if isinstance(text, str):
                texts[name] = text
            else:
                self.refuse(f"{key}.{name}", f"must be a string, is {_kind(text)}")
        return texts

    def words(self, key: str, *, needed: bool = False) -> tuple[str, ...]:
        """The strings of the list at *key*; none: it is not there, or refused."""
        value = self._table.get(key)
        if value is None:
            if needed:
                self.refuse(key, "is missing: write it")
            return ()
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            self.refuse(key, "must be a list of strings, none of them empty")
            return ()
        if needed and not value:
            self.refuse(key, "is empty: write what it is to have")
        return tuple(value)

    def tables(self, key: str) -> dict[str, Table]:
        """The tables that the table at *key* has, by name; what they refuse, this one refuses."""
        value = self._table.get(key, {})
        if not isinstance(value, Mapping):
            self.refuse(key, f"must be a table of tables, is {_kind(value)}")
            return {}
        found: dict[str, Table] = {}
        for name, table in value.items():
            if isinstance(table, Mapping):
                found[name] = Table(table, self, f'{key}."{name}".')
            else:
                self.refuse(f'{key}."{name}"', f"must be a table, is {_kind(table)}")
        return found

    def finish(self) -> None:
        """:raises ConfigErrors: everything refused."""
        if self._problems:
            raise ConfigErrors(self._problems)


def _kind(value: object) -> str:
    return _KINDS.get(type(value), "something else")


_KINDS: Final[Mapping[type, str]] = MappingProxyType(
    {
        str: "a string",
        bool: "a boolean",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "a table",
    }
)
