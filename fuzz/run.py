"""A run: all iterations, one after the other, with the oracles looking on."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from attrs import define, field, frozen

from bench.servers import accounting
from fuzz.case import Case, make
from fuzz.connections import Connection
from fuzz.draft import End, Sender
from fuzz.oracles import Oracles
from fuzz.scene import Scene

AT_ONCE = 24
"""Connections on which something is done at a time."""

MOST_OPEN = 400
"""Connections that wait until the server closes them."""

_DATAGRAMS_A_PROBE = 16
_PROBES_A_REGISTER = 16
_LOOK_EVERY = 200
_MOST_FAILURES = 30
_PATIENCE = 10.0  # seconds, for the last descriptors to be closed
MOST_GROWTH = 16 << 20


class Watched(Protocol):
    """A server of ours, of which we may see everything."""

    @property
    def log(self) -> Path:
        """What it logs."""

    def rss(self) -> int:
        """Octets of its memory."""

    def descriptors(self) -> int:
        """How many it has open."""


@frozen
class Process:
    """One of this machine."""

    pid: int
    log: Path

    def rss(self) -> int:
        """Octets of its memory."""
        return accounting.rss([self.pid])

    def descriptors(self) -> int:
        """How many it has open."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))


@define(eq=False)
class Run:
    """
    Iterations of one seed against one server.

    :ivar watched: None: the server is not ours.
    :ivar settle: seconds that what is forgotten by timers is given, before its size is told.
    """

    scene: Scene
    watched: Watched | None = None
    settle: float = 0.0
    kinds: Counter[str] = field(factory=Counter)
    seconds: float = 0.0
    memory: tuple[int, int] = (0, 0)
    descriptors: tuple[int, int] = (0, 0)
    _open: list[Connection] = field(factory=list, init=False)
    _free: dict[Sender, list[Connection]] = field(factory=dict, init=False)
    _datagrams: int = field(default=0, init=False)
    _probes: int = field(default=0, init=False)
    _read: int = field(default=0, init=False)  # of the log

    @property
    def oracles(self) -> Oracles:
        """Those of the scene."""
        return self.scene.oracles

    def run(self, numbers: Sequence[int]) -> None:
        """
        Send the iterations *numbers*; the first half warms the server up.

        Half, as memory never gets smaller than what the most that was held at once took: the
        second half holds no more of it.
        """
        self.scene.ready()
        warm = len(numbers) // 2
        self._iterate(numbers[:warm])
        self._begin_to_measure()
        self._iterate(numbers[warm:])
        self._end_of_measure()
        self.oracles.amplified()
        self._look_at_the_log(last=True)

    def _iterate(self, numbers: Iterable[int]) -> None:
        started = time.perf_counter()
        for number in numbers:
            if len(self.oracles.failures) > _MOST_FAILURES:
                break  # a server that is dead is dead
            case = make(self.scene.seed, number, self.scene.transports)
            self.kinds[case.kind] += 1
            self.oracles.recent.append(case.name)
            self.scene.last = max(self.scene.last, number)
            if case.transport == "udp":
                self._send(case)
            else:
                self._connect(case)
            if number % _LOOK_EVERY == 0:
                self._look_at_the_log()
                self.oracles.amplified()
        self._probe()
        self._close_all()
        self.seconds += time.perf_counter() - started

    def _send(self, case: Case) -> None:
        self.scene.send(case)
        self._datagrams += 1
        if self._datagrams % _DATAGRAMS_A_PROBE == 0:
            self._probe()

    def _probe(self) -> None:
        self._probes += 1
        self.scene.probe(register=self._probes % _PROBES_A_REGISTER == 0)
        if self._probes % (8 * _PROBES_A_REGISTER) == 0:
            self.scene.ready()  # whoever is trusted may have removed a phone
        self._turn(0)

    def _connect(self, case: Case) -> None:
        free = self._free.setdefault(case.sender, [])
        if case.number % 2 and case.end is not End.LEFT and free and free[-1].fresh:
            connection = free.pop()
            connection.carry(case)
        else:
            try:
                connection = Connection(self.scene, case)
            except OSError as error:
                self.oracles.fail("alive", f"no connection is taken: {error}", case)
                return
        self._open.append(connection)
        while self._is_crowded():
            self._turn(0.002)

    def _is_crowded(self) -> bool:
        slow = sum(one.waits_for_the_end for one in self._open)
        return slow > MOST_OPEN or len(self._open) - slow > AT_ONCE

    def _turn(self, seconds: float) -> None:
        self.scene.turns.turn(seconds)
        left = []
        for one in self._open:
            one.push()
            if not one.done:
                left.append(one)
            elif one.usable:
                self._free.setdefault(one.case.sender, []).append(one)
        self._open = left
        for free in self._free.values():
            while len(free) > 4:
                oldest = free.pop(0)
                oldest.finish()
                if not oldest.ended:
                    self._open.append(oldest)

    def _close_all(self) -> None:
        for free in self._free.values():
            for one in free:
                one.finish()
                self._open.append(one)
            free.clear()
        while self._open:
            self._turn(0.01)
            for one in [one for free in self._free.values() for one in free]:
                one.finish()
                self._open.append(one)
            self._free.clear()

    def _begin_to_measure(self) -> None:
        if self.watched is not None:
            self._settle(self.settle)
            self.descriptors = (self.watched.descriptors(), 0)
            self.memory = (self.watched.rss(), 0)

    def _end_of_measure(self) -> None:
        if self.watched is None:
            return
        before = self.descriptors[0]
        self._settle(self.settle)
        until = time.perf_counter() + _PATIENCE
        while self.watched.descriptors() != before and time.perf_counter() < until:
            self._settle(0.2)
        self.descriptors = (before, self.watched.descriptors())
        self.memory = (self.memory[0], self.watched.rss())
        self.oracles.checked["level"] += 2
        if self.descriptors[1] != before:
            self.oracles.fail("level", f"{before} descriptors before, {self.descriptors[1]} after")
        if self.memory[1] - self.memory[0] > MOST_GROWTH:
            self.oracles.fail("level", f"memory went from {self.memory[0]} to {self.memory[1]}")

    def _settle(self, seconds: float) -> None:
        self.scene.settle()
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            self._turn(0.05)
        self.scene.settle()
        self._turn(0.1)
        self._probe()

    def _look_at_the_log(self, last: bool = False) -> None:
        if self.watched is None:
            return
        with self.watched.log.open("rb") as log:
            log.seek(self._read)
            text = log.read()
        end = len(text) if last else text.rfind(b"\n") + 1
        self._read += end
        self.oracles.logged(text[:end])
