"""So many an hour, and no more."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from sippn.auth import Budget


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_budget_is_spent(clock: Clock) -> None:
    """Q-03, A9: a stranger causes at most ``limits.pushes_per_hour_stranger``."""
    budget = Budget(20, clock)
    assert [budget.take("10.0.0.1") for _ in range(25)] == [True] * 20 + [False] * 5


def test_one_key_does_not_spend_for_another(clock: Clock) -> None:
    """Each stranger and each device has its own."""
    budget = Budget(1, clock)
    assert budget.take("a")
    assert budget.take("b")
    assert not budget.take("a")


def test_any_sixty_minutes_hold_no_more(clock: Clock) -> None:
    """A9: no burst at the turn of an hour: the window slides."""
    budget = Budget(20, clock)
    taken = []
    for _ in range(3 * 360):
        if budget.take("a"):
            taken.append(clock.seconds())
        clock.advance(10)
    assert len(taken) == 60
    assert all(b - a >= 3600 for a, b in zip(taken, taken[20:], strict=False))


def test_refused_attempts_cost_nothing(clock: Clock) -> None:
    """Whoever knocks on stays out for an hour, not for ever."""
    budget = Budget(1, clock)
    budget.take("a")
    for _ in range(60):
        clock.advance(60)
        taken = budget.take("a")
    assert taken


def test_no_limit_remembers_nothing(clock: Clock) -> None:
    """0 is off (DESIGN 5)."""
    budget = Budget(0, clock)
    assert all(budget.take("a") for _ in range(1000))
    assert len(budget) == 0


def test_memory_is_bounded(clock: Clock) -> None:
    """Invented source addresses cost no more than *max_keys*; the oldest goes."""
    budget = Budget(1, clock, max_keys=3)
    for key in ("a", "b", "c"):
        budget.take(key)
        clock.advance(1)
    budget.take("d")
    assert len(budget) == 3
    assert not budget.take("b")
    assert budget.take("a")


def test_who_took_last_is_forgotten_last(clock: Clock) -> None:
    """Whoever is busy now is the one to be held."""
    budget = Budget(2, clock, max_keys=2)
    for key in ("busy", "idle", "busy", "new"):
        budget.take(key)
        clock.advance(1)
    assert not budget.take("busy")


def test_wait_is_until_one_may_be_taken(clock: Clock) -> None:
    """A8: what a Retry-After says; asking takes none."""
    budget = Budget(2, clock, seconds=60)
    assert budget.wait("a") == 0
    budget.take("a")
    clock.advance(10)
    budget.take("a")
    assert budget.wait("a") == 50
    clock.advance(49)
    assert (budget.wait("a"), budget.take("a")) == (1, False)
    clock.advance(1)
    assert (budget.wait("a"), budget.take("a")) == (0, True)
    assert budget.wait("a") == 10


def test_no_limit_is_no_wait(clock: Clock) -> None:
    """0 is off."""
    budget = Budget(0, clock)
    budget.take("a")
    assert budget.wait("a") == 0
