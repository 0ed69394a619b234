"""Tests for :mod:`sippn.wake.budgets`: what a caller may cost others."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from sippn.auth import Budget
from sippn.errors import Unreachable
from sippn.wake import Budgets, BudgetSpent, Caller

USER, OTHER = Caller("bob"), Caller("carol")
STRANGER = Caller("192.0.2.66", stranger=True)
PBX = Caller("192.0.2.200", trusted=True)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def budgets(
    clock: Clock, stranger: int = 0, strangers: int = 0, caller: int = 0, device: int = 0
) -> Budgets:
    """Of so many an hour; 0: any number."""
    return Budgets(*(Budget(most, clock) for most in (stranger, strangers, caller, device)))


def taken(found: Budgets, caller: Caller, device: str = "device", times: int = 5) -> list[str]:
    """What becomes of so many pushes."""
    return [found.take(caller, device) for _ in range(times)]


def test_caller_has_so_many_whomever_he_calls(clock: Clock) -> None:
    """Q-03: an authenticated user causes so many pushes an hour, and another one his own."""
    found = budgets(clock, caller=3)
    assert [found.take(USER, f"device-{n}") for n in range(5)] == [""] * 3 + ["the caller"] * 2
    assert taken(found, OTHER, times=3) == [""] * 3
    clock.advance(3600)
    assert found.take(USER, "device") == ""


def test_device_has_so_many_whoever_calls(clock: Clock) -> None:
    """Q-03: a battery counts whoever calls, known or not."""
    found = budgets(clock, device=4)
    for caller in (USER, OTHER, STRANGER):
        assert found.take(caller, "device") == ""
    assert taken(found, USER, times=3) == ["", "the device", "the device"]
    assert found.take(STRANGER, "device") == "the device"
    assert found.take(USER, "another") == ""


def test_strangers_leave_a_device_to_those_we_know(clock: Clock) -> None:
    """T1, A9: all strangers together spend a part of what a device has."""
    found = budgets(clock, stranger=2, strangers=3, device=5)
    more = Caller("192.0.2.67", stranger=True)
    assert taken(found, STRANGER, times=3) == ["", "", "a stranger"]
    assert taken(found, more, times=2) == ["", "strangers to the device"]
    assert taken(found, USER, times=3) == ["", "", "the device"]


@pytest.mark.parametrize("caller", [USER, STRANGER])
def test_who_is_over_his_budget_spends_nobody_elses(clock: Clock, caller: Caller) -> None:
    """Q-03: hammering on costs the device nothing."""
    found = budgets(clock, stranger=1, strangers=1, caller=1, device=3)
    taken(found, caller, times=50)
    assert taken(found, OTHER, times=1) == [""]
    assert found.device.wait("device") == 0


@pytest.mark.parametrize("caller", [USER, STRANGER])
def test_device_that_is_spent_costs_its_caller_nothing(clock: Clock, caller: Caller) -> None:
    """Q-03: who rings a phone that gets no more pushes may still ring all others."""
    found = budgets(clock, stranger=2, strangers=2, caller=2, device=1)
    taken(found, OTHER, times=1)
    assert taken(found, caller, times=9) == ["the device"] * 9
    assert [found.take(caller, f"device-{n}") for n in range(2)] == ["", ""]


def test_strangers_who_are_spent_cost_another_nothing(clock: Clock) -> None:
    """Q-03, A9: what strangers may do to one device is nothing off what one may do to others."""
    found = budgets(clock, stranger=2, strangers=1)
    taken(found, Caller("192.0.2.67", stranger=True), times=1)
    assert taken(found, STRANGER, times=9) == ["strangers to the device"] * 9
    assert [found.take(STRANGER, f"device-{n}") for n in range(2)] == ["", ""]


def test_trusted_peer_spends_of_none(clock: Clock) -> None:
    """Q-03: a PBX of the operator's is not counted, and takes nothing from others."""
    found = budgets(clock, 1, 1, 1, 1)
    assert taken(found, PBX) == [""] * 5
    assert taken(found, USER, times=2) == ["", "the caller"]


def test_caller_is_told_when_to_try_again() -> None:
    """Q-03: a spent budget is 480 with Retry-After; whose it was is for the log."""
    spent = BudgetSpent("the device")
    assert isinstance(spent, Unreachable)
    assert (spent.status, str(spent), spent.whose) == (480, "", "the device")
    assert spent.headers == (("Retry-After", "300"),)
