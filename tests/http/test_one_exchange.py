"""Tests for :mod:`sippn.http.one.exchange`."""

from __future__ import annotations

import pytest
from twisted.internet.defer import CancelledError, Deferred

from sippn.http.one.exchange import Exchange, Letter
from sippn.testing.results import failed, succeeded


@pytest.fixture
def letter() -> Letter:
    return Letter(b"{}")


def test_answer_comes_through(letter: Letter) -> None:
    """Nothing is changed while nobody gives up."""
    answer: Deferred[str] = Deferred()
    result = Exchange(answer, letter).result()
    answer.callback("200")
    assert succeeded(result) == "200"


def test_failure_comes_through(letter: Letter) -> None:
    """A bug is a bug."""
    answer: Deferred[str] = Deferred()
    result = Exchange(answer, letter).result()
    answer.errback(ValueError("a bug"))
    failed(result, ValueError)


def test_giving_up_before_it_left_ends_it(letter: Letter) -> None:
    """S-12: what has not left never leaves."""
    answer: Deferred[str] = Deferred()
    result = Exchange(answer, letter).result()
    result.cancel()
    failed(result, CancelledError)
    assert answer.called


def test_giving_up_what_takes_its_time_to_end(letter: Letter) -> None:
    """An attempt to connect may end a moment after it was told to."""
    answer: Deferred[str] = Deferred(lambda _: None)
    answer.addErrback(lambda _: Deferred())
    result = Exchange(answer, letter).result()
    result.cancel()
    failed(result, CancelledError)


def test_giving_up_what_has_left_waits_for_its_answer(letter: Letter) -> None:
    """W3: it is in flight, however often somebody says that he does not care."""
    answer: Deferred[str] = Deferred()
    result = Exchange(answer, letter).result()
    seen: list[str] = []
    result.addCallback(seen.append)
    letter.left = True
    result.cancel()
    result.cancel()
    assert (seen, answer.called) == ([], False)
    answer.callback("200")
    assert seen == ["200"]


def test_cut_at_the_stop_comes_through(letter: Letter) -> None:
    """Whoever owns the exchange may end it: that is no giving up."""
    answer: Deferred[str] = Deferred()
    result = Exchange(answer, letter).result()
    letter.left = True
    answer.cancel()
    failed(result, CancelledError)
