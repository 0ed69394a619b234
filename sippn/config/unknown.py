"""Keys that no table has: not built yet, or mistaken for another."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel

from sippn.config import model
from sippn.config.problems import Loc, did_you_mean

_TABLES: dict[tuple[str, ...], type[BaseModel]] = {
    (): model.Config,
    ("listen",): model.Listen,
    ("keys",): model.Keys,
    ("auth",): model.Auth,
    ("trusted",): model.Trusted,
    ("registrar",): model.Registrar,
    ("expires",): model.Expires,
    ("push",): model.Push,
    ("push", "wait"): model.Wait,
    ("proxy",): model.Proxy,
    ("limits",): model.Limits,
}

_LATER: dict[tuple[str, ...], tuple[str, ...]] = {(): ("admin", "mid", "edge")}

_REPEATED = (("listen",), ("trusted",))


def about_unknown(loc: Loc) -> str:
    """What to say of a key that its table does not have."""
    *table, key = names(loc)
    later = _LATER.get(tuple(table), ())
    if key in later:
        return f"{model.NOT_YET}: remove it"
    homes = [
        _header(home) for home, tables in _TABLES.items() if home and key in tables.model_fields
    ]
    if homes:
        return f"unknown key here: it belongs into {' or '.join(homes)}"
    hint = did_you_mean(key, (*_TABLES[tuple(table)].model_fields, *later))
    return f"unknown key{hint or ': remove it'}"


def _header(table: tuple[str, ...]) -> str:
    name = ".".join(table)
    return f"[[{name}]]" if table in _REPEATED else f"[{name}]"


def names(loc: Iterable[str | int]) -> tuple[str, ...]:
    """A place without the numbers of lists: every table of a list has the same keys."""
    return tuple(part for part in loc if isinstance(part, str))
