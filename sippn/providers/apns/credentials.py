"""By what Apple knows us: a token that we sign, or a certificate of the connection's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import jwt
from attrs import define, field
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from twisted.internet.interfaces import IReactorTime

RENEWAL: Final = 45 * 60.0
"""Seconds that a token is used; Apple takes it for an hour."""

SOONEST: Final = 20 * 60.0
"""Seconds between two tokens: Apple refuses whoever makes more (TooManyProviderTokenUpdates)."""

CLOCK_SET: Final = 60.0
"""Seconds by which the wall clock has jumped where a token says a wrong time since."""


@define(eq=False)
class ProviderToken:
    """
    The token of one key, for all apps of its team; made when the first push needs it.

    :ivar _made_at: of the clock; :ivar _dated: of the wall clock, when it was made.
    """

    _team: str
    _key_id: str
    _key: EllipticCurvePrivateKey = field(repr=False)
    _clock: IReactorTime = field(repr=False)
    _wall: Callable[[], float] = field(repr=False)
    _value: bytes = field(default=b"", init=False, repr=False)
    _made_at: float = field(default=0.0, init=False)
    _dated: float = field(default=0.0, init=False)

    def authorization(self) -> bytes:
        """The value of the header field."""
        age = self._clock.seconds() - self._made_at
        if not self._value or age >= RENEWAL or self._is_misdated(age):
            self._make()
        return self._value

    def replacing(self, refused: bytes) -> bytes | None:
        """
        What to send in place of *refused*, which Apple takes no more.

        None: there is nothing better, as it is too early for a new token.
        """
        if self._value == refused:
            if self._clock.seconds() - self._made_at < SOONEST:
                return None
            self._make()
        return self._value

    def _is_misdated(self, age: float) -> bool:
        """Whether the machine's clock was set since: it was wrong when the token was made."""
        return abs(self._wall() - self._dated - age) > CLOCK_SET

    def _make(self) -> None:
        self._made_at, self._dated = self._clock.seconds(), self._wall()
        claims = {"iss": self._team, "iat": int(self._dated)}
        token = jwt.encode(claims, self._key, "ES256", headers={"kid": self._key_id})
        self._value = f"bearer {token}".encode("ascii")
