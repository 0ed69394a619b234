"""
Who we are, for push services that let nobody else use a subscription (VAPID, RFC 8292).
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import jwt
from attrs import define, evolve, field
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from sippn.providers.webpush.encryption import point_of
from sippn.value import value_class

LIFE: Final = 12 * 3600
"""Seconds that a token is good for; 24 hours are allowed (section 2)."""

REFUSAL_TIME: Final = 10.0
"""Seconds in which a push service that refused a new token gets no newer one."""

MOST_TOKENS: Final = 256
"""Tokens kept, one for each push service."""


@value_class
class _Token:
    """
    One for a push service.

    :ivar replaced_at: wall clock, seconds: when it came in place of one that was refused;
        None: it came because there was none, or an old one.
    """

    authorization: bytes = field(repr=False)
    expires: int
    replaced_at: float | None = None

    def is_replacement(self, now: float) -> bool:
        """Whether it has replaced another just now; not where the clock was set since then."""
        return self.replaced_at is not None and 0 <= now - self.replaced_at < REFUSAL_TIME


@define(eq=False)
class Vapid:
    """
    Signs who we are, for each push service once in six hours.

    :ivar _contact: a ``mailto:`` or ``https:`` URI where the push service's people reach ours.
    :ivar _wall: wall clock, seconds: what is signed has a date.
    """

    _key: EllipticCurvePrivateKey = field(repr=False)
    _contact: str
    _wall: Callable[[], float]
    public_key: str = field(init=False)
    _tokens: OrderedDict[str, _Token] = field(factory=OrderedDict, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self.public_key = urlsafe_b64encode(point_of(self._key.public_key())).rstrip(b"=").decode()

    def authorization(self, origin: str) -> bytes:
        """
        The value of Authorization for a push service.

        :param origin: the push service's, e.g. ``"https://push.example.net"``.
        """
        token = self._tokens.get(origin)
        # a clock that was set back makes a token outlive what is allowed
        if token is None or not LIFE / 2 < token.expires - self._wall() <= LIFE:
            token = self._tokens[origin] = self._sign(origin)
        self._tokens.move_to_end(origin)
        if len(self._tokens) > MOST_TOKENS:
            self._tokens.popitem(last=False)
        return token.authorization

    def another(self, origin: str, refused: bytes) -> bytes | None:
        """
        The same in place of *refused*, which the push service did not take.

        None: not again so soon.  A push service that takes no token of ours at all would be
        asked twice for every push.
        """
        now, token = self._wall(), self._tokens.get(origin)
        if token is not None and token.authorization == refused:  # nobody else has renewed it
            if token.is_replacement(now):
                return None
            self._tokens[origin] = evolve(self._sign(origin), replaced_at=now)
        return self.authorization(origin)

    def _sign(self, origin: str) -> _Token:
        expires = int(self._wall()) + LIFE
        claims = {"aud": origin, "exp": expires, "sub": self._contact}
        token = jwt.encode(claims, self._key, algorithm="ES256")
        return _Token(f"vapid t={token}, k={self.public_key}".encode("ascii"), expires)
