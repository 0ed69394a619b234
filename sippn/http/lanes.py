"""The connections to one origin, and the requests that wait for one of them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeAlias

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from sippn.http.errors import NoAnswer, NoConnection, NotProcessed
from sippn.http.exchange import Exchange, Lane
from sippn.http.messages import Answer

ANOTHER = 1.0
"""Seconds after one more connection could not be made, until that is tried again."""

Result: TypeAlias = Answer | NoAnswer


class Opening(Protocol):
    """
    A connection that is being made.

    :ivar lane: that it will be; None: it is not known what is spoken there.
    """

    lane: Lane | None

    def start(self) -> None:
        """Make it; what comes of it is told to the :class:`Lanes`."""

    def finish(self) -> None:
        """It is made, or it never will be."""

    def cut(self, why: str) -> None:
        """Make it no more."""


@define(eq=False)
class Lanes:
    """
    Requests leave on the first connection that has room, so that the others grow old.

    One more is opened only where none has room.  Those that take no more requests do not
    count, so that a server which goes away in good order is not missed.

    :ivar _over: who is to be told of the end of an exchange.
    :ivar _usable: may be given requests, now or later.
    :ivar _all: those, and others that are not gone yet: since when each could take requests,
        monotonic clock, seconds.
    :ivar _another: monotonic clock, seconds: not before that is one more opened.
    """

    _reactor: Any
    _clock: IReactorTime
    _over: Callable[[Exchange, Result], None]
    open_one: Callable[[], Opening]
    _waiting: OrderedDict[Exchange, None] = field(factory=OrderedDict, init=False)
    _usable: list[Lane] = field(factory=list, init=False)
    _all: dict[Lane, float] = field(factory=dict, init=False)
    _opening: set[Opening] = field(factory=set, init=False)
    _turn: IDelayedCall | None = field(default=None, init=False)
    _telling: bool = field(default=False, init=False)
    _another: float = field(default=0.0, init=False)
    _most: int = field(default=1, init=False)
    _at_once: int = field(default=1, init=False)
    _closed: bool = field(default=False, init=False)
    _ends: list[Deferred[None]] = field(factory=list, init=False)

    def put(self, exchange: Exchange, *, first: bool = False) -> None:
        """Let it leave at the end of this turn, with all others, or as soon as it can."""
        exchange.lane = None
        self._waiting[exchange] = None
        if first:
            self._waiting.move_to_end(exchange, last=False)
        if self._turn is None and not self._telling:
            self._turn = self._reactor.callLater(0, self._pump_turn)

    def drop(self, exchange: Exchange, *, late: bool) -> Answer | None:
        """Nobody waits for it any more; see :meth:`sippn.http.exchange.Lane.drop`."""
        if exchange.lane is not None:
            return exchange.lane.drop(exchange, late=late)
        self._waiting.pop(exchange, None)
        return None

    def is_open(self) -> bool:
        """Whether there is a connection that may be given requests."""
        return bool(self._usable)

    def pump(self) -> None:
        """Let as many leave as can."""
        waiting = self._waiting
        if not waiting:
            return
        for lane in tuple(self._usable):
            while waiting and lane.free > 0:
                lane.send(waiting.popitem(last=False)[0])
            lane.flush()
            if not waiting:
                return
        self._open_more()

    def tell(self, over: Iterable[tuple[Exchange, Result]]) -> None:
        """Exchanges have ended: there may be room for others."""
        outer, self._telling = self._telling, True
        try:
            for exchange, result in over:
                self._over(exchange, result)
        finally:
            self._telling = outer
        if not outer:
            self.pump()

    def opened(self, lane: Lane) -> None:
        """It can take requests from now on."""
        for opening in [each for each in self._opening if each.lane is lane]:
            self._opening.discard(opening)
            opening.finish()
        self._all[lane] = self._clock.seconds()
        self._usable.append(lane)
        self._most, self._at_once = lane.most, lane.at_once

    def left(self, lane: Lane, why: str) -> None:
        """It takes no more of them."""
        self._leave(lane, self._all.get(lane, 0.0), why)

    def lost(self, lane: Lane, why: str) -> None:
        """It is gone."""
        self._leave(lane, self._all.pop(lane, 0.0), why)
        for opening in [each for each in self._opening if each.lane is lane]:
            self.failed(opening, why)
        self._see_the_end()
        self.pump()

    def failed(self, opening: Opening, why: str) -> None:
        """There is no connection."""
        if opening in self._opening:
            self._opening.discard(opening)
            opening.finish()
            self._in_vain(why)
            self._see_the_end()

    def close(self) -> Deferred[None]:
        """Cut them all; fires when they are gone."""
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None
        self._closed = True
        end: Deferred[None] = Deferred()
        self._ends.append(end)
        self._fail(NotProcessed("closed"))
        for opening in tuple(self._opening):
            opening.cut("closed")
        for lane in tuple(self._all):
            lane.cut("closed")
        self._see_the_end()
        return end

    def _pump_turn(self) -> None:
        self._turn = None
        self.pump()

    def _open_more(self) -> None:
        if self._closed or (self._usable and self._clock.seconds() < self._another):
            return
        here = len(self._opening)
        room = min(self._most - len(self._usable), 4 * self._most - len(self._all)) - here
        for _ in range(min(room, min(self._at_once, len(self._waiting)) - here)):
            opening = self.open_one()
            self._opening.add(opening)
            opening.start()

    def _leave(self, lane: Lane, since: float, why: str) -> None:
        if lane in self._usable:
            self._usable.remove(lane)
            if not lane.used and self._clock.seconds() < since + ANOTHER:
                self._in_vain(why)  # or we would open one after the other

    def _in_vain(self, why: str) -> None:
        """A connection was of no use: those who wait have no other, or must wait for it."""
        if self._usable or self._opening:
            self._another = self._clock.seconds() + ANOTHER
        else:
            self._fail(NoConnection(why))

    def _fail(self, error: NoAnswer) -> None:
        waiting, self._waiting = self._waiting, OrderedDict()
        for exchange in waiting:
            self._over(exchange, error)

    def _see_the_end(self) -> None:
        if self._all or self._opening:
            return
        ends, self._ends = self._ends, []
        for end in ends:
            end.callback(None)
