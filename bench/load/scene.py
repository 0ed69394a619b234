"""Phones, a caller and a push service around one server."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from time import perf_counter

from attrs import define, field

from bench.load.again import Again
from bench.load.caller import Caller
from bench.load.calls import Call, Calls
from bench.load.ends import End
from bench.load.line import Line
from bench.load.phones import Phones
from bench.load.pns import PushService
from bench.load.sockets import udp_socket
from bench.load.turns import Turns
from bench.servers.running import HOST

_SILENCE = 5.0
"""Seconds without a push after which those that are missing are lost."""


@define(eq=False)
class Scene:
    """
    One run of calls.

    :ivar phones: in groups, each with an address of its own; a user's is by his number.
    :ivar lines: register the phones, a group each, before any call.
    :ivar service: the push service of which the server is told.
    :ivar again: repeats what is not answered; None: what is lost is lost.
    """

    calls: Calls
    phones: list[Phones]
    callers: list[Caller]
    lines: list[Line]
    service: PushService
    again: Again | None
    turns: Turns
    ends: list[End]
    _left: int = field(default=0, init=False)  # calls of a closed loop to be begun
    _looked: float = field(default=0.0, init=False)

    @property
    def line(self) -> Line:
        """The only one."""
        (line,) = self.lines
        return line

    def meet(self, port: int) -> None:
        """The server is at *port*."""
        for end in self.ends:
            end.socket.connect((HOST, port))

    def wake(self, call: Call) -> None:
        """The phone of *call* wakes up by itself."""
        self.phones[call.user % len(self.phones)].wake(call)

    def load(self, users: int) -> int:
        """Register so many phones, those that are called first; how many were."""
        groups = len(self.lines)
        return sum(
            line.load_all(range(group, users, groups)).ok for group, line in enumerate(self.lines)
        )

    def watch(self) -> None:
        """All phones are registered: from now on they take calls."""
        reads = [phones.read for phones in self.phones]
        reads += [caller.read for caller in self.callers]
        for end, read in zip(self.ends, reads, strict=True):
            self.turns.watch(end.socket, read)

    def call(self) -> Call | None:
        """Begin a call; None where no phone is free."""
        return self.callers[self.calls.asked % len(self.callers)].call()

    def closed_loop(self, count: int, at_a_time: int) -> float:
        """*count* calls, *at_a_time*; the seconds they took."""
        self._left = count
        self._after_each(self._next)
        began = perf_counter()
        for _ in range(min(at_a_time, count)):
            self._next()
        while self.calls or self._left:
            self.turn(0.5)
            if not self.calls:  # all of them were given up
                self._next()
        return self.calls.last_end - began

    def fixed_rate(self, rate: float, seconds: float) -> float:
        """*rate* calls a second for so many *seconds*, however they go; the seconds it took."""
        began = perf_counter()
        self.begin(rate, seconds)
        self.settle()
        return self.calls.last_end - began

    def settle(self) -> None:
        """Until all calls are over."""
        while self.calls:
            self.turn(0.5)

    def begin(self, rate: float, seconds: float) -> None:
        """The same; those that are not over then go on."""
        self._after_each(_nothing)
        began, begun, total = perf_counter(), 0, int(rate * seconds)
        while begun < total:
            due = min(total, int((perf_counter() - began) * rate) + 1)
            for _ in range(due - begun):
                self.call()
            begun = due
            self.turn(0.001)

    def park(self, count: int, at_a_time: int) -> None:
        """
        *count* calls to phones that stay asleep, each as soon as fewer than *at_a_time* of
        those before have not been pushed.  They wait when this is over.
        """
        self._left, self.calls.patience = count, math.inf
        for phones in self.phones:
            phones.wakes, phones.heard = False, self._next
        for _ in range(min(at_a_time, count)):
            self._next()
        pushes, since = 0, perf_counter()
        while self.calls.pushes < count and perf_counter() - since < _SILENCE:
            self.turn(0.1)
            if self.calls.pushes > pushes:
                pushes, since = self.calls.pushes, perf_counter()

    def spend(self, seconds: float) -> None:
        """Let happen what happens in *seconds*."""
        end = perf_counter() + seconds
        while perf_counter() < end:
            self.turn(0.02)

    def _after_each(self, then: Callable[[], None]) -> None:
        for caller in self.callers:
            caller.over = then

    def _next(self) -> None:
        if self._left:
            self._left -= 1
            self.call()

    def turn(self, seconds: float) -> None:
        """Wait for something, at most *seconds*, and have it done."""
        if self.again is not None:
            self.again.look()
            seconds = min(seconds, 0.05)
        self.turns.turn(seconds)
        now = perf_counter()
        if now - self._looked > 1.0:
            self._looked = now
            self.calls.give_up()


@contextmanager
def scene(
    users: int, *, http: bool, sources: int = 1, again: Again | None = None
) -> Iterator[Scene]:
    """
    A scene with *users* phones, that has met no server yet.

    :param http: pushes are POSTs.
    :param sources: addresses, from each of which phones and a caller send.
    :param again: repeats what is not answered.
    """
    calls, turns = Calls.to(users), Turns()
    with ExitStack() as open_ends:
        ends = [
            End(open_ends.enter_context(udp_socket(_host(number % sources, sources))), again)
            for number in range(2 * sources)
        ]
        phones = [Phones(end, calls) for end in ends[:sources]]
        callers = [Caller(end, calls, _nothing) for end in ends[sources:]]
        lines = [Line(end.socket) for end in ends[:sources]]

        def pushed(user: int) -> None:
            phones[user % sources].pushed(user)

        service = PushService(turns, pushed, http)
        try:
            yield Scene(calls, phones, callers, lines, service, again, turns, ends)
        finally:
            service.close()
            turns.close()


def _host(number: int, sources: int) -> str:
    """The address of an end: its own where there are several, all of this machine."""
    return HOST if sources == 1 else f"127.0.{1 + number // 200}.{1 + number % 200}"


def _nothing() -> None:
    """No call follows one that is over."""
