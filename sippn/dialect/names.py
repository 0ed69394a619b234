"""
What the push notification services are called in the field (REQUIREMENTS 1.11).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from sippn.value import value_class

APNS: Final = "apns"
FCM: Final = "fcm"
WEBPUSH: Final = "webpush"

# what UAs say for a PNS, and its name of RFC 8599 section 14.4; who is not here has one name
ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "apns.dev": APNS,
        "apple": APNS,
        "apple.dev": APNS,
        "android": FCM,
        "firebase": FCM,
        "google": FCM,
    }
)
_SANDBOXES: Final = frozenset({"apns.dev", "apple.dev"})
GONE: Final = frozenset({"w10", "wp"})  # Windows phones: their PNS was switched off
TAG_VALUE: Final = re.compile(r"[a-z0-9\-.!%*_+`'~]{1,64}")  # what Feature-Caps can say (G-04)


@value_class
class PNS:
    """
    A push notification service, as a UA calls it.

    :ivar word: the UA's own, lower case; empty: it asks for all of them.
    :ivar name: the same by its name of RFC 8599.
    :ivar sandbox: it is that one's test environment.
    :ivar problem: why no provider can serve it; empty: one could.
    """

    word: str
    name: str
    sandbox: bool
    problem: str


@lru_cache(maxsize=64)  # there are five of them; what else is said is bounded
def pns_called(written: str) -> PNS:
    """The PNS that *written*, a ``pn-provider`` or ``pn-type``, stands for."""
    word = written.lower()
    problem = ""
    if word in GONE:
        problem = f"{word} is a push notification service that is no more"
    elif word and not TAG_VALUE.fullmatch(word):
        problem = "pn-provider is no word that Feature-Caps can say"
    return PNS(word, ALIASES.get(word, word), word in _SANDBOXES, problem)
