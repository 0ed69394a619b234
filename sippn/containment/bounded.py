"""Waiting for a plugin, but not for ever."""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import suppress
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from sippn.interfaces import settled

T = TypeVar("T")


class Hung(Exception):
    """There was no answer in time."""


def as_deferred(answer: Awaitable[T]) -> Deferred[T]:
    """*answer*, however it was written: a Deferred, a coroutine."""
    return answer if isinstance(answer, Deferred) else Deferred.fromCoroutine(settled(answer))


def shielded(asked: Deferred[T]) -> Deferred[T]:
    """
    *asked*, for somebody who may give up.

    Cancelling ends it at once and cancels *asked*; what that still comes to is dropped, a
    failure too.
    """
    result: Deferred[T] = Deferred(lambda _: withdraw(asked))

    def pass_on(value: T | Failure) -> None:
        if not result.called:
            result.callback(value)  # a Failure fails it

    asked.addBoth(pass_on)
    return result


def bounded(
    asked: Deferred[T], seconds: float, clock: IReactorTime, *, withdrawn: bool = True
) -> Deferred[T]:
    """
    Wait for *asked* as :func:`shielded` does, and *seconds* at most.

    :param withdrawn: whether *asked* is cancelled when its time is over.
    :raises Hung: it did not come in time.
    """
    result = shielded(asked)

    def give_up() -> None:
        result.errback(Failure(Hung()))
        if withdrawn:
            withdraw(asked)

    if not result.called:
        result.addBoth(_in_time, clock.callLater(seconds, give_up))
    return result


def withdraw(asked: Deferred[Any]) -> None:
    """Cancel *asked*, whatever its plugin makes of that: nobody waits for it any more."""
    with suppress(Exception):
        asked.cancel()


def _in_time(value: T, alarm: IDelayedCall) -> T:
    if alarm.active():
        alarm.cancel()
    return value
