"""How long everything takes: the timers of RFC 3261 section 17 and RFC 6026."""

from __future__ import annotations

from attrs import field, frozen
from attrs.validators import gt


@frozen
class Timers:
    """
    Table 4 of RFC 3261, from the three values it derives all others from.

    Everything is in seconds.  A timer that a reliable transport shortens to nothing
    takes the transport's reliability as its argument; 0 means at once.  Timer C is
    the proxy's own (section 16.8).

    :ivar t1: estimate of the round trip.
    :ivar t2: the longest interval between retransmissions.
    :ivar t4: how long a message may stay in the network.
    """

    t1: float = field(default=0.5, validator=gt(0))
    t2: float = field(default=4.0, validator=gt(0))
    t4: float = field(default=5.0, validator=gt(0))

    @property
    def a(self) -> float:
        """First interval between retransmissions of an INVITE; it doubles without end."""
        return self.t1

    @property
    def b(self) -> float:
        """How long an INVITE waits for its first response."""
        return 64 * self.t1

    def d(self, reliable: bool) -> float:
        """How long a client acknowledges repeated final responses to an INVITE."""
        return 0.0 if reliable else max(32.0, 64 * self.t1)

    @property
    def e(self) -> float:
        """First interval between retransmissions of other requests; it doubles up to T2."""
        return self.t1

    @property
    def f(self) -> float:
        """How long other requests wait for their final response."""
        return 64 * self.t1

    @property
    def g(self) -> float:
        """First interval between retransmissions of a final response; it doubles up to T2."""
        return self.t1

    @property
    def h(self) -> float:
        """How long a server waits for the ACK."""
        return 64 * self.t1

    def i(self, reliable: bool) -> float:
        """How long a server absorbs repeated ACKs."""
        return 0.0 if reliable else self.t4

    def j(self, reliable: bool) -> float:
        """How long a server answers repetitions of a request that is no INVITE."""
        return 0.0 if reliable else 64 * self.t1

    def k(self, reliable: bool) -> float:
        """How long a client absorbs repeated responses to a request that is no INVITE."""
        return 0.0 if reliable else self.t4

    @property
    def l(self) -> float:  # noqa: E743 - the letter RFC 6026 gave it
        """How long a server absorbs repetitions of an INVITE it accepted (RFC 6026)."""
        return 64 * self.t1

    @property
    def m(self) -> float:
        """How long a client passes on further 2xx to its INVITE (RFC 6026)."""
        return 64 * self.t1

    @property
    def trying(self) -> float:
        """
        How long after a request that is no INVITE its 100 is neither too early nor due.

        RFC 4320 section 4.1: the time that timer E takes to be reset to T2, 3.5 s unless
        T1 or T2 was changed.
        """
        waited, interval = 0.0, self.t1
        while interval < self.t2:
            waited += interval
            interval *= 2
        return waited
