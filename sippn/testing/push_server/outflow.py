"""Bodies and heads that go out as fast as they are taken, and perhaps never end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from attrs import define, field
from h2.connection import H2Connection
from hyperframe.frame import ContinuationFrame, Frame
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

_CHUNK = bytes(16384)
_MORE = b"\x00\x06x-more\x10" + b"x" * 16  # a literal field (RFC 7541, section 6.2.2)


class Way(Protocol):
    """Where it goes."""

    def write(self) -> None:
        """Send what there is."""

    def raw(self, frame: Frame) -> None:
        """Send *frame*; h2 knows nothing of it."""

    def body_sent(self, number: int) -> None:
        """The body of stream *number* is out."""


@implementer(IPushProducer)
@define(eq=False)
class Outflow:
    """
    What waits for room: in the window of its stream, and in the connection.
    """

    _two: H2Connection
    _way: Way
    _more: dict[int, Callable[[], None]] = field(factory=dict, init=False)
    _heads: dict[int, Callable[[], None]] = field(factory=dict, init=False)
    _full: bool = field(default=False, init=False)

    def pour(self, number: int, body: bytes | None) -> None:
        """From now on send *body* on stream *number*; None: one that never ends."""
        left = body

        def more() -> None:
            nonlocal left
            room = self._room(number)
            if left is None:
                self._two.send_data(number, _CHUNK[:room])
                return
            self._two.send_data(number, left[:room], end_stream=room >= len(left))
            left = left[room:]
            if not left:
                self._way.body_sent(number)

        self._more[number] = more

    def pour_head(self, number: int) -> None:
        """From now on send CONTINUATION after CONTINUATION on stream *number*."""
        frame = ContinuationFrame(number, _MORE * 512)
        self._heads[number] = lambda: self._way.raw(frame)

    def forget(self, number: int) -> None:
        """Nothing more goes out on stream *number*."""
        self._more.pop(number, None)
        self._heads.pop(number, None)

    def flow(self) -> None:
        """Send while there is room."""
        going = bool(self._more or self._heads)
        while going and not self._full:
            able = [more for number, more in self._more.items() if self._room(number)]
            able += self._heads.values()
            for more in able:
                more()
            self._way.write()
            going = bool(able)

    def pauseProducing(self) -> None:
        """The connection takes no more."""
        self._full = True

    def resumeProducing(self) -> None:
        """It does again."""
        self._full = False
        self.flow()

    def stopProducing(self) -> None:
        """It never will."""
        self._more.clear()
        self._heads.clear()

    def _room(self, number: int) -> int:
        window = self._two.local_flow_control_window(number)
        return min(window, self._two.max_outbound_frame_size, len(_CHUNK))
