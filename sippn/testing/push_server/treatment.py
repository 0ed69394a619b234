"""Doing with a push what an :class:`Answer` says."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from functools import cache
from typing import ClassVar

from attrs import define

from sippn.testing.push_server.answers import Answer, Manner
from sippn.testing.push_server.exchange import Exchange

FLOOD = tuple((f"x-flood-{number}", "x" * 16) for number in range(1000))
HEAVY = (("x-heavy", "x" * 40 * 1024),)
BOMB = 64 * 1024 * 1024  # octets of the body when it is inflated

_PAUSE = 0.01  # seconds between octets where no delay is given

Later = Callable[[float, Callable[[], None]], object]


@define(eq=False)
class Treatment:
    """
    One push being treated badly, or late.

    :ivar status: the answer's, as *fields* and *body* are: what would be right.
    """

    exchange: Exchange
    answer: Answer
    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes
    later: Later

    def begin(self) -> None:
        """Do it, after its delay."""
        if self.answer.delay and self.answer.manner is not Manner.REFUSE:
            self.later(self.answer.delay, self._act)
        else:
            self._act()

    def _act(self) -> None:
        if not self.exchange.over:
            self._ways[self.answer.manner](self)

    def _whole(self) -> None:
        self.exchange.answer(self.status, self.fields, self.body)

    def _close(self) -> None:
        self.exchange.last()
        self._whole()

    def _hang(self) -> None:
        """Say nothing."""

    def _reset(self) -> None:
        self.exchange.reset(self.answer.code)

    def _cut(self) -> None:
        self.exchange.cut()

    def _refuse(self) -> None:
        self.exchange.refuse(self.answer.code, self.answer.body or b"")

    def _shut_down(self) -> None:
        self.exchange.shut_down(self.answer.code, self.answer.body or b"")

    def _drip(self) -> None:
        self.exchange.begin(self.status, self.fields)
        self._drop()

    def _drop(self) -> None:
        if not self.exchange.over:
            self.exchange.part(b".")
            self.later(self.answer.delay or _PAUSE, self._drop)

    def _endless(self) -> None:
        self.exchange.begin(self.status, self.fields)
        self.exchange.pour()

    def _endless_head(self) -> None:
        self.exchange.endless_head()

    def _flood(self) -> None:
        self.exchange.answer(self.status, (*self.fields, *FLOOD), self.body)

    def _heavy(self) -> None:
        self.exchange.answer(self.status, (*self.fields, *HEAVY), self.body)

    def _bomb(self) -> None:
        fields = (*self.fields, ("content-encoding", "gzip"))
        self.exchange.answer(self.status, fields, bomb())

    def _interim(self) -> None:
        if not self.exchange.over:
            self.exchange.interim(103)
            self.later(self.answer.delay or _PAUSE, self._interim)

    _ways: ClassVar[dict[Manner, Callable[[Treatment], None]]] = {
        Manner.ANSWER: _whole,
        Manner.CLOSE: _close,
        Manner.HANG: _hang,
        Manner.RESET: _reset,
        Manner.CUT: _cut,
        Manner.REFUSE: _refuse,
        Manner.SHUTDOWN: _shut_down,
        Manner.DRIP: _drip,
        Manner.ENDLESS: _endless,
        Manner.ENDLESS_HEAD: _endless_head,
        Manner.FLOOD: _flood,
        Manner.HEAVY: _heavy,
        Manner.BOMB: _bomb,
        Manner.INTERIM: _interim,
    }


@cache
def bomb() -> bytes:
    """A body of :data:`BOMB` octets, as gzip has it."""
    return gzip.compress(bytes(BOMB), compresslevel=9, mtime=0)
