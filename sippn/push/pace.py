"""How many pushes may leave in a second, all providers together."""

from __future__ import annotations

from attrs import define, field
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from sippn.binding import PushKind
from sippn.push.waiting import Line

_BURST = 0.05  # seconds' worth: no second sees more than 105 % (RELIABILITY D4)
_ROUNDING = 1e-9


@define(eq=False)
class Pace:
    """
    A token bucket, and a line before it.

    Share one among all providers: the rate is the server's.

    :ivar per_second: 0: no limit.
    """

    _clock: IReactorTime
    per_second: float
    _line: Line = field(factory=Line)
    _tokens: float = field(init=False)
    _counted_at: float = field(init=False)
    _timer: IDelayedCall | None = field(default=None, init=False)
    _admitting: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self._tokens = self._most
        self._counted_at = self._clock.seconds()

    def turn_now(self) -> bool:
        """Whether a push may leave, which is then counted."""
        return not self.per_second or (not self._line and self._token())

    def turn(self, kind: PushKind) -> Deferred[None]:
        """
        Fires when a push of *kind* may leave.

        :raises NoRoomError: too many wait.
        """
        if self.turn_now():
            return succeed(None)
        waiter = self._line.join(kind)
        self._arm()
        return waiter.addErrback(self._gone)

    @property
    def _most(self) -> float:
        return max(1.0, self.per_second * _BURST)

    def _token(self) -> bool:
        now = self._clock.seconds()
        earned = (now - self._counted_at) * self.per_second
        self._tokens = min(self._most, self._tokens + earned)
        self._counted_at = now
        if self._tokens < 1 - _ROUNDING:
            return False
        self._tokens -= 1
        return True

    def _arm(self) -> None:
        if self._line and self._timer is None and not self._admitting:
            seconds = max(0.0, (1 - self._tokens) / self.per_second)
            self._timer = self._clock.callLater(seconds, self._admit)

    def _admit(self) -> None:
        self._timer = None
        self._admitting = True
        while self._line and self._token():
            self._line.admit()
        self._admitting = False
        self._arm()

    def _gone(self, failure: Failure) -> Failure:
        if not self._line and self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return failure
