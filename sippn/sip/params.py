"""Parameters: ``;name=value`` behind URIs and header field values, in order, as written."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final, TypeAlias

from sippn.errors import BadRequest
from sippn.sip.grammar import CONTROL, LWS

Params: TypeAlias = tuple[tuple[str, str | None], ...]  # None: no "="; quotes are kept

MAX_PARAMS: Final = 100  # behind one URI or one value; nobody sends twenty

_PARAM: Final = re.compile(
    r"[ \t]*+;[ \t]*+([A-Za-z0-9\-.!%*_+`'~\[\]/:&$()]++)[ \t]*+"
    r'(?:=[ \t]*+("[^"\\]*+(?:\\.[^"\\]*+)*+"|[^\x00-\x20\x7f";,<>]*+)[ \t]*+)?'
)
_PAIR: Final = re.compile(r"\\(.)")
_TO_QUOTE: Final = re.compile(r'(["\\])')


def parse_params(text: str) -> Params:
    """
    Split *text*, which starts at a semicolon or is empty.

    Nothing is decoded: what is not understood is passed on as it came.

    :raises BadRequest: an empty name, a quote without an end, or too many of them.
    """
    if not text:
        return ()
    if (
        '"' in text
        or " " in text
        or "<" in text
        or ">" in text
        or "," in text
        or "@" in text
        or not text.isascii()
        or not text.isprintable()
    ):
        return _parse_awkward(text)
    return split_params(text)


def split_params(text: str) -> Params:
    """
    Split *text*, known to hold no quotes, spaces, brackets, commas or control characters.

    :raises BadRequest: it does not start at a semicolon, an empty name, or too many of them.
    """
    parts = text.split(";")
    if parts[0] or len(parts) > MAX_PARAMS:
        raise BadRequest("Bad parameters")
    del parts[0]
    params: list[tuple[str, str | None]] = []
    for part in parts:
        name, equal, value = part.partition("=")
        if not name:
            raise BadRequest("Parameter without a name")
        params.append((name, value if equal else None))
    return tuple(params)


def _parse_awkward(text: str) -> Params:
    params: list[tuple[str, str | None]] = []
    at, end = 0, len(text.rstrip(LWS))
    while at < end:
        found = _PARAM.match(text, at)
        if found is None or len(params) == MAX_PARAMS:
            raise BadRequest("Bad parameters")
        name, value = found.groups()
        params.append((name, value))
        at = found.end()
    return tuple(params)


def write_params(params: Params) -> str:
    """Write *params* as they were parsed."""
    return "".join([f";{name}" if value is None else f";{name}={value}" for name, value in params])


def get_param(params: Params, name: str) -> str | None:
    """
    Look a parameter up by its *name*, in any case, and take its quotes off.

    :returns: its value, empty where it has none; None: there is no such parameter.
    """
    wanted = name.lower()
    for written, value in params:
        if written == wanted or written.lower() == wanted:
            if value is None:
                return ""
            return unquote(value) if value[:1] == '"' else value
    return None


def without_params(params: Params, names: Collection[str]) -> Params:
    """Leave out every parameter called one of *names*, which are lower case."""
    return tuple([param for param in params if param[0].lower() not in names])


def quote(text: str) -> str:
    """
    Write *text* as a quoted-string.

    :raises ValueError: a control octet in it, which could end the header field.
    """
    if CONTROL.search(text):
        raise ValueError("a control character cannot be quoted")
    return '"' + _TO_QUOTE.sub(r"\\\1", text) + '"'


def unquote(text: str) -> str:
    """Take the quotes and backslashes off a quoted-string; anything else is as it was."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    inner = text[1:-1]
    return _PAIR.sub(r"\1", inner) if "\\" in inner else inner
