"""What becomes of datagrams when more come than can be served (RELIABILITY A6)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import inf
from typing import ClassVar, Final, Protocol

from attrs import define, evolve, field
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from sippn.transport.address import SockAddr
from sippn.transport.fair import Datagram, FairLine, network_of
from sippn.transport.floods import Floods, Network
from sippn.transport.flow import Flow
from sippn.transport.keep_alive import is_keep_alive

MOST_WAITING: Final = 4096
LEAST_WAITING: Final = 256  # however slow the last second was: so few are served soon
LONGEST_WAIT: Final = 0.25  # seconds: who is answered within 0.5 does not ask again (Timer E)
QUIET_SECONDS: Final = 5.0  # without a loss, until an overload is over
_SERVED_AT_ONCE: Final = 16  # then the sockets are looked at again, before they overflow
_MANY: Final = 128  # so many read at once are a flood: then
_SERVED_IN_A_FLOOD: Final = 4  # are all that are served before it is looked at again
_ROUNDS: Final = 4  # of that, then it is the turn of timers and connections
_READ_AT_ONCE: Final = 2048
_MOST_VITAL: Final = 512  # wait before the rest; more would keep whoever comes next too long
_WINDOW: Final = 256  # datagrams served
_MOST_FIRST: Final = _WINDOW // 2  # of them, vital ones of a single source
_ALONE_AFTER: Final = 1.0  # seconds in which all came from one source
_REFUSED_OF_SERVED: Final = 32  # of so many that are served one more may be refused with words


class Door(Protocol):
    """A socket that datagrams come in by."""

    def receive(self, size: int, /) -> tuple[bytes, SockAddr]:
        """
        Take the next one from the kernel.

        :raises OSError: there is none now.
        """

    def serve(self, octets: bytes, sockaddr: SockAddr) -> None:
        """Pass it on; it does not raise."""

    def flow_from(self, sockaddr: SockAddr) -> Flow:
        """The way back."""

    def bar(self, networks: Collection[Network]) -> None:
        """Take nothing from *networks*, and everything from others; it does not raise."""


class Triage(Protocol):
    """Tells at a glance what must not be lost; it knows what the octets mean."""

    def is_vital(self, octets: bytes) -> bool:
        """
        Whether much was done already that is in vain without this.

        A wrong answer costs order, and nothing else.
        """

    def refuse(self, octets: bytes, flow: Flow) -> None:
        """Say that it is not served, and when to come again; it does not raise."""


@define
class Losses:
    """
    What was not served, since the start.

    :ivar refused: answered with a 503; *dropped* without a word.
    :ivar vital: of the dropped those that should not be.
    """

    refused: int = 0
    dropped: int = 0
    vital: int = 0

    def __sub__(self, other: Losses) -> Losses:
        return Losses(
            self.refused - other.refused, self.dropped - other.dropped, self.vital - other.vital
        )

    def __str__(self) -> str:
        return f"{self.refused} refused, {self.dropped} dropped, of these {self.vital} vital"


@define(eq=False, repr=False)
class Intake:
    """
    The line before the server, while it is behind; else there is none.

    What the kernel holds for a socket is lost blindly once that is full.  So while more
    comes than is served, all that has come is read between any few that are served: a
    datagram that is read and waits costs two microseconds, and to serve it thirty times
    that.  Vital ones go first, each source in turn; of the others each has its share of
    the places and nobody waits for an answer that would come too late.

    What finds no place, or has waited too long, is refused or dropped: a refusal costs
    half of what serving does, so there is one for so many that are served, and whoever
    hears nothing asks again in half a second.

    A source whose vital datagrams are more than half of all that is served, while there are
    others, has the rest of them take their turn: else a flood of BYEs would stop everybody.
    One that sends more than can be read is barred, see :class:`Floods`.

    :ivar losses: what was not served.
    :ivar longest: how many have waited at once, at most.
    """

    _clock: IReactorTime
    _triage: Triage
    losses: Losses = field(factory=Losses, init=False)
    longest: int = field(default=0, init=False)
    _first: FairLine = field(factory=lambda: FairLine(_MOST_VITAL), init=False)
    _rest: FairLine = field(factory=lambda: FairLine(MOST_WAITING), init=False)
    _doors: list[Door] = field(factory=list, init=False)
    _turn: IDelayedCall | None = field(default=None, init=False)
    _window: dict[str | bytes, int] = field(factory=dict, init=False)  # vital ones, by source
    _window_left: int = field(default=_WINDOW, init=False)
    _window_since: float = field(default=0.0, init=False)
    _last: str | bytes = field(default="", init=False)  # the source of the last one
    _others_at: float = field(default=-inf, init=False)  # when that was another than before
    _refusals: float = field(default=0.0, init=False)
    _before: Losses | None = field(default=None, init=False)  # when this overload began
    _end: IDelayedCall | None = field(default=None, init=False)  # then it may be over
    _floods: Floods = field(init=False)
    _lost_at: float = field(default=0.0, init=False)
    _log: ClassVar[Logger] = Logger()

    def __attrs_post_init__(self) -> None:
        self._floods = Floods(self._clock, self._bar)

    def __len__(self) -> int:
        """How many wait."""
        return len(self._first) + len(self._rest)

    @property
    def behind(self) -> bool:
        """Whether datagrams wait in line: whatever comes must join it."""
        return self._turn is not None

    def seen(self) -> Sequence[str]:
        """What there is to say of the losses, in a line; nothing, if there were none."""
        lost, floods = self.losses, self._floods.count
        said = [f"overload: {lost}"] if lost.refused or lost.dropped else []
        return [*said, f"floods: a source was barred {floods} times"] if floods else said

    def open(self, door: Door) -> None:
        """From now on read from *door* when the server is behind."""
        self._doors.append(door)

    def close(self, door: Door) -> None:
        """Read no more from *door*; what came by it is not served any more."""
        self._doors.remove(door)
        if self._doors:
            return
        self._first.clear()
        self._rest.clear()
        self._floods.stop()
        for call in (self._turn, self._end):
            if call is not None:
                call.cancel()
        self._turn = self._end = None

    def fall_behind(self) -> None:
        """There is more at a door than one turn takes."""
        if self._turn is None:
            self._turn = self._clock.callLater(0, self._catch_up)
            self._rest.places = MOST_WAITING  # how fast it was the last time says nothing
            self._begin_window()

    def _catch_up(self) -> None:
        """Serve what one turn takes, and read all there is meanwhile."""
        self._turn, waiting = None, True
        for _ in range(_ROUNDS):
            came = max([self._read(door) for door in self._doors], default=0)
            waiting = self._serve(_SERVED_AT_ONCE if came < _MANY else _SERVED_IN_A_FLOOD)
            if not waiting:
                break
        if waiting or came == _READ_AT_ONCE:
            self._turn = self._clock.callLater(0, self._catch_up)

    def _read(self, door: Door) -> int:
        """Read what is at *door*; how many that were."""
        receive, is_vital, now = door.receive, self._triage.is_vital, self._clock.seconds()
        came: dict[Network, int] = {}
        count = 0
        while count < _READ_AT_ONCE:
            try:
                octets, sockaddr = receive(65535)
            except OSError:
                break
            count += 1
            if octets[:1] < b"A" and is_keep_alive(octets):
                continue
            vital, network = is_vital(octets), network_of(sockaddr)
            came[network] = came.get(network, 0) + 1
            if network != self._last:
                self._others_at = now if self._last else -inf
                self._last = network
            datagram = Datagram(octets, sockaddr, door, now, vital)
            first = vital and self._may_go_first(network) and self._first.join(network, datagram)
            if not (first or self._rest.join(network, datagram)):
                self._lose(datagram)
        if came:
            self._floods.read(came)
        return count

    def _bar(self, networks: Collection[Network]) -> None:
        for door in self._doors:
            door.bar(networks)

    def _may_go_first(self, network: str | bytes) -> bool:
        count = self._window[network] = self._window.get(network, 0) + 1
        return count <= _MOST_FIRST or self._clock.seconds() - self._others_at > _ALONE_AFTER

    def _serve(self, most: int) -> bool:
        """Serve a few; whether more wait."""
        first, rest = self._first, self._rest
        self.longest = max(self.longest, first.taken + rest.taken)
        oldest = self._clock.seconds() - LONGEST_WAIT
        served = 0
        while served < most:
            datagram = first.next()
            if datagram is None:
                datagram = rest.next()
                if datagram is None:
                    break
                if datagram.since < oldest and rest.taken >= LEAST_WAITING:
                    self._lose(datagram)
                    continue
            served += 1
            datagram.door.serve(datagram.octets, datagram.sockaddr)
        self._count(served)
        return bool(first or rest)

    def _count(self, served: int) -> None:
        self._refusals = min(_SERVED_AT_ONCE, self._refusals + served / _REFUSED_OF_SERVED)
        self._window_left -= served
        if self._window_left <= 0:
            self._measure()
            self._begin_window()

    def _begin_window(self) -> None:
        self._window.clear()
        self._window_left, self._window_since = _WINDOW, self._clock.seconds()

    def _measure(self) -> None:
        """Have as many places as can be served before it is too late."""
        took = self._clock.seconds() - self._window_since
        in_time = int(_WINDOW * LONGEST_WAIT / took) if took > 0 else MOST_WAITING
        self._rest.places = max(LEAST_WAITING, min(MOST_WAITING, in_time))

    def _lose(self, datagram: Datagram) -> None:
        self._lost_at = datagram.since
        if self._before is None:
            self._begin()
        if datagram.vital or self._refusals < 1:
            self.losses.dropped += 1
            self.losses.vital += datagram.vital
            return
        self._refusals -= 1
        self.losses.refused += 1
        self._triage.refuse(datagram.octets, datagram.door.flow_from(datagram.sockaddr))

    def _begin(self) -> None:
        self._before = evolve(self.losses)
        self._log.warn("overload: more comes in than can be served, {count} wait", count=len(self))
        self._end = self._clock.callLater(QUIET_SECONDS, self._look)

    def _look(self) -> None:
        """Tell when the overload is over."""
        quiet, self._end = self._clock.seconds() - self._lost_at, None
        if quiet < QUIET_SECONDS:
            self._end = self._clock.callLater(QUIET_SECONDS - quiet, self._look)
        elif self._before is not None:
            lost, self._before = self.losses - self._before, None
            self._log.warn("the overload is over: {lost}", lost=str(lost))
