"""Tests for :mod:`sippn.transaction.timers`."""

from __future__ import annotations

import pytest

from sippn.transaction import Timers


def test_values_are_those_of_table_4() -> None:
    """RFC 3261 table 4, RFC 6026 section 8.11, with the default T1, T2 and T4."""
    timers = Timers()
    assert (timers.a, timers.e, timers.g) == (0.5, 0.5, 0.5)
    assert (timers.b, timers.f, timers.h, timers.l, timers.m) == (32, 32, 32, 32, 32)
    assert (timers.d(False), timers.i(False), timers.j(False), timers.k(False)) == (32, 5, 32, 5)


def test_reliable_transport_lingers_not_at_all() -> None:
    """RFC 3261 table 4: D, I, J and K are zero for TCP."""
    timers = Timers()
    assert (timers.d(True), timers.i(True), timers.j(True), timers.k(True)) == (0, 0, 0, 0)


def test_timer_d_is_never_below_32_seconds() -> None:
    """RFC 3261 17.1.1.2: the server's T1 is not known."""
    assert Timers(t1=0.1).d(False) == 32
    assert Timers(t1=1).d(False) == 64


@pytest.mark.parametrize(("t1", "t2", "seconds"), [(0.5, 4, 3.5), (1, 4, 3), (4, 4, 0)])
def test_trying_is_due_when_timer_e_is_at_t2(t1: float, t2: float, seconds: float) -> None:
    """RFC 4320 4.1: 0.5 + 1 + 2 seconds by default."""
    assert Timers(t1, t2).trying == seconds


def test_no_time_is_refused() -> None:
    """A T1 of zero would retransmit without end."""
    with pytest.raises(ValueError, match="t1"):
        Timers(t1=0)
