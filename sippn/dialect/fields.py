"""
The push parameters of a Contact, found wherever its UA put them, still as they were written.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from sippn.errors import BadRequest
from sippn.sip import Params, unescape, unquote

Found: TypeAlias = dict[str, str | None]  # names in lower case; None: there was no "="

MAX_VALUE: Final = 4096  # octets, unescaped (T12)
MAX_HINTS: Final = 24  # Linphone sends eleven
MAX_HINT: Final = 512  # characters of a value, unescaped
MAX_HINT_NAME: Final = 64
MAX_DELAY: Final = 10.0  # seconds: a UA that wants more is pushed too late for any call

# who is to be pushed; all others say how
DECISIVE: Final = frozenset({"pn-provider", "pn-param", "pn-prid", "pn-type", "pn-tok", "app-id"})
# pn-purr is of a dialog; the others are of a draft in which a UA has the proxy call any URL
_UNHEARD: Final = frozenset({"pn-purr", "pn-methods", "pn-uri"})
# of a Web Push subscription, where a UA wants what is pushed encrypted (REQUIREMENTS G-08)
_KEYS: Final = frozenset({"sippn-wp-p256dh", "sippn-wp-auth"})
_DELAY: Final = "pn-timeout"
_AS_GOOD_AS_ALL: Final = re.compile(r"[A-Za-z0-9_.:\-]{1,512}")  # nothing to decode
_SECONDS: Final = re.compile(r"[0-9]{1,9}")


def gather(in_uri: Params, in_header: Params) -> Found:
    """
    All push parameters of a Contact; where both places have one, the URI's counts.

    RFC 8599 section 4.1.1 has them in the URI.  Several stacks put them behind it.

    :raises BadRequest: one that says who is to be pushed is there twice in one place (T12).
    """
    found = _push_params(in_uri)
    behind = _push_params(in_header)
    return {**behind, **found} if behind else found


def _push_params(params: Params) -> Found:
    found: Found = {}
    for written, value in params:
        name = written.lower()
        if name[:3] == "pn-" or name == "app-id" or name in _KEYS:
            if name not in found:
                found[name] = value
            elif name in DECISIVE:
                raise BadRequest(f"{name} given twice")
    return found


def text_of(name: str, found: Found) -> str:
    """
    The value of *name*, without its quotes and unescaped exactly once (G-03); empty: none.

    :raises BadRequest: a broken escape, a control character, octets that are no UTF-8, or
        more of them than :data:`MAX_VALUE` (T12).
    """
    written = found.get(name) or ""
    if _AS_GOOD_AS_ALL.fullmatch(written):
        return written
    text = unescape(unquote(written))
    try:
        size = len(text) if text.isascii() else len(text.encode())
    except UnicodeEncodeError:
        raise BadRequest(f"{name} is not UTF-8") from None
    if size > MAX_VALUE:
        raise BadRequest(f"{name} is too long")
    return text


def delay_of(found: Found) -> float | None:
    """How long its UA wants to be asked before it is pushed, in seconds (D-05); None: no word."""
    written = unquote(found.get(_DELAY) or "")
    return min(float(written), MAX_DELAY) if _SECONDS.fullmatch(written) else None


def hints_of(found: Found) -> tuple[tuple[str, str], ...]:
    """
    What else is said about how to push, by name; unescaped once, otherwise as it came.

    Nobody is refused for these: what cannot be read, or is too much, is left out.
    """
    hints: list[tuple[str, str]] = []
    for name in sorted(found.keys() - DECISIVE - _UNHEARD - {_DELAY}):
        text = _hint(name, found)
        if text is not None and len(hints) < MAX_HINTS:
            hints.append((name, text))
    return tuple(hints)


def _hint(name: str, found: Found) -> str | None:
    if len(name) > MAX_HINT_NAME:
        return None
    try:
        text = text_of(name, found)
    except BadRequest:
        return None
    return text if len(text) <= MAX_HINT else None
