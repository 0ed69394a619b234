"""Tests for :mod:`sippn.push.told`: what is wrong is said now and then, whoever brings it about."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from sippn.push.told import AGAIN, MOST, RELAPSE, Told


@pytest.fixture
def told(clock: Clock) -> Told:
    return Told(clock)


def test_each_thing_is_news_once_an_hour(told: Told, clock: Clock) -> None:
    """N-05: what is wrong in one lane is not what is wrong in another."""
    things = [("app-1", "403"), ("app-1", "400"), ("app-2", "403")]
    assert all(told.is_news(*thing) for thing in things)
    clock.advance(AGAIN - 1)
    assert not any(told.is_news(*thing) for thing in things)
    clock.advance(1)
    assert all(told.is_news(*thing) for thing in things)


def test_relapse_is_news_sooner_in_its_lane_alone(told: Told, clock: Clock) -> None:
    """N-05: pushes that one lane takes again say nothing of another."""
    told.is_news("app-1", "403")
    told.is_news("app-2", "403")
    told.is_over("app-1")
    clock.advance(RELAPSE - 1)
    assert not told.is_news("app-1", "403")
    clock.advance(1)
    assert told.is_news("app-1", "403")
    assert not told.is_news("app-2", "403")
    clock.advance(RELAPSE)
    assert not told.is_news("app-1", "403")


@pytest.mark.parametrize("same", ["lane", "reason"])
def test_what_is_made_up_fills_no_log(told: Told, clock: Clock, same: str) -> None:
    """Q-07: hosts that a UA names, or codes that one invents, are so many lines an hour."""
    found = 0
    for number in range(10 * MOST):
        thing = ("app", f"code {number}") if same == "lane" else (f"host-{number}", "403")
        found += told.is_news(*thing)
        told.is_over(thing[0])
        clock.advance(0.5)
    assert found == MOST + 1
    assert len(told) == MOST + 1
    assert len(told._relapsed) <= MOST


def test_what_was_told_long_ago_makes_room(told: Told, clock: Clock) -> None:
    """N-05: an hour after a flood what is wrong is told again by its own name."""
    for number in range(2 * MOST):
        told.is_news(f"host-{number}", "403")
    clock.advance(AGAIN)
    assert told.is_news("app", "403")
    assert told.is_news("app", "400")
    assert len(told) == 2
    assert told.is_news("host-1", "403")
