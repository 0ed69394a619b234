"""Tests for :mod:`sippn.http.deadlines`."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from sippn.http import Ask
from sippn.http.deadlines import Deadlines
from sippn.http.exchange import Exchange


def make(deadline: float) -> Exchange:
    """One that ends then."""
    return Exchange(Ask(b"GET", b"/"), b"a", 0.0, deadline)


@given(st.lists(st.tuples(st.integers(0, 50), st.booleans()), max_size=200))
def test_each_that_is_not_over_is_told_when_it_is_due(waits: list[tuple[int, bool]]) -> None:
    """T9: in time and once, in whichever order they were asked for."""
    clock = Clock()
    late: list[tuple[float, Exchange]] = []

    def tell(exchange: Exchange) -> None:
        exchange.over = True
        late.append((clock.seconds(), exchange))
        deadlines.ended()

    deadlines = Deadlines(clock, tell)
    made = []
    for wait, over in waits:
        exchange = make(clock.seconds() + wait / 10)
        deadlines.add(exchange)
        made.append((exchange, over))
        if over:
            exchange.over = True
            deadlines.ended()
        assert len(clock.getDelayedCalls()) <= 1
    for _ in range(52):
        clock.advance(0.1)
    assert {id(each) for _, each in late} == {id(each) for each, over in made if not over}
    assert all(abs(when - each.deadline) < 0.11 for when, each in late)
    assert len(late) == sum(not over for _, over in waits)
    assert clock.getDelayedCalls() == []
    assert len(deadlines) == 0


def test_what_is_over_is_not_kept_for_long() -> None:
    """W2: ten thousand that were answered at once are not held until they are due."""
    clock = Clock()
    deadlines = Deadlines(clock, lambda _: None)
    for _ in range(10_000):
        exchange = make(5)
        deadlines.add(exchange)
        exchange.over = True
        deadlines.ended()
    assert len(deadlines) < 150
    deadlines.close()
    assert clock.getDelayedCalls() == []
