"""How often somebody may do what costs somebody else."""

from __future__ import annotations

from bisect import bisect_right

from attrs import define, field
from twisted.internet.interfaces import IReactorTime

_HOUR = 3600.0


@define(eq=False)
class Budget:
    """
    So many for each key in a time, an hour unless told, and never more in any time as long
    (REQUIREMENTS Q-03).

    A bucket that refills while it is emptied would let twice the number through in
    its first hour, so the times themselves are kept: some 32 octets for each one taken.

    Keys of different trust belong into different budgets: whoever can invent keys
    (source addresses) could else push the others (devices) out of memory.

    :ivar most: in that time; 0: no limit, nothing is remembered.
    :ivar max_keys: beyond it the key that took longest ago is forgotten.
    :ivar seconds: the time.
    """

    most: int
    _clock: IReactorTime
    max_keys: int = 100_000
    seconds: float = _HOUR
    _taken: dict[str, list[float]] = field(factory=dict, init=False)

    def __len__(self) -> int:
        return len(self._taken)

    def take(self, key: str) -> bool:
        """Take one for *key*; False: it has had all of its time's worth."""
        if not self.most:
            return True
        now = self._clock.seconds()
        taken = self._taken.get(key, [])
        del taken[: bisect_right(taken, now - self.seconds)]
        if len(taken) >= self.most:
            return False
        taken.append(now)
        self._taken.pop(key, None)  # to the end: the dict stays in order of the last take
        self._taken[key] = taken
        if len(self._taken) > self.max_keys:
            del self._taken[next(iter(self._taken))]
        return True

    def wait(self, key: str) -> float:
        """Seconds until *key* may take one; 0: it may."""
        taken = self._taken.get(key)
        if taken is None or len(taken) < self.most:
            return 0.0
        return max(0.0, taken[-self.most] + self.seconds - self._clock.seconds())
