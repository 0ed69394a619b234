"""Tests for :mod:`sippn.containment.complaints`."""

from __future__ import annotations

import pytest
from twisted.internet.defer import fail
from twisted.internet.task import Clock

from sippn.containment import Complaints
from tests.containment.conftest import Blamed
from tests.containment.wicked import PRID, Wickedness, raises


def _broken() -> Wickedness:
    with pytest.raises(Wickedness) as caught:
        raises(Clock(), list)
    return caught.value


def test_plugin_is_named_and_its_error_is_not_quoted(logged: list[str], blamed: Blamed) -> None:
    """T7: what a plugin says of an error may have a PRID in it; where it was has none."""
    Complaints.about(_broken(), Clock()).broke("load", _broken())
    assert blamed() == ["tests.containment.wicked.Wickedness broke on load: Wickedness"]
    assert "in raises" in logged[0]
    assert "wicked.py" in logged[0]


def test_system_error_says_which(blamed: Blamed) -> None:
    """An operator can do something about a full disk; the path is not ours to tell."""
    Complaints("it", Clock()).broke("commit", OSError(28, "as it likes", PRID))
    assert blamed() == ["it broke on commit: OSError (No space left on device)"]


def test_one_line_a_minute(blamed: Blamed) -> None:
    """A plugin that breaks on each call fills no disk; how often it did is told with the next."""
    clock = Clock()
    complaints = Complaints("it", clock)
    for _ in range(5):
        complaints.broke("load", ValueError())
        clock.advance(14.9)
    complaints.hung("commit", 10)
    assert blamed() == [
        "it broke on load: ValueError",
        "it did not answer commit within 10 s (and 4 times more since the last line)",
    ]
    clock.advance(60)
    complaints.hung("commit", 10)
    assert blamed()[2:] == ["it did not answer commit within 10 s"]


def test_each_plugin_has_its_own_minute(blamed: Blamed) -> None:
    """One that is loud hides no other."""
    clock = Clock()
    for name in ("one", "two"):
        Complaints(name, clock).hung("load", 5)
    assert len(blamed()) == 2


def test_nonsense_leaves_nothing_behind(blamed: Blamed) -> None:
    """A coroutine that nobody awaits would warn, a failure that nobody handles would be told."""

    async def nonsense() -> None:
        raise AssertionError

    complaints = Complaints("it", Clock())
    complaints.nonsense("can_push", nonsense())
    complaints.nonsense("can_push", fail(Wickedness()))
    assert blamed() == ["it gave no answer that can_push may have: coroutine"]
