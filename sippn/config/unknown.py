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
    ("limits",): model.Limits,
}

_LATER: dict[tuple[str, ...], tuple[str, ...]] = {
    (): ("admin", "mid", "edge"),
    ("push",): ("purr",),
}


def about_unknown(loc: Loc) -> str:
    """What to say of a key that its table does not have."""
    *table, key = names(loc)
    later = _LATER.get(tuple(table), ())
    if key in later:
        return model.NOT_YET
    return f"unknown key{did_you_mean(key, (*_TABLES[tuple(table)].model_fields, *later))}"


def names(loc: Iterable[str | int]) -> tuple[str, ...]:
    """A place without the numbers of lists: every table of a list has the same keys."""
    return tuple(part for part in loc if isinstance(part, str))
