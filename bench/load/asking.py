"""
Requests that are sent, and the answers to them, one each.

Nothing is sent again: a request without an answer is lost, and is counted as that.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Sequence
from time import perf_counter

from attrs import define, field, frozen

from bench.load.messages import mark_of
from bench.load.sockets import LONGEST, send

PATIENCE = 3.0
"""Seconds after which a request without an answer is lost."""

_SILENCE = 10.0
"""Seconds without any answer after which the server is given up."""


@frozen
class Answers:
    """
    What came of some requests.

    :ivar ok: answered 200.
    :ivar refused: answered with another final status.
    :ivar seconds: from the first request to the last answer.
    :ivar latencies: seconds from a request to its answer, in order of size.
    """

    asked: int
    ok: int
    refused: int
    seconds: float
    latencies: Sequence[float] = field(repr=False)

    @property
    def lost(self) -> int:
        """Without a final answer."""
        return self.asked - self.ok - self.refused

    @property
    def rate(self) -> float:
        """A second, those answered 200."""
        return self.ok / self.seconds if self.seconds else 0.0


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value below which *share* of the *ordered* ones are, not a number if there is none."""
    if not ordered:
        return float("nan")
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


@define(eq=False)
class Asker:
    """
    Sends *requests* over a socket that is connected to the server.

    :ivar first_mark: of the first of them; the others follow (see :mod:`bench.load.messages`).
    :ivar patience: seconds after which one without an answer is lost.
    """

    _socket: socket.socket
    _requests: Sequence[bytes]
    _first_mark: int
    _patience: float = PATIENCE
    _sent: int = field(default=0, init=False)
    _sent_at: list[float] = field(factory=list, init=False)  # 0: settled
    _waiting: int = field(default=0, init=False)
    _ok: int = field(default=0, init=False)
    _refused: int = field(default=0, init=False)
    _latencies: list[float] = field(factory=list, init=False)
    _last_answer: float = field(default=0.0, init=False)

    def closed_loop(self, window: int) -> Answers:
        """Send all of them, each as soon as fewer than *window* are not answered."""
        began = self._last_answer = perf_counter()
        for _ in range(min(window, len(self._requests))):
            self._send()
        while self._waiting:
            if not self._take(self._send) and not self._wait(self._patience / 4):
                for _ in range(self._give_up()):
                    self._send()
        return self._answers(began)

    def fixed_rate(self, rate: float) -> Answers:
        """
        Send *rate* of them a second, however fast they are answered.

        They leave in groups, of what has become due in a millisecond.
        """
        began = self._last_answer = perf_counter()
        while self._sent < len(self._requests):
            due = min(len(self._requests), int((perf_counter() - began) * rate) + 1)
            for _ in range(due - self._sent):
                self._send()
            self._take(_nothing)
            self._wait(0.001)
        while self._waiting:
            if not self._take(_nothing) and not self._wait(self._patience / 4):
                self._give_up()
        return self._answers(began)

    def _send(self) -> None:
        if self._sent == len(self._requests):
            return
        request = self._requests[self._sent]
        self._sent += 1
        self._waiting += 1
        self._sent_at.append(perf_counter())
        send(self._socket, request)

    def _take(self, then: Callable[[], None]) -> bool:
        """Settle what has come, and call *then* for each; whether anything had."""
        came, receive = False, self._socket.recv
        while True:
            try:
                message = receive(LONGEST)
            except BlockingIOError:
                return came
            except OSError:  # nobody listens
                return False
            came = True
            if self._settle(message):
                then()

    def _settle(self, message: bytes) -> bool:
        number = mark_of(message) - self._first_mark
        if not 0 <= number < self._sent or message[8:9] == b"1" or not self._sent_at[number]:
            return False
        self._last_answer = now = perf_counter()
        self._latencies.append(now - self._sent_at[number])
        self._sent_at[number] = 0.0
        self._waiting -= 1
        if message.startswith(b"SIP/2.0 200 "):
            self._ok += 1
        else:
            self._refused += 1
        return True

    def _wait(self, seconds: float) -> bool:
        """Until something comes, or *seconds*; whether anything has."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def _give_up(self) -> int:
        """How many are lost now; all, when nothing is answered any more."""
        now = perf_counter()
        if now - self._last_answer > _SILENCE:
            self._sent, self._waiting = len(self._requests), 0
            return 0
        late = [n for n, at in enumerate(self._sent_at) if at and now - at > self._patience]
        for number in late:
            self._sent_at[number] = 0.0
        self._waiting -= len(late)
        return len(late)

    def _answers(self, began: float) -> Answers:
        seconds = self._last_answer - began
        return Answers(
            len(self._requests), self._ok, self._refused, seconds, sorted(self._latencies)
        )


def _nothing() -> None:
    """No request is sent for an answer."""
