"""Group commit: the cost of a store is the flush, so one flush takes all that waits for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TypeVar

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from sippn.binding import AOR, Decision
from sippn.interfaces import IBindingStore, settled
from sippn.location.update import Update

T = TypeVar("T")


@define(eq=False, repr=False)
class GroupCommit:
    """
    One commit in flight; what queues meanwhile goes together in the next.

    Where a store takes its time, a commit begins in the next turn of the reactor, with all
    that comes in this one: or else the first of a crowd would go alone, and the others wait.

    :ivar _settled: is told of each update whether it was written; False: another node was
        faster, nothing is.  Whoever waits for it is called back in there.
    :ivar _failed: is told of each update of a batch of which nothing is written, and why.
    :ivar _announce: gets what a batch wrote, once its authors have been called back.
    :ivar _in_flight: a batch is with the store, or about to be.
    :ivar _draining: batches are being handed over: a store that answers at once nests nothing.
    :ivar _slow: the store did not answer the last batch at once.
    """

    _store: IBindingStore
    _clock: IReactorTime
    _settled: Callable[[Update, bool], None]
    _failed: Callable[[Update, Failure], None]
    _announce: Callable[[Sequence[tuple[AOR, Decision]]], None]
    _queued: list[Update] = field(factory=list, init=False)
    _in_flight: bool = field(default=False, init=False)
    _draining: bool = field(default=False, init=False)
    _slow: bool = field(default=False, init=False)

    def commit(self, update: Update) -> None:
        """Write the change of *update*.  There is one of an AOR at a time."""
        self._queued.append(update)
        if not self._in_flight:
            self._begin()

    def _begin(self) -> None:
        if self._slow:
            self._in_flight = True
            self._clock.callLater(0, self._begin_now)
        else:
            self._drain()

    def _begin_now(self) -> None:
        self._in_flight = False
        self._drain()

    def _drain(self) -> None:
        self._draining = True
        while self._queued and not self._in_flight:
            batch, self._queued = self._queued, []
            self._in_flight = True
            self._hand_over(batch)
        self._draining = False

    def _hand_over(self, batch: Sequence[Update]) -> None:
        try:
            answer = self._store.commit([update.change for update in batch])
        except Exception:  # noqa: BLE001 - whatever a store raises, its authors must hear
            self._refused(Failure(), batch)
            return
        if not isinstance(answer, Awaitable):
            self._answered(answer, batch)
            return
        answered = later(answer)
        answered.addCallbacks(
            self._answered, self._refused, callbackArgs=(batch,), errbackArgs=(batch,)
        )
        self._slow = not answered.called

    def _answered(self, lost: Collection[AOR], batch: Sequence[Update]) -> None:
        written: list[tuple[AOR, Decision]] = []
        for update in batch:
            won = update.aor not in lost
            if won:
                written.append((update.aor, update.decision))
            self._settled(update, won)
        self._announce(written)
        self._go_on()

    def _refused(self, failure: Failure, batch: Sequence[Update]) -> None:
        for update in batch:
            self._failed(update, failure)
        self._go_on()

    def _go_on(self) -> None:
        self._in_flight = False
        if self._queued and not self._draining:
            self._begin()


def later(answer: Awaitable[T]) -> Deferred[T]:
    """*answer*, of a store that did not give it at once."""
    return answer if isinstance(answer, Deferred) else Deferred.fromCoroutine(settled(answer))
