"""
What a terminal may show of a push: no credential beyond its first characters.

Whoever has a PRID can push the phone, whoever has a provider token can push all phones of
the app; and what is on a terminal ends in a bug report.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, urlsplit

from attrs import define, field

from sippn.binding import PushTarget

_SHOWN = 6
_LONG = 24  # characters of a path's segment with digits: whatever it is, it names one phone
_LONG_HINT = 16
_SHORT_SECRET = 8  # characters; a shorter one may be any word
_SHORT_PATH = 4  # characters; a shorter one is no secret, and stands in many words
_JWT = re.compile(r"eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+)*")
_SECRET_KEYS = frozenset(
    {
        "access_token",
        "assertion",
        "auth",
        "authorization",
        "client_secret",
        "id_token",
        "key",
        "keys",
        "p256dh",
        "password",
        "prid",
        "private_key",
        "refresh_token",
        "secret",
        "token",
        "tokens",
    }
)
_PLAIN_FIELDS = frozenset(
    {
        b"accept",
        b"apns-collapse-id",
        b"apns-expiration",
        b"apns-id",
        b"apns-priority",
        b"apns-push-type",
        b"apns-topic",
        b"apns-unique-id",
        b"content-encoding",
        b"content-length",
        b"content-type",
        b"date",
        b"host",
        b"retry-after",
        b"topic",
        b"ttl",
        b"urgency",
        b"user-agent",
        b"x-sippn-signature",
    }
)
"""Header fields that hold no secret; of any other nobody knows, as of a webhook's own."""


def cut(secret: str) -> str:
    """How *secret* begins; of a short one not even half."""
    return f"{secret[: min(_SHOWN, len(secret) // 3)]}…"


@define(eq=False)
class Redactor:
    """Knows what is secret, and finds it again in whatever is shown."""

    _secrets: set[str] = field(factory=set, init=False, repr=False)

    def hide_target(self, target: PushTarget) -> None:
        """Show no token of *target*, nor the keys that its payload is encrypted with."""
        self.hide(target.prid, *(token for _, token in target.tokens))
        self.hide(*(value for _, value in target.hints if len(value) >= _LONG_HINT))
        if "://" in target.prid:
            url = urlsplit(target.prid)
            path = url.path[1:] + (f"?{url.query}" if url.query else "")
            if len(path) >= _SHORT_PATH:
                self.hide(path)

    def hide(self, *secrets: str) -> None:
        """Show none of these any more."""
        for secret in filter(None, secrets):
            self._secrets |= {secret, quote(secret, safe=""), quote(secret)}

    def once_seen(self, secret: str) -> str:
        """How *secret* begins; who answers may say it again, and it is not shown then either."""
        if len(secret) >= _SHORT_SECRET:
            self.hide(secret)
        return cut(secret)

    def text(self, text: str) -> str:
        """*text* without secrets, and with nothing in it that a terminal would obey."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            shown = cut(secret).replace("\\", r"\\")  # no token is a template
            text = re.sub(re.escape(secret), shown, text, flags=re.IGNORECASE)
        text = _JWT.sub(lambda found: cut(found[0]), text)
        return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)

    def path(self, octets: bytes) -> str:
        """A path, with its query."""
        path, mark, query = self.text(octets.decode("latin-1")).partition("?")
        return "/".join(map(_segment, path.split("/"))) + mark + (cut(query) if query else "")

    def fields(self, fields: Iterable[tuple[bytes, bytes]]) -> list[str]:
        """A line for each of these header fields."""
        return [f"{self.text(n.decode('latin-1'))}: {self._value(n, value)}" for n, value in fields]

    def value(self, value: Any, key: str = "") -> Any:
        """What JSON holds, as it may be shown; *key*: what it stands under."""
        if isinstance(value, dict):
            return {self.text(name): self.value(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.value(inner, key) for inner in value]
        if isinstance(value, str):
            is_secret = value and key.lower() in _SECRET_KEYS
            return self.once_seen(value) if is_secret else self.text(value)
        return value

    def _value(self, name: bytes, octets: bytes) -> str:
        value = octets.decode("latin-1")
        if name in _PLAIN_FIELDS:
            return self.text(value)
        scheme, blank, rest = value.partition(" ")
        return self.text(f"{scheme} {self.once_seen(rest)}" if blank else self.once_seen(value))


def _segment(text: str) -> str:
    return cut(text) if len(text) >= _LONG and any(map(str.isdigit, text)) else text
