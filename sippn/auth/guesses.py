"""How often somebody may be wrong about a password."""

from __future__ import annotations

import math
from typing import ClassVar

from attrs import define, field
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from sippn.auth.budget import Budget
from sippn.auth.places import network_of
from sippn.binding import Source
from sippn.errors import Forbidden

_A_MINUTE = 60.0
_MAX_NAME = 64  # characters by which names are told apart
_TOLD_EVERY = 10.0  # seconds, or whoever guesses fills the log as well


@define(eq=False)
class Guesses:
    """
    So many wrong passwords a minute, for each name at each address (RELIABILITY A8).

    Whoever has had them is refused, with the right one too: else trying on would find it.
    Names that exist and those that do not fare alike.  The user himself, at another address,
    does not notice; who shares one with the attacker, behind a NAT, is refused with him for
    as long as that one goes on.

    :ivar most: a minute; 0: any number, nothing is remembered.
    :ivar max_keys: about 1 kB each; beyond it the guess longest ago is forgotten, which takes
        as many other guesses.
    """

    most: int
    _clock: IReactorTime
    max_keys: int = 10_000
    _wrong: Budget = field(init=False)
    _told: Budget = field(init=False)
    _log: ClassVar[Logger] = Logger()

    def __attrs_post_init__(self) -> None:
        self._wrong = Budget(self.most, self._clock, self.max_keys, _A_MINUTE)
        self._told = Budget(1, self._clock, 1, _TOLD_EVERY)

    def __len__(self) -> int:
        return len(self._wrong)

    def check(self, source: Source, name: str) -> None:
        """
        Before a password is looked at.

        :raises Forbidden: there were too many wrong ones; Retry-After says for how long.
        """
        if not len(self._wrong):
            return
        seconds = self._wrong.wait(_key(source, name))
        if seconds:
            later = [("Retry-After", str(math.ceil(seconds)))]
            raise Forbidden("Too many wrong passwords", later)

    def was_wrong(self, source: Source, name: str, *, known: bool) -> None:
        """
        Count one; the last that there may be is told, now and then.

        :param known: whether there is such a user: others are not named, for some type their
            password there.
        """
        key = _key(source, name)
        self._wrong.take(key)
        if self._wrong.wait(key) and self._told.take(""):
            self._log.warn(
                "too many wrong passwords for {whom} from {where}",
                whom=name if known else "a user who is none",
                where=source.host,
            )


def _key(source: Source, name: str) -> str:
    return f"{network_of(source.host)} {name[:_MAX_NAME]}"
