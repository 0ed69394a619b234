"""Giving up a push that may be on the wire."""

from __future__ import annotations

from typing import TypeVar

from twisted.internet.defer import Deferred

T = TypeVar("T")


def withdrawable(asked: Deferred[T]) -> Deferred[T]:
    """
    *asked*, for somebody who may give up.

    Cancelling ends the result at once, with CancelledError, and is passed on to
    *asked*; what *asked* still comes to is dropped.  A provider may take its
    time to end what it has on the wire, and who gave up does not wait for that.
    """
    result: Deferred[T] = Deferred(lambda _: asked.cancel())

    def pass_on(value: T) -> None:
        if not result.called:
            result.callback(value)

    asked.addCallbacks(pass_on, lambda failure: None if result.called else result.errback(failure))
    return result
