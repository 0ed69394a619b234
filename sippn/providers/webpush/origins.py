"""The push services that are talked to, a few at a time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from attrs import define, field
from twisted.internet.defer import Deferred, fail, gatherResults

from sippn.http import Answer, Ask, NotProcessed

T = TypeVar("T")

MOST_ORIGINS: Final = 64
"""Push services that are kept connected; the world has some ten, an attacker any number."""


class Origin(Protocol):
    """What is needed of :class:`sippn.http.origin.Origin`."""

    def ask(self, ask: Ask, seconds: float, authority: bytes = b"") -> Deferred[Answer]:
        """Ask it."""

    def close(self) -> Deferred[None]:
        """Cut every connection."""


class Crowded(Exception):
    """As many push services as there may be are being talked to."""


@define(eq=False)
class _Kept:
    origin: Origin
    asked: int = 0


@define(eq=False)
class Origins:
    """
    One :class:`Origin` for each host and port; the one that was used longest ago goes first.

    One that is being asked stays: what it has been asked would fail.
    """

    _make: Callable[[str, int], Origin]
    _kept: OrderedDict[tuple[str, int], _Kept] = field(factory=OrderedDict, init=False)
    _closing: set[Deferred[None]] = field(factory=set, init=False)
    _closed: bool = field(default=False, init=False)

    def ask(
        self, place: tuple[str, int], ask: Ask, seconds: float, authority: bytes
    ) -> Deferred[Answer]:
        """
        Ask whoever is at *place*, as :meth:`Origin.ask` does.

        :raises Crowded: there is no room for another one.
        """
        if self._closed:
            return fail(NotProcessed("closed"))
        kept = self._at(place)
        kept.asked += 1

        def over(result: T) -> T:
            kept.asked -= 1
            return result

        return kept.origin.ask(ask, seconds, authority).addBoth(over)

    def close(self) -> Deferred[None]:
        """Cut all connections, and make no more; fires when they are gone."""
        self._closed = True
        closing = [kept.origin.close() for kept in self._kept.values()]
        self._kept.clear()
        return gatherResults([*closing, *self._closing]).addCallback(lambda _: None)

    def _at(self, place: tuple[str, int]) -> _Kept:
        kept = self._kept.get(place)
        if kept is None:
            if len(self._kept) >= MOST_ORIGINS:
                self._make_room()
            kept = self._kept[place] = _Kept(self._make(*place))
        self._kept.move_to_end(place)
        return kept

    def _make_room(self) -> None:
        place = next((place for place, kept in self._kept.items() if not kept.asked), None)
        if place is None:
            raise Crowded
        closing = self._kept.pop(place).origin.close()
        self._closing.add(closing)
        closing.addBoth(lambda _: self._closing.discard(closing))
