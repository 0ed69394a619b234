"""Tests for :mod:`sippn.core.running`."""

from __future__ import annotations

import gc

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from sippn.core.running import run


async def after(deferred: Deferred[str], done: list[str]) -> None:
    """Work that waits twice, and makes something of an error."""
    try:
        done.append(await deferred)
    except ValueError as error:
        done.append(f"caught {error}")
    done.append(await succeed("at once"))


def unexpected(failure: Failure) -> None:
    failure.raiseException()


def test_work_that_need_not_wait_is_done_at_once() -> None:
    """DESIGN 4: a request is seen to in the turn in which it came."""
    done: list[str] = []
    run(after(succeed("there"), done), unexpected)
    assert done == ["there", "at once"]


def test_work_goes_on_when_what_it_waits_for_is_there() -> None:
    """DESIGN 4: a Deferred may come late, and work goes on where it was."""
    done: list[str] = []
    deferred: Deferred[str] = Deferred()
    run(after(deferred, done), unexpected)
    assert done == []
    deferred.callback("late")
    assert done == ["late", "at once"]


def test_failure_is_raised_where_it_was_waited_for() -> None:
    """DESIGN 4: the work itself may know what to make of it."""
    done: list[str] = []
    deferred: Deferred[str] = Deferred()
    run(after(deferred, done), unexpected)
    deferred.errback(Failure(ValueError("no")))
    assert done == ["caught no", "at once"]


@pytest.mark.parametrize("late", [False, True])
def test_what_is_not_caught_is_told(late: bool) -> None:
    """DESIGN 4: at once or late, one place turns it into an answer."""
    told: list[Failure] = []
    deferred: Deferred[str] = Deferred()
    if not late:
        deferred.errback(Failure(KeyError("no")))
    run(after(deferred, []), told.append)
    if late:
        assert told == []
        deferred.errback(Failure(KeyError("no")))
    assert [type(failure.value) for failure in told] == [KeyError]


def test_nothing_is_left_for_the_collector() -> None:
    """Issue 4, item 6: work that waited leaves no cycle behind."""
    gc.collect()
    gc.disable()
    try:
        deferred: Deferred[str] = Deferred()
        run(after(deferred, []), unexpected)
        deferred.callback("late")
        del deferred
        assert gc.collect() == 0
    finally:
        gc.enable()
