"""
A JSON object with gaps, checked once and filled for each push.

Gaps are in the values that are strings, and what fills one stays within its string: nobody
who places a call can add to the object or change its shape.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from sippn.binding import PushJob
from sippn.providers.facts import FACTS, NUMBER, hint_of

DEEPEST: Final = 8
"""Objects and lists within one another."""

LARGEST: Final = 4096
"""Octets of JSON that a template has itself: no PNS takes more."""

Fill: TypeAlias = Callable[[PushJob, float], Any]
Problem: TypeAlias = tuple[tuple[str, ...], str]

_PIECE: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_HINT: Final = re.compile(r"pn-[a-z0-9][a-z0-9\-]{0,60}")
_SECRET: Final = frozenset({"pn-prid", "pn-tok", "pn-encsec", "pn-enccode", "pn-enckey"})
_SECRETS: Final = "sippn-wp-"  # as all keys of a subscription begin
# parameters that are no hint of how to push: they say who is pushed and when, or nothing at all
_NO_HINT: Final = frozenset(
    {"pn-methods", "pn-param", "pn-provider", "pn-purr", "pn-timeout", "pn-type", "pn-uri"}
)
_MARKS: Final = MappingProxyType({"{{": "{", "}}": "}"})


def compiled(template: Mapping[str, Any], *, flat: bool = False) -> tuple[list[Problem], Fill]:
    """
    What is wrong with *template*, and what fills it, where nothing is.

    :param flat: a value that is no string is wrong.
    """
    problems: list[Problem] = []
    fill = _object(template, (), problems, flat=flat)
    if not problems and len(json.dumps(template, ensure_ascii=False).encode()) > LARGEST:
        problems.append(((), f"is larger than {LARGEST} octets: no push service takes as much"))
    return problems, fill


def _compiled(value: Any, where: tuple[str, ...], problems: list[Problem], *, flat: bool) -> Fill:
    if isinstance(value, str):
        return _text(value, where, problems, flat=flat)
    if flat:
        problems.append((where, "must be a string: the push service takes nothing else"))
        return _constant(None)
    if len(where) >= DEEPEST and isinstance(value, (Mapping, list)):
        problems.append((where, f"is more than {DEEPEST} deep: make it flatter"))
        return _constant(None)
    if isinstance(value, Mapping):
        return _object(value, where, problems, flat=flat)
    if isinstance(value, list):
        return _list(value, where, problems)
    if not isinstance(value, (bool, int, float)) or not math.isfinite(value):
        problems.append((where, "is nothing that JSON has: write it as a string"))
    return _constant(value)


def _object(
    value: Mapping[str, Any], where: tuple[str, ...], problems: list[Problem], *, flat: bool
) -> Fill:
    pairs = []
    for name, inner in value.items():
        if not _is_unicode(name):
            problems.append((where, "has a name that is not Unicode"))
        pairs.append((name, _compiled(inner, (*where, name), problems, flat=flat)))
    return lambda job, left: {name: fill(job, left) for name, fill in pairs}


def _list(value: Sequence[Any], where: tuple[str, ...], problems: list[Problem]) -> Fill:
    fills = [
        _compiled(inner, (*where, str(at)), problems, flat=False) for at, inner in enumerate(value)
    ]
    return lambda job, left: [fill(job, left) for fill in fills]


def _text(value: str, where: tuple[str, ...], problems: list[Problem], *, flat: bool) -> Fill:
    """The pieces of a string; a number alone stays one where it may."""
    if not flat and value in NUMBER:
        return NUMBER[value]
    if not _is_unicode(value):
        problems.append((where, "is not Unicode"))
    fills: list[Fill] = []
    plain = ""
    at = 0
    for found in _PIECE.finditer(value):
        plain += value[at : found.start()] + _MARKS.get(found[0], "")
        at = found.end()
        if found[0] not in _MARKS:
            fills += (*_plain(plain), _gap(found[1], where, problems))
            plain = ""
    fills += _plain(plain + value[at:])
    if len(fills) == 1:
        return fills[0]
    return lambda job, left: "".join([fill(job, left) for fill in fills])


def _plain(text: str) -> list[Fill]:
    return [_constant(text)] if text else []


def _gap(written: str | None, where: tuple[str, ...], problems: list[Problem]) -> Fill:
    """What fills ``{name}`` or ``{name|instead}``, the latter where the name has no value."""
    name, _, instead = (written or "").partition("|")
    fill = FACTS.get(name)
    if fill is None and _HINT.fullmatch(name) and name not in _SECRET | _NO_HINT:
        fill = hint_of(name)
    if fill is None:
        problems.append((where, _why_not(written, name)))
        return _constant("")
    found = fill
    return (lambda job, left: found(job, left) or instead) if instead else found


def _why_not(written: str | None, name: str) -> str:
    if written is None:
        return "has a brace without its partner: {{ and }} are braces that stay"
    if name in _SECRET or name.startswith(_SECRETS):
        return f"asks for {{{name}}}, which is a credential: leave it out"
    if name in _NO_HINT:
        return f"asks for {{{name}}}, which is no hint of a phone: leave it out"
    close = get_close_matches(name, FACTS, 1)
    guess = f"did you mean {{{close[0]}}}?" if close else f"known: {', '.join(FACTS)}, pn-..."
    return f"has a gap that nothing fills; {guess}"


def _constant(value: Any) -> Fill:
    return lambda _job, _left: value


def _is_unicode(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)
