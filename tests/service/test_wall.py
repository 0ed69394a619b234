"""
Tests for :mod:`sippn.service.wall`.
"""

from __future__ import annotations

import pytest
from attrs import define, field
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from zope.interface import implementer

from sippn.errors import StoreUnavailable
from sippn.interfaces import INotebook
from sippn.service.wall import Boot, TimeKeeping, WallClock
from sippn.storage.memory import MemoryStore

NOON = 1_800_000_000.0
HOUR, DAY, YEAR = 3600.0, 86_400.0, 31_536_000.0
STEPS = (HOUR, DAY, -HOUR, -DAY)


@define(eq=False)
class Machine:
    """
    A machine whose wall clock shows *wall*.

    :ivar up: seconds since it was booted for the *number* th time.
    """

    wall: float = NOON
    up: float = 1000.0
    number: int = 1

    def passes(self, seconds: float) -> None:
        """Time does."""
        self.wall += seconds
        self.up += seconds

    def reboots(self, off: float, wall: float | None = None) -> None:
        """It was *off*, and its clock shows *wall*; None: what is right."""
        self.wall = self.wall + off if wall is None else wall
        self.up, self.number = 20.0, self.number + 1

    def clock(self, boot: str | None = None) -> WallClock:
        """The clock of a server that starts now."""
        name = f"boot-{self.number}" if boot is None else boot
        return WallClock(lambda: self.wall, Boot(name, lambda: self.up))


@implementer(INotebook)
@define(eq=False)
class RememberingStore(MemoryStore):
    """It keeps what it is told, unless it is full."""

    notes: dict[str, str] = field(factory=dict)
    full: bool = False

    def note(self, name: str) -> str | None:
        """What it was told."""
        return self.notes.get(name)

    def keep_note(self, name: str, text: str) -> Deferred[None]:
        """At once."""
        if self.full:
            return fail(StoreUnavailable("disk full"))
        self.notes[name] = text
        return succeed(None)


@pytest.mark.parametrize("step", STEPS)
def test_clock_goes_on_when_the_system_is_set(step: float) -> None:
    """E1: no binding ends early, none lives longer."""
    machine = Machine()
    wall = machine.clock()
    assert wall() == NOON
    machine.wall += step
    machine.passes(60)
    assert wall() == NOON + 60
    assert wall.ahead == -step


@pytest.mark.parametrize("step", STEPS)
def test_clock_goes_on_across_a_restart(step: float) -> None:
    """E1: whether it was set while the server ran, or while it was down."""
    machine = Machine()
    before = machine.clock()
    machine.wall += step
    note = before.note()
    machine.passes(60)
    machine.wall += step
    after = machine.clock()
    after.resume(note)
    assert after() == NOON + 60
    machine.passes(60)
    assert after() == NOON + 120


@pytest.mark.parametrize("step", STEPS)
def test_next_boot_believes_how_long_the_machine_was_off(step: float) -> None:
    """E1: the clock that was set shows the right time then, or none."""
    machine = Machine()
    before = machine.clock()
    machine.wall += step
    machine.passes(60)
    note = before.note()
    machine.reboots(off=600)
    after = machine.clock()
    after.resume(note)
    assert after() == NOON + 660


def test_clock_that_was_wrong_is_right_in_the_end() -> None:
    """E1: it was ahead by an hour, and the machine was off for longer."""
    machine = Machine()
    before = machine.clock()
    machine.wall -= HOUR
    note = before.note()
    machine.reboots(off=DAY)
    after = machine.clock()
    after.resume(note)
    assert after() == machine.wall == NOON + DAY - HOUR


def test_clock_without_a_battery_keeps_nobody_for_years() -> None:
    """E1: time goes on from where it was seen last, and by as much as the machine is up."""
    machine = Machine()
    note = machine.clock().note()
    machine.reboots(off=600, wall=NOON - 6 * YEAR)
    after = machine.clock()
    after.resume(note)
    assert after() == NOON + 20
    note = after.note()
    machine.reboots(off=600, wall=NOON + 1300)  # now it has one
    again = machine.clock()
    again.resume(note)
    assert again() == NOON + 1300


def test_boot_that_nobody_knows_is_another_one() -> None:
    """Where there is no name for it, the wall clock is believed, but for going back."""
    machine = Machine()
    note = machine.clock("").note()
    machine.passes(60)
    after = machine.clock("")
    after.resume(note)
    assert after() == NOON + 60
    machine.wall -= DAY
    after = machine.clock("")
    after.resume(note)
    assert after() == NOON


def test_time_is_noted_every_minute() -> None:
    """E1: and resumed at the start, before anybody asks what is due."""
    machine, clock, store = Machine(), Clock(), RememberingStore()
    first = TimeKeeping(machine.clock(), store, clock)
    first.startService()
    noted = dict(store.notes)
    machine.wall += HOUR
    machine.passes(60)
    clock.advance(60)
    assert store.notes != noted
    first.stopService()
    wall = machine.clock()
    assert wall() == NOON + 60 + HOUR
    TimeKeeping(wall, store, Clock()).startService()
    assert wall() == NOON + 60


def test_step_is_told_once() -> None:
    """Whoever wonders what the data base says finds out by how much it is ahead."""
    machine, clock = Machine(), Clock()
    keeping = TimeKeeping(machine.clock(), MemoryStore(), clock)
    keeping.startService()
    with capturedLogs() as logs:
        machine.wall += 0.5
        clock.advance(60)
        machine.wall -= DAY
        clock.advance(60)
        clock.advance(60)
    keeping.stopService()
    (line,) = map(formatEvent, logs)
    assert line == "the system's clock was set by -86400 s: no registration ends by that"


@pytest.mark.parametrize(
    "note",
    ["", "[]", "7", '["b", 1, 2]', '["b", 1, 2, "x"]', '["b", 1, 2, NaN]', '["b", {}, 1, 2]'],
)
def test_note_that_cannot_be_read_is_passed_over(note: str) -> None:
    """Somebody wrote in the data base: the server starts, by the wall clock."""
    machine, store = Machine(), RememberingStore(notes={"clock": note})
    wall = machine.clock()
    with capturedLogs() as logs:
        keeping = TimeKeeping(wall, store, Clock())
        keeping.startService()
    assert wall() == NOON
    assert "the time of the last stop is lost" in str(formatEvent(logs[0]))
    keeping.stopService()


def test_full_disk_stops_no_clock() -> None:
    """E2: the store has told of it; the next minute it is tried again."""
    machine, clock, store = Machine(), Clock(), RememberingStore(full=True)
    keeping = TimeKeeping(machine.clock(), store, clock)
    keeping.startService()
    assert store.notes == {}
    store.full = False
    clock.advance(60)
    assert list(store.notes) == ["clock"]
    keeping.stopService()
