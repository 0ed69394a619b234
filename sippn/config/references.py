"""Strings that stand elsewhere: ``{ env = "X" }`` and ``{ file = "P" }``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import define, field

from sippn.config.problems import Loc
from sippn.config.reading import named, read_text
from sippn.config.unknown import names

_LARGEST_FILE = 65536
_KINDS = ("env", "file")

# Tables that may have a single key: [keys] file = "..." means its own file
_ALWAYS_TABLES = frozenset(
    {
        (),
        *((name,) for name in ("listen", "storage", "keys", "auth", "trusted", "registrar")),
        *((name,) for name in ("expires", "push", "proxy", "limits", "policy")),
        *((name,) for name in ("admin", "mid", "edge")),
        ("push", "provider"),
        ("push", "dialect"),
        ("push", "wait"),
    }
)


_PUSHES = ("push", "provider")
_PAYLOADS = (2, 4)  # where "payload" stands in the keys: in a provider's table, or in an app's


class _LostError(Exception):
    """A reference leads nowhere; the key it stood at is left out."""


@define(eq=False)
class References:
    """
    Puts what is referred to in the place of the reference.

    :ivar folder: relative files are relative to it.
    :ivar environ: the process's environment.
    :ivar secret: where a value was put; it may be a secret, so no message shows it.
    :ivar lost: references that lead nowhere: where they stood, and why.
    """

    folder: Path
    environ: Mapping[str, str]
    secret: set[Loc] = field(factory=set, init=False)
    lost: list[tuple[Loc, str]] = field(factory=list, init=False)

    def resolve(self, table: Mapping[str, object]) -> dict[str, Any]:
        """A copy of *table* without references."""
        return self._table(table, ())

    def _table(self, table: Mapping[str, object], loc: Loc) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in table.items():
            try:
                found[key] = self._value(value, (*loc, key))
            except _LostError:
                continue
        return found

    def _list(self, values: list[object], loc: Loc) -> list[Any]:
        found: list[Any] = []
        lost = False
        for number, value in enumerate(values):
            try:
                found.append(self._value(value, (*loc, number)))
            except _LostError:
                lost = True
        if lost:  # without one, the numbers in other messages would be wrong
            raise _LostError
        return found

    def _value(self, value: object, loc: Loc) -> Any:
        if isinstance(value, list):
            return self._list(value, loc)
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and names(loc) not in _ALWAYS_TABLES and not _told_to_an_app(loc):
            [(kind, where)] = value.items()
            if kind in _KINDS and isinstance(where, str):
                return self._text(kind, where, loc)
        return self._table(value, loc)

    def _text(self, kind: str, where: str, loc: Loc) -> str:
        try:
            text = self._variable(where) if kind == "env" else self._content(where)
        except ValueError as error:
            self.lost.append((loc, str(error)))
            raise _LostError from error
        self.secret.add(loc)
        return text

    def _variable(self, name: str) -> str:
        if name not in self.environ:
            what = f"the environment variable {name!r} is not set"
            raise ValueError(f"{what}: set it for the process that runs twistd")
        return self.environ[name]

    def _content(self, name: str) -> str:
        path = self.folder / name
        try:
            text = read_text(path, _LARGEST_FILE)
        except ValueError as error:
            raise ValueError(f"{named(path)} {error}") from None
        return text.removesuffix("\n").removesuffix("\r")


def _told_to_an_app(loc: Loc) -> bool:
    """Whether *loc* is below a payload: its keys are the app's, be they ``env`` or ``file``."""
    keys = names(loc)[:-1]
    return keys[:2] == _PUSHES and any(keys[at : at + 1] == ("payload",) for at in _PAYLOADS)
