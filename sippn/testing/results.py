"""What a Deferred already has: for tests that turn their own clock and run no reactor."""

from __future__ import annotations

from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

T = TypeVar("T")
E = TypeVar("E", bound=BaseException)

_case = SynchronousTestCase()


def succeeded(deferred: Deferred[T]) -> T:
    """
    The result that *deferred* already has.

    A failure, or no result yet, fails the test that asks.
    """
    result = _case.successResultOf(deferred)
    deferred.addCallback(lambda _: result)  # who asks again finds the same
    return result


def failed(deferred: Deferred[T], expected: type[E]) -> E:
    """
    The *expected* exception with which *deferred* has already failed; it is handled then.

    A success, another exception, or no result yet, fails the test that asks.
    """
    value = _case.failureResultOf(deferred, expected).value
    assert isinstance(value, expected)
    return value
