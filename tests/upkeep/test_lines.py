"""Tests for :mod:`sippn.upkeep.lines`: a part of a PNS that is down holds up no other part."""

from __future__ import annotations

from attrs import define, evolve
from zope.interface import implementer

from sippn.binding import PushTarget
from sippn.interfaces import IPushLanes
from sippn.push import Dispatcher
from sippn.testing.pns import MemoryPushProvider
from sippn.upkeep.lines import MOST, Lines

PHONE = PushTarget("acme", "app-1", "token")


@implementer(IPushLanes)
@define(eq=False)
class Apps(MemoryPushProvider):
    """One whose lanes are apps."""

    def lane_of(self, target: PushTarget) -> str:
        """Its app."""
        return target.param


def test_each_lane_has_a_line() -> None:
    """W3: refreshes of an app whose service hangs wait for each other, and nobody for them."""
    lines = Lines(Dispatcher([Apps()]))
    assert lines.line_of(PHONE) == "acme app-1"
    assert lines.line_of(evolve(PHONE, param="app-2")) == "acme app-2"
    assert lines.line_of(evolve(PHONE, prid="other")) is lines.line_of(PHONE)


def test_provider_without_lanes_has_one_for_each_pns() -> None:
    """W3: as a PNS is by itself, whatever else its provider reaches."""
    lines = Lines(Dispatcher([MemoryPushProvider()]))
    assert lines.line_of(PHONE) == "acme"
    assert lines.line_of(evolve(PHONE, provider="other")) == "other"
    assert Lines(MemoryPushProvider()).line_of(PHONE) == "acme"


def test_lane_is_that_of_who_would_push() -> None:
    """W3: the first provider that can, as for the push itself."""
    first = Apps()
    first.can = lambda target, _: target.param != "app-1"
    lines = Lines(Dispatcher([first, MemoryPushProvider()]))
    assert lines.line_of(PHONE) == "acme"
    assert lines.line_of(evolve(PHONE, param="app-2")) == "acme app-2"


def test_names_that_are_made_up_are_one_line() -> None:
    """Q-07: of more lanes than any operator has the rest stand together."""
    lines = Lines(Dispatcher([Apps()]))
    found = [lines.line_of(evolve(PHONE, param=f"app-{number}")) for number in range(3 * MOST)]
    assert len(set(found)) == MOST + 1
    assert set(found[MOST:]) == {"acme"}
    assert lines.line_of(PHONE) == "acme app-1"
