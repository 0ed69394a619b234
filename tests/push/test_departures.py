"""
Tests for :mod:`sippn.push.departures`.
"""

from __future__ import annotations

from sippn.push import Departures


def test_what_is_watched_is_remembered() -> None:
    """S-12: who gives a push up asks whether there is anything to take back."""
    departures = Departures()
    departures.watch("a")
    assert not departures.have_left("a")
    departures.left("a")
    assert departures.have_left("a")


def test_what_nobody_watches_is_not() -> None:
    """Nothing may grow with the pushes that ever were."""
    departures = Departures()
    departures.left("a")
    departures.watch("b")
    departures.left("b")
    departures.forget("b")
    departures.forget("b")
    assert not departures.have_left("a")
    assert not departures.have_left("b")
    assert len(departures) == 0
