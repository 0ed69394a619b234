"""
Whom a request is still to be sent to, and in which order (RFC 3261 16.5 and 16.6).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from sippn.binding import AOR
from sippn.proxy.forwarder import HIGHEST_Q, Target

MOST_TARGETS = 32  # whoever registers again and again is not forked to each time


@define(eq=False)
class Search:
    """
    The targets that nothing was sent to yet, by q: whose q is lower waits for the others.

    A target is in it once: what was asked, or is to be asked, is not added again.

    :ivar _patience: seconds that those of one q have.
    :ivar _most: seconds for all of it.
    :ivar _level: the q of those whose turn it is, thousandths; *_since* when, monotonic clock.
    """

    _clock: IReactorTime
    _patience: float
    _most: float
    _level: int = field(default=HIGHEST_Q, init=False)
    _since: float = field(init=False)
    _latest: float = field(init=False)
    _to_come: tuple[Target, ...] = field(default=(), init=False)
    _known: tuple[str, ...] = field(default=(), init=False)
    _timer: IDelayedCall | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self._since = self._clock.seconds()
        self._latest = self._since + self._most

    def __len__(self) -> int:
        """How many are still to be asked."""
        return len(self._to_come)

    @property
    def latest(self) -> float:
        """Until then somebody may be waited for: monotonic clock, seconds."""
        return self._latest

    @property
    def spare(self) -> int:
        """How many more may be added by whoever comes late."""
        return max(0, MOST_TARGETS - len(self._known))

    def add(self, targets: Iterable[Target]) -> None:
        """Let *targets* have their turn, those of them that had none."""
        for target in targets:
            name = target.name
            if name not in self._known:
                self._known += (name,)
                self._to_come += (target,)

    def admits(self, target: Target, most: int) -> bool:
        """
        Whether it is the turn of *target*, known or not; if it is not, let it wait for it.

        :param most: how many more may be asked now.
        """
        if target.name not in self._known:
            self._known += (target.name,)
        if most < 1 or target.q < self._level:
            self._to_come += (target,)
            return False
        return True

    def drop(self, aor: AOR, ids: Collection[str], instance: str = "") -> bool:
        """
        Forget those to come that are bindings of *aor*: one of *ids*, or of the device.

        :param instance: of the device; empty: it has none.
        :returns: whether there was any.
        """
        before = self._to_come
        if not before:
            return False
        self._to_come = tuple([one for one in before if not _is_of(one, aor, ids, instance)])
        if not self._to_come:
            self.stop_timer()
        return len(self._to_come) < len(before)

    def ask_all(self) -> None:
        """It is everybody's turn, whatever the q."""
        self._level = 0

    def descend(self) -> bool:
        """
        It is the turn of the highest q among those that are left.

        :returns: False: there are none, or no time is left for them.
        """
        self.stop_timer()
        if self._clock.seconds() >= self._latest:
            self._to_come = ()
        if not self._to_come:
            return False
        self._level = max(target.q for target in self._to_come)
        self._since = self._clock.seconds()
        return True

    def take(self, most: int) -> Sequence[Target]:
        """Those whose turn it is, at most so many; they are to come no more."""
        there = self._to_come
        chosen = [target for target in there if target.q >= self._level][: max(0, most)]
        if len(chosen) == len(there):
            self._to_come = ()
        elif chosen:
            self._to_come = tuple([target for target in there if target not in chosen])
        return chosen

    def time(self, out: Callable[[], None]) -> None:
        """Call *out* when those whose turn it is have had their time, if others wait for it."""
        if not self._to_come:
            self.stop_timer()
        elif self._timer is None:
            seconds = self._since + self._patience - self._clock.seconds()
            self._timer = self._clock.callLater(max(0.0, seconds), self._time_out, out)

    def stop_timer(self) -> None:
        """Nobody waits for his turn."""
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def stop(self) -> None:
        """Nobody is asked any more."""
        self._to_come = ()
        self.stop_timer()

    def _time_out(self, out: Callable[[], None]) -> None:
        self._timer = None
        out()


def _is_of(target: Target, aor: AOR, ids: Collection[str], instance: str) -> bool:
    if target.aor != aor or target.binding is None:
        return False
    return target.name in ids or (bool(instance) and target.binding.instance == instance)
