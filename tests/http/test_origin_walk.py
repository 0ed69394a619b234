"""Random walks over all that can happen to requests: each ends once, none is doubled."""

from __future__ import annotations

from typing import Any

from attrs import define, field
from h2.errors import ErrorCodes
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectError
from twisted.python.failure import Failure

from sippn.http import Answer, NoAnswer, NotProcessed
from tests.http.scene import LAST, Scene, Wire, scene_to_its_end


@define(eq=False)
class Walk:
    """
    A scene in which anything may be next.

    :ivar acted: how often a server has acted on each request, by its body.
    :ivar ends: what became of each.
    """

    scene: Scene
    acted: dict[bytes, int] = field(factory=dict)
    ends: dict[bytes, list[Any]] = field(factory=dict)
    asked: list[tuple[bytes, Deferred[Answer]]] = field(factory=list)
    announced: dict[Wire, int] = field(factory=dict)

    def step(self, what: int, which: int) -> None:
        """The next thing."""
        steps = [
            self.ask, self.ask, self.turn, self.turn, self.connect, self.answer, self.answer,
            self.answer, self.refuse, self.reset, self.goaway, self.warn, self.lose, self.cancel,
            self.wait, self.limit, self.refuse_connection, self.act_and_lose,
        ]  # fmt: skip
        steps[what % len(steps)](which)

    def ask(self, which: int) -> None:
        """One more."""
        body = b"%d" % len(self.asked)
        ends = self.ends.setdefault(body, [])
        asked = self.scene.ask(body, seconds=1.0 + which % 5)
        asked.addBoth(ends.append)
        self.asked.append((body, asked))

    def turn(self, _: int) -> None:
        """Let everybody speak."""
        self.scene.turn()

    def connect(self, which: int) -> None:
        """A connection is made, with few streams or many."""
        if self.scene.endpoint.waiting:
            self.scene.connect(max_concurrent_streams=[1, 3, 100][which % 3])

    def refuse_connection(self, _: int) -> None:
        """No connection is made."""
        if self.scene.endpoint.waiting:
            _, connecting = self.scene.endpoint.waiting.pop(0)
            connecting.errback(Failure(ConnectError()))

    def answer(self, which: int) -> None:
        """A server acts and says so."""
        wire, stream = self._open(which)
        if wire is not None:
            self._act(wire, stream)
            wire.answer(stream, body=b"x" * (which % 3))

    def refuse(self, which: int) -> None:
        """A server does not act, and says so."""
        wire, stream = self._open(which)
        if wire is not None:
            wire.reset(stream, ErrorCodes.REFUSED_STREAM)

    def reset(self, which: int) -> None:
        """A server acts and breaks."""
        wire, stream = self._open(which)
        if wire is not None:
            self._act(wire, stream)
            wire.reset(stream, ErrorCodes.INTERNAL_ERROR)

    def warn(self, which: int) -> None:
        """A server will go away."""
        wire, _ = self._open(which)
        if wire is not None and wire not in self.announced:
            wire.goaway(LAST)

    def goaway(self, which: int) -> None:
        """A server goes away, and acts on nothing above a stream."""
        wire, stream = self._open(which)
        if wire is not None:
            last = min(stream, self.announced.get(wire, LAST))
            self.announced[wire] = last
            wire.goaway(last)

    def lose(self, which: int) -> None:
        """A connection is lost."""
        if self.scene.wires:
            self.scene.wires[which % len(self.scene.wires)].lose()

    def act_and_lose(self, which: int) -> None:
        """A server acts on all that it has got, and dies."""
        if self.scene.wires:
            wire = self.scene.wires[which % len(self.scene.wires)]
            for stream in self._streams(wire):
                self._act(wire, stream)
            wire.lose()

    def cancel(self, which: int) -> None:
        """Somebody does not wait any more."""
        if self.asked:
            self.asked[which % len(self.asked)][1].cancel()

    def wait(self, which: int) -> None:
        """Time goes by."""
        self.scene.clock.advance([0.3, 1.0, 6.0, 61.0][which % 4])

    def limit(self, which: int) -> None:
        """A server changes its mind about how many it takes."""
        wires = [wire for wire in self.scene.wires if not wire.gone]
        if wires:
            wires[which % len(wires)].settings(max_concurrent_streams=which % 4)

    def _streams(self, wire: Wire) -> list[int]:
        last = self.announced.get(wire, LAST)
        return [] if wire.gone else [each for each in wire.open if each <= last]

    def _open(self, which: int) -> tuple[Wire | None, int]:
        found = [(wire, each) for wire in self.scene.wires for each in self._streams(wire)]
        return found[which % len(found)] if found else (None, 0)

    def _act(self, wire: Wire, stream: int) -> None:
        body = wire.requests[stream].body
        self.acted[body] = self.acted.get(body, 0) + 1

    def check(self) -> None:
        """Each ended once, and nobody was told that a push was not done which was."""
        for body, ends in self.ends.items():
            assert len(ends) == 1
            acted = self.acted.get(body, 0)
            end = ends[0]
            assert acted <= 1
            if isinstance(end, Answer):
                assert acted == 1
            elif isinstance(end.value, NotProcessed):
                assert acted == 0
            elif isinstance(end.value, NoAnswer):
                assert str(end.value)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 17), st.integers(0, 30)), min_size=80, max_size=160))
def test_each_request_ends_once_and_none_is_doubled(steps: list[tuple[int, int]]) -> None:
    """N-05: never a doubled push, never a lost one that was not told, whatever happens."""
    with scene_to_its_end() as scene:
        walk = Walk(scene)
        for what, which in steps:
            walk.step(what, which)
        scene.turn()
        for _ in range(8):  # the longest wait, and a connection that does not answer
            scene.clock.advance(1)
            scene.turn()
        walk.check()
        assert scene.left_over() == [*scene.origin._lanes._opening]
