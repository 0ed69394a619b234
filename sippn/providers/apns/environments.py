"""Which of Apple's two environments a UA's tokens are of, where its word is not enough."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from typing import Final

from attrs import define, field

from sippn.binding import PushTarget

MOST: Final = 10000
"""UAs that are remembered: the few that are not of the environment that they say."""


@define(eq=False)
class Environments:
    """
    What was learnt of UAs: the sandbox, or production.

    It is kept by digest, so that nobody finds a PRID here; the UA has both its tokens from one
    environment.  Whoever was not pushed for the longest is forgotten first.
    """

    _learnt: OrderedDict[bytes, bool] = field(factory=OrderedDict, init=False, repr=False)

    def sandbox(self, target: PushTarget) -> bool:
        """Where *target* is pushed first: as it was learnt, or as its UA says."""
        if not self._learnt:
            return target.sandbox
        name = _digest(target)
        learnt = self._learnt.get(name)
        if learnt is None:
            return target.sandbox
        self._learnt.move_to_end(name)
        return learnt

    def learn(self, target: PushTarget, *, sandbox: bool) -> None:
        """*target* was pushed there, against the word of its UA or what was learnt before."""
        name = _digest(target)
        self._learnt.pop(name, None)
        if sandbox is not target.sandbox:
            self._learnt[name] = sandbox
            if len(self._learnt) > MOST:
                self._learnt.popitem(last=False)


def _digest(target: PushTarget) -> bytes:
    return blake2b(target.prid.encode("utf-8", "surrogateescape"), digest_size=16).digest()
