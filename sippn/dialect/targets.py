"""
From the words of a Contact to whom to push: some PNSs have a way of their own to say it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from sippn.binding import PushTarget
from sippn.dialect.apns import tokens_of, topic_of
from sippn.dialect.names import APNS, PNS, WEBPUSH
from sippn.dialect.words import Words

Hints: TypeAlias = tuple[tuple[str, str], ...]


def target_of(
    pns: PNS, words: Words, delay: float | None = None, hints: Hints = ()
) -> PushTarget | None:
    """Whom to push for *words*, which have a PRID; None: it does not say what for."""
    read = _READERS.get(pns.name)
    if read is not None:
        return read(pns, words, delay, hints)
    return PushTarget(pns.name, words.param, words.prid or "", delay=delay, hints=hints)


def _apns(pns: PNS, words: Words, delay: float | None, hints: Hints) -> PushTarget | None:
    topic = topic_of(words.param, is_app_id=words.of_app_id)
    prid = words.prid or ""
    tokens = tokens_of(prid, topic.services)
    sandbox = pns.sandbox or topic.sandbox
    target = PushTarget(APNS, words.param, prid, tokens, topic.bundle, sandbox, delay, hints)
    return target if tokens else None


def _webpush(_: PNS, words: Words, delay: float | None, hints: Hints) -> PushTarget:
    """It has no ``pn-param`` (RFC 8599 section 12): what some UAs send there tells nothing."""
    return PushTarget(WEBPUSH, "", words.prid or "", delay=delay, hints=hints)


_Reader: TypeAlias = Callable[[PNS, Words, float | None, Hints], PushTarget | None]

_READERS: Final[Mapping[str, _Reader]] = MappingProxyType({APNS: _apns, WEBPUSH: _webpush})
