"""The one thread that writes to a data base."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeAlias, TypeVar

from attrs import Factory, define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.python.failure import Failure

T = TypeVar("T")
_Job: TypeAlias = tuple[Callable[[], Any], "Deferred[Any]"]


@define(eq=False, repr=False)
class WriterThread:
    """
    Does one thing after the other, away from the reactor.

    It is a daemon: a server that could not start all of its services still ends.
    """

    _reactor: IReactorFromThreads
    _jobs: SimpleQueue[_Job | None] = field(factory=SimpleQueue, init=False)
    _thread: Thread = field(
        init=False,
        default=Factory(
            lambda self: Thread(target=self._work, name="sippn-sqlite", daemon=True),
            takes_self=True,
        ),
    )

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def do(self, job: Callable[[], T]) -> Deferred[T]:
        """Do *job* when all before it is done; the result, in the reactor's thread."""
        done: Deferred[T] = Deferred()
        self._jobs.put((job, done))
        return done

    def stop(self) -> None:
        """End when all is done, and wait for that."""
        self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (next_ := self._jobs.get()) is not None:
            job, done = next_
            try:
                result = job()
            except BaseException:  # noqa: BLE001 - whoever asked must hear
                self._reactor.callFromThread(done.errback, Failure())
            else:
                self._reactor.callFromThread(done.callback, result)
