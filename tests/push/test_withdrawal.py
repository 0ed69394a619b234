"""Tests for :mod:`sippn.push.withdrawal`."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from sippn.push.withdrawal import withdrawable
from sippn.testing.results import failed, succeeded


def raises(error: Exception) -> None:
    """No canceller here is expected to."""
    raise error


def test_canceller_that_raises_is_told_and_holds_nothing() -> None:
    """Issue 5, item 5: who gave up is free at once, and so is the slot of the push."""
    told: list[Exception] = []
    ended: list[object] = []

    def breaks(_: Deferred[str]) -> None:
        raise RuntimeError

    def note(failure: Failure) -> Failure:
        ended.append(failure.value)
        return failure

    asked: Deferred[str] = Deferred(breaks)
    asked.addErrback(note)
    result = withdrawable(asked, told.append)
    result.cancel()
    failed(result, CancelledError)
    assert [type(error) for error in told] == [RuntimeError]
    assert len(ended) == 1


def test_result_passes_through() -> None:
    """Nothing is changed while nobody gives up."""
    asked: Deferred[str] = Deferred()
    result = withdrawable(asked, raises)
    asked.callback("accepted")
    assert succeeded(result) == "accepted"


def test_failure_passes_through() -> None:
    """A bug of a provider is for the Dispatcher to contain."""
    asked: Deferred[str] = Deferred()
    result = withdrawable(asked, raises)
    asked.errback(ValueError("a bug"))
    failed(result, ValueError)


def test_giving_up_asks_and_does_not_wait() -> None:
    """What is on the wire may finish unseen."""
    asked_to_stop: list[bool] = []
    wire: Deferred[str] = Deferred()
    asked: Deferred[str] = Deferred(lambda _: asked_to_stop.append(True))
    asked.addErrback(lambda _: wire)
    result = withdrawable(asked, raises)
    result.cancel()
    failed(result, CancelledError)
    assert asked_to_stop == [True]
    wire.callback("nobody hears this")


def test_late_failure_is_not_heard_of() -> None:
    """Nor does it come up as an unhandled error (the fixture of every test sees to that)."""
    asked: Deferred[str] = Deferred(lambda _: None)
    result = withdrawable(asked, raises)
    result.cancel()
    failed(result, CancelledError)
