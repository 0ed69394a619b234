"""Tests for :mod:`sippn.push.withdrawal`."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred

from sippn.push.withdrawal import withdrawable
from sippn.testing.results import failed, succeeded


def test_result_passes_through() -> None:
    """Nothing is changed while nobody gives up."""
    asked: Deferred[str] = Deferred()
    result = withdrawable(asked)
    asked.callback("accepted")
    assert succeeded(result) == "accepted"


def test_failure_passes_through() -> None:
    """A bug of a provider is for the Dispatcher to contain."""
    asked: Deferred[str] = Deferred()
    result = withdrawable(asked)
    asked.errback(ValueError("a bug"))
    failed(result, ValueError)


def test_giving_up_asks_and_does_not_wait() -> None:
    """What is on the wire may finish unseen."""
    asked_to_stop: list[bool] = []
    wire: Deferred[str] = Deferred()
    asked: Deferred[str] = Deferred(lambda _: asked_to_stop.append(True))
    asked.addErrback(lambda _: wire)
    result = withdrawable(asked)
    result.cancel()
    failed(result, CancelledError)
    assert asked_to_stop == [True]
    wire.callback("nobody hears this")


def test_late_failure_is_not_heard_of() -> None:
    """Nor does it come up as an unhandled error (the fixture of every test sees to that)."""
    asked: Deferred[str] = Deferred(lambda _: None)
    result = withdrawable(asked)
    result.cancel()
    failed(result, CancelledError)
