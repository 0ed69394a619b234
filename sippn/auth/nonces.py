"""Nonces that cost nothing until somebody has proved to know a password."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable

from attrs import define, field

from sippn.seal import Keyring
from sippn.value import value_class

_PURPOSE = "nonce"
_TIME, _RANDOM, _MAC = 6, 8, 16  # octets: 40 characters in all, no padding
_LENGTH = 40
_WINDOW = 64
_WINDOW_MASK = (1 << _WINDOW) - 1
_AHEAD = 5000  # milliseconds by which another node's clock may be ahead


@value_class
class _Counted:
    """
    What was seen of a nonce that authenticated.

    :ivar issued: wall clock, milliseconds.
    :ivar highest: the highest nonce count seen.
    :ivar seen: bit *i* is set when count ``highest - i`` was seen.
    """

    issued: int
    highest: int
    seen: int


@define(eq=False)
class Nonces:
    """
    Makes and checks nonces (RFC 7616 section 3.3).

    A nonce is its time, random octets and a MAC of both with the realm and the class of
    source it was given to (:func:`~sippn.auth.places.source_class`): a challenge that nobody
    answers leaves nothing behind, no nonce can be made up, and none that somebody else was
    given is of use.  Only a nonce that has authenticated is remembered, with the counts it
    was used with.

    Nothing is remembered across a restart, nor beyond *max_remembered*: a nonce from
    before that edge is taken for used, which costs its owner one more round trip.

    :ivar lifetime: seconds a nonce may be used.
    """

    _keyring: Keyring
    _wall: Callable[[], float]
    _entropy: Callable[[int], bytes]
    lifetime: float = 300
    max_remembered: int = 50_000
    _counted: dict[bytes, _Counted] = field(factory=dict, init=False)
    _edge: int = field(default=0, init=False)  # ms: what was issued before is not known any more
    _begun: bool = field(default=False, init=False)

    def __len__(self) -> int:
        return len(self._counted)

    def issue(self, realm: str, where: str = "") -> str:
        """A new nonce for *realm*, and for sources of the class *where*."""
        now = self._now()
        if not self._begun:
            self._begin(now)
        plain = now.to_bytes(_TIME, "big") + self._entropy(_RANDOM)
        return urlsafe_b64encode(plain + self._mac(realm, where, plain)).decode("ascii")

    def recognize(self, realm: str, nonce: str, where: str = "") -> bytes | None:
        """
        Look whether *nonce* was given to somebody of that class, however long ago.

        :returns: what :meth:`spend` takes; None: forged, or of another realm or class.
        """
        if len(nonce) != _LENGTH or not nonce.isascii():
            return None
        try:
            octets = urlsafe_b64decode(nonce)
        except ValueError:
            return None
        plain, mac = octets[: _TIME + _RANDOM], octets[_TIME + _RANDOM :]
        return plain if hmac.compare_digest(mac, self._mac(realm, where, plain)) else None

    def spend(self, plain: bytes, count: int) -> bool:
        """
        Use a nonce for the *count*-th time; only for credentials that are right.

        :param plain: of :meth:`recognize`.
        :returns: False: too old, or that count was used before (or lies 64 and more below
            the highest that was).
        """
        issued, now = int.from_bytes(plain[:_TIME], "big"), self._now()
        if not self._begun:
            self._begin(now)
        if self._expired(issued, now) or issued > now + _AHEAD:
            return False
        known = self._counted.get(plain)
        if known is not None:
            return self._count(plain, known, count)
        self._edge = min(self._edge, now + _AHEAD)  # the clock was set back
        if issued < self._edge:
            return False
        self._make_room(now)
        self._counted[plain] = _Counted(issued, count, 1)
        return True

    def _begin(self, now: int) -> None:
        """Not when this is made: the clock goes on where the last server's stopped after that."""
        self._edge, self._begun = now, True

    def _count(self, plain: bytes, known: _Counted, count: int) -> bool:
        ahead = count - known.highest
        if ahead > 0:
            seen = (known.seen << ahead | 1) & _WINDOW_MASK if ahead < _WINDOW else 1
            self._counted[plain] = _Counted(known.issued, count, seen)
            return True
        bit = 1 << -ahead if ahead > -_WINDOW else 0
        if not bit or known.seen & bit:
            return False
        self._counted[plain] = _Counted(known.issued, known.highest, known.seen | bit)
        return True

    def _make_room(self, now: int) -> None:
        """Forget what is too old to be used, and the first ones when all are young."""
        while self._counted:
            plain, first = next(iter(self._counted.items()))
            expired = self._expired(first.issued, now)
            if not expired and len(self._counted) < self.max_remembered:
                return
            del self._counted[plain]
            if not expired:  # else a request that was overheard could be sent again
                self._edge = max(self._edge, first.issued + 1)

    def _expired(self, issued: int, now: int) -> bool:
        return now - issued > self.lifetime * 1000

    def _mac(self, realm: str, where: str, plain: bytes) -> bytes:
        named = f"{where}\n{realm}".encode()
        return self._keyring.mac(_PURPOSE, plain + named)[:_MAC]

    def _now(self) -> int:
        return int(self._wall() * 1000)
