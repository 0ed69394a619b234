"""One HTTP request on its way, and what is left of it when nobody waits any more."""

from __future__ import annotations

from typing import Generic, TypeVar, cast

from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.interfaces import IConsumer, IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

T = TypeVar("T")


@implementer(IBodyProducer)
@define(eq=False)
class Letter:
    """
    The body of a request; knows whether it has left.

    :ivar left: it was handed to a connection.
    """

    _octets: bytes = field(repr=False)
    left: bool = field(default=False, init=False)

    @property
    def length(self) -> int:
        """For Content-Length."""
        return len(self._octets)

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        """The head is written; this follows."""
        self.left = True
        consumer.write(self._octets)
        return succeed(None)

    def pauseProducing(self) -> None:
        """It is all written already."""

    def resumeProducing(self) -> None:
        """It is all written already."""

    def stopProducing(self) -> None:
        """It is all written already."""


class Remainder(Protocol):
    """
    Discards the body of a response: its connection is of use only when it is read.

    :ivar over: fires when the body has ended or its connection has; cancelling
        it cuts the connection.
    """

    def __init__(self) -> None:
        self.over: Deferred[None] = Deferred(lambda _: self._cut())

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: ARG002 - Twisted's
        """The body is over, one way or another: the status has said all."""
        if not self.over.called:
            self.over.callback(None)

    def _cut(self) -> None:
        cast("IPushProducer", self.transport).stopProducing()


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
        result = self._watch()
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

    def _stay(self, failure: Failure) -> Deferred[T]:
        if self._over or not failure.check(CancelledError):
            failure.raiseException()
        return self._watch()

    def _ended(self, result: T | Failure) -> None:
        if self._over:
            return  # given up: nobody is to be told
        self._over = True
        for watcher in self._watchers:
            if not watcher.called:
                watcher.callback(result)  # a Failure fails it
