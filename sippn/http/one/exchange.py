"""One HTTP request on its way, and what is left of it when nobody waits any more."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

T = TypeVar("T")


@define(eq=False)
class Letter:
    """
    A request; knows whether it has left.

    :ivar octets: head and body.
    :ivar keep: header fields and body of the answer are wanted, and not its status alone.
    :ivar left: it was handed to a connection.
    """

    octets: bytes = field(repr=False)
    keep: bool = False
    left: bool = field(default=False, init=False)


@define(eq=False)
class Exchange(Generic[T]):
    """
    A request and its answer, for somebody who may give up.

    Giving up ends it while the letter is here.  What is on the wire takes its
    connection until it is answered, whoever waits: the result fires only then,
    so that who counts requests in flight counts right, and the connection lives.
    """

    _answer: Deferred[T]
    _letter: Letter
    _watchers: list[Deferred[T]] = field(factory=list, init=False)
    _over: bool = field(default=False, init=False)

    def result(self) -> Deferred[T]:
        """The answer."""
        result: Deferred[T] = self._watch()
        self._answer.addBoth(self._ended)
        return result

    def _watch(self) -> Deferred[T]:
        watcher: Deferred[T] = Deferred(self._give_up)
        self._watchers.append(watcher)
        return watcher.addErrback(self._stay)

    def _give_up(self, _: Deferred[T]) -> None:
        if not self._letter.left:
            self._over = True
            self._answer.cancel()

    def _stay(self, failure: Failure) -> Any:
        if self._over or not failure.check(CancelledError):
            return failure
        return self._watch()

    def _ended(self, result: T | Failure) -> None:
        if self._over:
            return  # given up: nobody is to be told
        self._over = True
        for watcher in self._watchers:
            if not watcher.called:
                watcher.callback(result)  # a Failure fails it
