"""
What is wrong with a configuration, in words for who wrote it.

pydantic finds the faults; its own wording is for programmers, so none of it is shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import TypeAlias

from pydantic_core import ErrorDetails

Loc: TypeAlias = tuple[str | int, ...]  # ("listen", 0, "transport")
Problem: TypeAlias = tuple[str, str]  # key path, and what is wrong and what to do

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST_SHOWN = 60

_EXPECTED = {
    "string_type": "expected a string, in quotes",
    "int_type": "expected a whole number, without quotes",
    "int_from_float": "expected a whole number",
    "float_type": "expected a number, without quotes",
    "finite_number": "expected a finite number",
    "bool_type": "expected true or false, without quotes",
}
_EXAMPLES = {  # of keys that have no default
    "listen.transport": '"udp"',
    "listen.host": '"192.0.2.10"',
    "listen.port": "5060",
    "storage.type": '"sqlite"',
    "keys.file": '"sippn.keys"',
    "trusted.address": '"10.0.0.3/32"',
    "push.provider.type": '"log"',
}
_BOUNDS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
}


def key_path(loc: Iterable[str | int]) -> str:
    """Where a key stands, as one would say it: ``push.provider[0].url``."""
    path = ""
    for part in loc:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            name = part if _BARE.fullmatch(part) else _cut(json.dumps(part))
            path += f".{name}" if path else name
    return path


def shown(value: object) -> str:
    """A value as the file has it, cut where it is long; tables and lists only by their kind."""
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _cut(json.dumps(value, ensure_ascii=False))
    return _cut(str(value))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Words to append when *name* looks like one of *known*; empty when it does not."""
    spelled = {one.lower(): one for one in known}
    close = get_close_matches(name.lower(), list(spelled), n=1)
    return f": did you mean {spelled[close[0]]!r}?" if close else ""


def explain(error: ErrorDetails, secret: Collection[Loc], unknown: Callable[[Loc], str]) -> Problem:
    """
    Word one of pydantic's errors.

    :param secret: places whose value came from a variable or a file, and is not shown.
    :param unknown: says what is wrong with a key that no model has; its value is not
        shown either, since it may be a password in the wrong place.
    """
    loc = error["loc"]
    if error["type"] == "extra_forbidden":
        return key_path(loc), unknown(loc)
    if error["type"] == "missing":
        return key_path(loc), _missing(loc)
    what = _fault(error)
    value = "what it was given" if loc in secret else shown(error["input"])
    return key_path(loc), f"{value}: {what}"


def without_echoes(problems: Iterable[Problem], lost: Collection[str]) -> list[Problem]:
    """
    Leave out what only follows from a reference that leads nowhere.

    :param lost: key paths of such references; they, and the lists that they were in, are
        missing for that reason.
    """
    return [
        (where, what)
        for where, what in problems
        if not any(path == where or path.startswith(f"{where}[") for path in lost)
    ]


def _missing(loc: Loc) -> str:
    example = _EXAMPLES.get(_header(loc))
    return f"is missing: write it{f', e.g. {loc[-1]} = {example}' if example else ''}"


def _fault(error: ErrorDetails) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind in _BOUNDS:
        words, bound = _BOUNDS[kind]
        return f"must be {words} {context[bound]:.15g}"
    if kind == "list_type":
        return _instead_of_list(error)
    if kind == "model_type":
        return f"expected a table: write [{_header(error['loc'])}] once, in single brackets"
    if kind == "too_short":
        return "may not be empty: write at least one, or leave it out"
    if kind == "string_too_short":
        return "may not be empty: write a name"
    return _EXPECTED.get(kind) or str(error["msg"])


def _instead_of_list(error: ErrorDetails) -> str:
    if isinstance(error["input"], Mapping):
        return f"write [[{_header(error['loc'])}]] in double brackets, once for each"
    return "expected a list, in [ ]"


def _header(loc: Sequence[str | int]) -> str:
    return ".".join(str(part) for part in loc if isinstance(part, str))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "..."
