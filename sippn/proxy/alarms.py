"""
The timers of one branch.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall

from sippn.transaction import FixedTimer, Handle


@define(eq=False)
class Alarms:
    """
    What is waited for, at most one of each.

    :ivar _timer_c: how long a phone may ring (RFC 3261 section 16.8).
    """

    _timer_c: FixedTimer
    _ringing: Handle | None = field(default=None, init=False)
    _hedging: Handle | None = field(default=None, init=False)
    _listening: IDelayedCall | None = field(default=None, init=False)

    def hedge(self, patience: FixedTimer, silent: Callable[[], None]) -> None:
        """Call *silent* after that, unless the UA is heard before (S-05)."""
        self._hedging = patience.start(silent)

    def listen(self, until: IDelayedCall) -> None:
        """Let *until* end the branch unless the UA is heard before; the first one counts."""
        if self._listening is None:
            self._listening = until
        else:
            until.cancel()

    def heard(self) -> None:
        """The UA is no longer silent, or is asked anew."""
        if self._hedging is not None:
            self._hedging.cancel()
            self._hedging = None
        if self._listening is not None and self._listening.active():
            self._listening.cancel()
        self._listening = None

    def ring(self, too_long: Callable[[], None]) -> None:
        """Start Timer C, or start it anew."""
        self.ring_no_more()
        self._ringing = self._timer_c.start(too_long)

    def ring_no_more(self) -> None:
        """Stop Timer C."""
        if self._ringing is not None:
            self._ringing.cancel()
            self._ringing = None
