"""All connections of a server: how many there may be, and how long one may take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import inf
from typing import ClassVar, Final

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from sippn.transport.dial import Dial
from sippn.transport.framing import Framer
from sippn.transport.settings import StreamLimits
from sippn.transport.stream import Home, StreamConnection
from sippn.transport.turns import Turns

SWEEP_SECONDS: Final = 1.0
MOST_CUT: Final = 64  # in one turn of the reactor; each takes some 50 microseconds
MOST_HANDSHAKES: Final = 512  # under way at once; each takes 26 kB, and a peer two packets
_TELL_EVERY: Final = 60.0  # or those who cause it fill the log as well
_ID_OCTETS: Final = 8


@define(eq=False, repr=False)
class Streams:
    """
    What the stream listeners of one server share.

    One look a second at all connections stands for all their timers, and there is none
    where there is no connection.

    :ivar clock: monotonic.
    :ivar dials: connections that we are about to have; they take room already.
    :ivar _entropy: makes names that come again neither soon nor after a restart.
    :ivar _header_section: octets of start line and header section of one message.
    """

    clock: IReactorTime
    _entropy: Callable[[int], bytes]
    _limits: StreamLimits = field(factory=StreamLimits)
    _header_section: int = 65536
    dials: set[Dial] = field(factory=set, init=False)
    _turns: Turns = field(init=False)
    _all: dict[str, StreamConnection] = field(factory=dict, init=False)
    _handshakes: dict[StreamConnection, None] = field(factory=dict, init=False)
    _next_look: IDelayedCall | None = field(default=None, init=False)
    _full_told_at: float = field(default=-inf, init=False)
    _log: ClassVar[Logger] = Logger()

    def __attrs_post_init__(self) -> None:
        self._turns = Turns(self.clock)

    def __len__(self) -> int:
        """How many connections there are."""
        return len(self._all)

    def flow(self, token: str) -> StreamConnection | None:
        """The connection *token* names; None: it is gone, or never was."""
        return self._all.get(token)

    def has_room(self) -> bool:
        """Whether one more connection may be; that it may not is logged now and then."""
        taken = len(self._all) + len(self.dials)
        if not 0 < self._limits.connections <= taken:
            return True
        now = self.clock.seconds()
        if now - self._full_told_at >= _TELL_EVERY:
            self._full_told_at = now
            self._log.warn("no more than {number} connections are taken", number=taken)
        return False

    def connection(self, home: Home, name: str | None) -> StreamConnection:
        """A connection to be, for *home*; see :attr:`StreamConnection.name`."""
        framer = Framer(self._limits.message, self._header_section)
        token = self._entropy(_ID_OCTETS).hex()
        return StreamConnection(home, self.clock, framer, self._turns, token, name)

    def made(self, connection: StreamConnection) -> None:
        """
        From now on look at *connection*.

        A handshake too many cuts the oldest: one that is meant to end ends in less time
        than a flood of those that are not takes to bring so many.
        """
        self._all[connection.token] = connection
        self._handshakes[connection] = None
        if len(self._handshakes) > MOST_HANDSHAKES:
            oldest = next(iter(self._handshakes))
            del self._handshakes[oldest]
            oldest.abort()
        if self._next_look is None:
            self._next_look = self.clock.callLater(SWEEP_SECONDS, self._look)

    def opened(self, connection: StreamConnection) -> None:
        """The handshake of *connection* is over, or there was none."""
        self._handshakes.pop(connection, None)

    def lost(self, connection: StreamConnection) -> None:
        """Forget *connection*."""
        self._all.pop(connection.token, None)
        self._handshakes.pop(connection, None)

    def _look(self) -> None:
        self._sweep(iter(tuple(self._all.values())))

    def _sweep(self, rest: Iterator[StreamConnection]) -> None:
        """
        Cut those of *rest* that have taken too long, some in a turn.

        Whoever opens thousands at once has them cut at once: Twisted closes all sockets that
        are to be closed in one turn, and nobody is served meanwhile.
        """
        self._next_look = None
        now, left = self.clock.seconds(), MOST_CUT
        for connection in rest:
            left -= connection.look(now, self._limits.idle_timeout)
            if not left:
                self._next_look = self.clock.callLater(0, self._sweep, rest)
                return
        if self._all:
            self._next_look = self.clock.callLater(SWEEP_SECONDS, self._look)
