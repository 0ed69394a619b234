"""Tests for :mod:`sippn.containment.life` and :mod:`sippn.containment.notes`."""

from __future__ import annotations

import pytest
from attrs import define, field
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from zope.interface import implementer

from sippn.containment import ContainedNotebook, ContainedService
from sippn.errors import ConfigErrors, StoreUnavailable
from sippn.interfaces import INotebook
from sippn.testing.results import failed, succeeded
from tests.containment.conftest import Blamed
from tests.containment.wicked import AT_ONCE, IN_NO_TIME, WAYS, Mind, Way, Wickedness


@define(eq=False)
class Wicked(Service):
    """A service."""

    mind: Mind

    def startService(self) -> None:
        """Start, or not."""
        self.mind.do("startService", lambda: None)

    def stopService(self) -> Deferred[None]:
        """Stop, or not."""
        stopped: Deferred[None] = self.mind.do("stopService", lambda: None)
        return stopped


@implementer(INotebook)
@define(eq=False)
class WickedNotebook:
    """A notebook."""

    mind: Mind
    kept: dict[str, str] = field(factory=dict)

    def note(self, name: str) -> str | None:
        """Read, or not."""
        text: str | None = self.mind.do("note", lambda: self.kept.get(name))
        return text

    def keep_note(self, name: str, text: str) -> Deferred[None]:
        """Write, or not."""
        kept: Deferred[None] = self.mind.do("keep_note", lambda: self.kept.__setitem__(name, text))
        return kept


@pytest.mark.parametrize("way", WAYS)
def test_service_that_does_not_stop_is_left_behind(way: Way, blamed: Blamed) -> None:
    """D6: whoever tells a server to stop gets it stopped."""
    clock = Clock()
    service = ContainedService(Wicked(Mind(clock, "stopService", way)), clock)
    service.startService()
    stopped = service.stopService()
    clock.advance(0 if way in AT_ONCE else 4)
    succeeded(stopped)
    nonsense = way in AT_ONCE[3:]  # nobody asks what it comes to
    assert len(blamed()) == (not nonsense)
    clock.advance(60)


def test_service_that_cannot_start_is_named(blamed: Blamed) -> None:
    """The server does not start without it."""
    clock = Clock()
    service = ContainedService(Wicked(Mind(clock, "startService")), clock)
    with pytest.raises(Wickedness):
        service.startService()
    assert not service.running
    assert blamed() == ["tests.containment.test_life.Wicked broke on startService: Wickedness"]


def test_service_that_says_why_it_cannot_start_is_not_blamed(blamed: Blamed) -> None:
    """A file that cannot be used is the operator's to mend."""

    def refuses(*_: object) -> None:
        raise ConfigErrors([("storage.path", "cannot be used")])

    clock = Clock()
    with pytest.raises(ConfigErrors):
        ContainedService(Wicked(Mind(clock, "startService", refuses)), clock).startService()
    assert blamed() == []


@pytest.mark.parametrize("way", WAYS)
def test_notebook_that_cannot_be_read(way: Way, blamed: Blamed) -> None:
    """The clock then starts from the system's."""
    clock = Clock()
    notebook = ContainedNotebook(WickedNotebook(Mind(clock, "note", way)), clock)
    with pytest.raises(StoreUnavailable):
        notebook.note("clock")
    assert len(blamed()) == 1
    clock.advance(60)


@pytest.mark.parametrize("way", [*AT_ONCE[:3], *IN_NO_TIME])
def test_notebook_that_cannot_be_written(way: Way, blamed: Blamed) -> None:
    """Nobody waits for it, and the next note is tried."""
    clock = Clock()
    notebook = ContainedNotebook(WickedNotebook(Mind(clock, "keep_note", way)), clock)
    kept = notebook.keep_note("clock", "noon")
    clock.advance(0 if way in AT_ONCE else 5)
    failed(kept, StoreUnavailable)
    assert len(blamed()) == 1
    clock.advance(60)


def test_notebook_in_order() -> None:
    """What is kept is read."""
    clock = Clock()
    notebook = ContainedNotebook(WickedNotebook(Mind(clock)), clock)
    assert notebook.note("clock") is None
    succeeded(notebook.keep_note("clock", "noon"))
    assert notebook.note("clock") == "noon"
