"""Giving up a push that may be on the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

T = TypeVar("T")


def withdrawable(asked: Deferred[T], broke: Callable[[Exception], None]) -> Deferred[T]:
    """
    *asked*, for somebody who may give up.

    Cancelling ends the result at once, with CancelledError, and is passed on to
    *asked*; what *asked* still comes to is dropped.  A provider may take its
    time to end what it has on the wire, and who gave up does not wait for that.

    :param broke: told what the canceller of *asked* raises; *asked* is over then.
    """

    def give_up(_: Deferred[T]) -> None:
        try:
            asked.cancel()
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            broke(error)
            if not asked.called:
                asked.errback(Failure(CancelledError()))

    result: Deferred[T] = Deferred(give_up)

    def pass_on(value: T | Failure) -> None:
        if not result.called:
            result.callback(value)  # a Failure fails it

    asked.addBoth(pass_on)
    return result


def is_over(asked: Deferred[T]) -> bool:
    """Whether *asked* has come to its result, so that there is nothing to wait for."""
    return asked.called and not isinstance(asked.result, Deferred)
