"""Refreshes and calls together: four REGISTERs of phones that nobody calls for each call."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from attrs import define, field

from bench.load.refreshes import Refreshes
from bench.load.scene import Scene

_ONE_IN = 5

CALLS, REFRESHES = 1 / _ONE_IN, 1 - 1 / _ONE_IN
"""What the operations are, as parts of all."""


@define(eq=False)
class Mixed:
    """A load of both; an operation is a refresh, or a whole call."""

    scene: Scene
    refreshes: Refreshes
    _begun: int = field(default=0, init=False)
    _looked: float = field(default=0.0, init=False)

    @classmethod
    def of(cls, scene: Scene, users: range) -> Mixed:
        """The calls of *scene*, and refreshes of *users*, whose phones are not called."""
        return cls(scene, Refreshes(scene.phones, scene.ends, users, _nothing))

    @property
    def done(self) -> int:
        """Operations that ended well, since the figures were forgotten."""
        return self.scene.calls.completed + self.refreshes.statuses[200]

    def forget_figures(self) -> None:
        """Count from now on."""
        self.scene.calls.forget_figures()
        self.refreshes.forget_figures()

    def closed_loop(self, seconds: float, at_a_time: int) -> float:
        """*at_a_time* for so many *seconds*; how many a second ended well."""
        self.forget_figures()
        began = perf_counter()
        self._when_over(self._next)
        for _ in range(at_a_time):
            self._next()
        while perf_counter() - began < seconds:
            self._turn(0.05)
        self._when_over(_nothing)
        rate = self.done / (perf_counter() - began)
        self.settle()
        return rate

    def fixed_rate(self, rate: float, seconds: float) -> float:
        """*rate* a second for so many *seconds*; how many a second ended well meanwhile."""
        self.forget_figures()
        began, begun = perf_counter(), 0
        while perf_counter() - began < seconds:
            due = int((perf_counter() - began) * rate) + 1
            for _ in range(due - begun):
                self._next()
            begun = due
            self._turn(0.001)
        return self.done / (perf_counter() - began)

    def settle(self) -> None:
        """Until all that was begun is over."""
        while self.scene.calls or self.refreshes:
            self._turn(0.05)

    def _when_over(self, then: Callable[[], None]) -> None:
        self.refreshes.over = then
        for caller in self.scene.callers:
            caller.over = then

    def _next(self) -> None:
        self._begun += 1
        if self._begun % _ONE_IN:
            self.refreshes.send()
        else:
            self.scene.call()

    def _turn(self, seconds: float) -> None:
        self.scene.turn(seconds)
        now = perf_counter()
        if now - self._looked > 1.0:
            self._looked = now
            self.refreshes.give_up()


def _nothing() -> None:
    """Nothing follows what is over."""
