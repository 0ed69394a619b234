"""
Where a scripted UA speaks and listens, and when it says a thing again.

The timers are written out here and not taken from :mod:`sippn.transaction`: a
test double that shared the code under test would share its bugs.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from sippn.sip import Request, Response, write
from sippn.testing.endpoints import Endpoint
from sippn.transport import Address

T1 = 0.5  # seconds, RFC 3261 section 17.1.1.1
T2 = 4.0
NEVER = float("inf")


@define(eq=False)
class Wire:
    """
    One UA's mouth and ears.

    :ivar endpoint: may be replaced: a phone comes back on another port.
    :ivar told: what it says its address is.
    :ivar retransmits: off: everything is said once, and there are no timers.
    :ivar asleep: a suspended app neither hears nor speaks.
    :ivar sent: every message, retransmissions included, in order.
    """

    endpoint: Endpoint
    clock: IReactorTime
    entropy: Callable[[int], bytes]
    told: Callable[[Address], Address]
    retransmits: bool = True
    asleep: bool = field(default=False, init=False)
    sent: list[Request | Response] = field(factory=list, init=False)
    repeating: set[Repetition] = field(factory=set, init=False, repr=False)

    def hush(self) -> None:
        """Say nothing again, and leave no timer behind."""
        for repetition in tuple(self.repeating):
            repetition.stop()

    def send(self, message: Request | Response, to: Address) -> None:
        """Say it once."""
        if self.asleep:
            return
        self.sent.append(message)
        self.endpoint.send(write(message), to)

    def random(self, octets: int = 8) -> str:
        """Hex, for tags, branches and Call-IDs."""
        return self.entropy(octets).hex()

    @property
    def sent_by(self) -> str:
        """The Via value of this UA without its branch."""
        return f"SIP/2.0/{self.endpoint.transport} {self.told(self.endpoint.address)};rport"

    @property
    def reliable(self) -> bool:
        """Whether the transport says again what was lost."""
        return self.endpoint.transport != "UDP"


@define(eq=False)
class Repetition:
    """
    Says something now, after T1, 2 T1, 4 T1 ... and gives up after 64 T1.

    Timers A and B, E and F, G and H of RFC 3261 section 17, and the UAS core's for
    a 2xx (section 13.3.1.4): they differ only in *most*, and in *always*.

    Where the transport is reliable it says it once, and gives up as late.

    :ivar most: the longest interval in seconds, T2 or none.
    :ivar always: repeat it over any transport.
    """

    _wire: Wire
    _message: Request | Response
    _to: Address
    _give_up: Callable[[], None]
    most: float = T2
    always: bool = False
    _interval: float = field(default=T1, init=False)
    _left: float = field(default=64 * T1, init=False)
    _timer: IDelayedCall | None = field(default=None, init=False)

    def start(self) -> None:
        """Say it; the timer runs first, because the answer may come before this returns."""
        if self._wire.retransmits:
            if self._wire.reliable and not self.always:
                self._interval = self._left
            self._schedule()
        self._wire.send(self._message, self._to)

    def slow_down(self) -> None:
        """T2 from here on: somebody is at work (timer E in Proceeding)."""
        self._interval = T2

    def stop(self) -> None:
        """It was heard."""
        self._wire.repeating.discard(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _schedule(self) -> None:
        wait = min(self._interval, self._left)
        self._left -= wait
        self._wire.repeating.add(self)
        self._timer = self._wire.clock.callLater(wait, self._due)

    def _due(self) -> None:
        self._timer = None
        if self._left <= 0:
            self._wire.repeating.discard(self)
            self._give_up()
            return
        self._interval = min(2 * self._interval, self.most)
        self._schedule()
        self._wire.send(self._message, self._to)
