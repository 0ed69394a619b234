"""
A message ladder in text, line by line as things happen.

One column a participant, the server in the middle, the push service last: what
the RFCs draw for a call, drawn from a call that happens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import define, field

from sippn.events.happenings import (
    Event,
    MessageReceived,
    MessageRefused,
    MessageSent,
    PushAnswered,
    PushRequested,
    RefreshRequested,
    RegistrationRefused,
    RequestParked,
    WakeEnded,
    WakeRefused,
    WakeReleased,
)
from sippn.value import value_class

WIDTH = 100
MOST = 8
_LEFT = 16  # the first lifeline: clear of the time and of half a name
_RIGHT = 8
_TIME = 9  # columns of the time, which is right-aligned


@value_class
class _Columns:
    """Where the lifelines stand."""

    names: tuple[str, ...]
    places: tuple[int, ...]

    @classmethod
    def of(cls, names: Sequence[str]) -> _Columns:
        gap = (WIDTH - _LEFT - _RIGHT) // max(len(names) - 1, 1)
        return cls(tuple(names), tuple(_LEFT + gap * i for i in range(len(names))))

    def heading(self) -> str:
        row = [" "] * WIDTH
        for name, place in zip(self.names, self.places, strict=True):
            room = min(2 * (WIDTH - place), self.places[0])
            shown = name if len(name) <= room else name[: room - 2] + ".."
            start = place - len(shown) // 2
            row[start : start + len(shown)] = shown
        return "".join(row)[:WIDTH].rstrip()

    def arrow(self, sender: str, receiver: str, label: str) -> str:
        """One row: lifelines, and an arrow across those between the two."""
        row = [" "] * WIDTH
        for place in self.places:
            row[place] = "|"
        start, end = (self.places[self.names.index(name)] for name in (sender, receiver))
        left, right = min(start, end) + 1, max(start, end)
        shaft = _shaft(label, right - left)
        row[left:right] = f"{shaft}>" if start < end else f"<{shaft}"
        return "".join(row)


def _shaft(label: str, room: int) -> str:
    """A line of *room* - 1 characters with *label* in it, cut where it must be."""
    most = room - 4
    shown = label if len(label) <= most else label[: most - 2] + ".."
    return f"--{shown}".ljust(room - 1, "-")


def _printable(text: str) -> str:
    """What a terminal may be shown: a peer's words come from outside."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _who(aor: str) -> str:
    """The user of *aor*, as people call her."""
    return aor.partition(":")[2].partition("@")[0] or aor


@define(eq=False)
class Ladder:
    """
    Turns events into lines of at most :data:`WIDTH` columns.

    Times are seconds since the first event, or since *start* on the events' clock.
    It prints nothing and has no clock: whoever listens to a
    :class:`~sippn.events.Bus` shows what it returns.

    :ivar participants: ``host:port`` to name, in order of appearance from left to right;
        several addresses may share a name, and an address may join a name while it runs.
    :ivar server: what the column in the middle is called.
    :ivar pns: what the last column is called.
    :ivar start: the time that counts as 0; None: that of the first event.
    """

    participants: Mapping[str, str]
    server: str = "sippn"
    pns: str = "push service"
    start: float | None = None
    _columns: _Columns = field(init=False)

    def __attrs_post_init__(self) -> None:
        """
        Place the columns.

        :raises ValueError: more columns than a line has room for.
        """
        names = list(dict.fromkeys(self.participants.values()))
        half = (len(names) + 1) // 2
        columns = [*names[:half], self.server, *names[half:], self.pns]
        if len(columns) > MOST:
            raise ValueError(f"{len(columns)} columns do not fit; {MOST} do")
        self._columns = _Columns.of(columns)

    def heading(self) -> str:
        """The names, each above its lifeline."""
        return self._columns.heading()

    def arrow(self, at: float, sender: str, receiver: str, label: str) -> str:
        """One message between two participants, for what no event tells."""
        row = self._columns.arrow(sender, receiver, _printable(label))
        return self._time(at) + row[_TIME:].rstrip()

    def words(self, at: float, text: str) -> str:
        """One line of *text*, cut to the width."""
        line = f"{self._time(at)}  {_printable(text)}"
        return line if len(line) <= WIDTH else line[: WIDTH - 3] + "..."

    def line(self, event: Event) -> str | None:
        """What *event* looks like; None: it is not for a ladder."""
        match event:
            case MessageReceived() | MessageSent():
                return self._message(event)
            case PushRequested():
                return self.arrow(event.at, self.server, self.pns, f"push ({event.kind})")
            case PushAnswered():
                label = f"{event.verdict.lower()} ({event.took * 1000:.0f} ms)"
                return self.arrow(event.at, self.pns, self.server, label)
        text = _in_words(event)
        return None if text is None else self.words(event.at, f"{self.server}: {text}")

    def _message(self, event: MessageReceived | MessageSent) -> str:
        inwards = isinstance(event, MessageReceived)
        name = self.participants.get(event.peer)
        if name not in self._columns.names:
            way = "from" if inwards else "to"
            return self.words(event.at, f"{self.server}: {event.summary} {way} {event.peer}")
        ends = (name, self.server) if inwards else (self.server, name)
        return self.arrow(event.at, *ends, event.summary)

    def _time(self, at: float) -> str:
        if self.start is None:
            self.start = at
        return f"{at - self.start:{_TIME}.3f}"


def _in_words(event: Event) -> str | None:
    text: str | None = None
    match event:
        case RequestParked():
            text = f"{_who(event.aor)} sleeps; {event.method} parked for up to {event.wait:g} s"
        case WakeReleased():
            text = f"{_who(event.aor)} is back after {event.waited:.3f} s; the request goes out"
        case WakeEnded():
            text = f"the wait for {_who(event.aor)} is over: {event.why}"
        case WakeRefused():
            text = f"no wait for {_who(event.aor)}: {event.why}"
        case RefreshRequested():
            text = f"the registration of {_who(event.aor)} ends soon; push {event.attempt} for it"
        case RegistrationRefused():
            text = f"registration of {_who(event.aor)} refused: {event.status} {event.reason}"
        case MessageRefused():
            text = f"octets from {event.peer} are no message: {event.reason}"
    return text
