"""Group commit: the cost of a store is the flush, so one flush takes all that waits for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import define, field, frozen
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from sippn.binding import AOR, Change, Decision, Record
from sippn.interfaces import IBindingStore


@frozen(eq=False, repr=False)
class _Queued:
    change: Change
    decision: Decision
    written: Deferred[bool]


@define(eq=False, repr=False)
class GroupCommit:
    """
    One commit in flight; what queues meanwhile goes together in the next.

    :ivar _announce: gets what a batch wrote, once its authors have been called back.
    """

    _store: IBindingStore
    _announce: Callable[[Sequence[tuple[AOR, Decision]]], None]
    _queued: list[_Queued] = field(factory=list, init=False)
    _in_flight: bool = field(default=False, init=False)

    def commit(self, record: Record, decision: Decision, expected: int) -> Deferred[bool]:
        """
        Write *record*, which *decision* made of version *expected*.

        The caller has one commit an AOR at a time.

        :returns: False: another node was faster, nothing is written.
        :raises StoreUnavailable: nothing of the batch is written.
        """
        queued = _Queued(Change(record, expected), decision, Deferred())
        self._queued.append(queued)
        if not self._in_flight:
            self._in_flight = True
            Deferred.fromCoroutine(self._drain())
        return queued.written

    async def _drain(self) -> None:
        while self._queued:
            batch, self._queued = self._queued, []
            try:
                lost = frozenset(await self._store.commit([q.change for q in batch]))
            except Exception:  # noqa: BLE001 - whatever a store raises, its authors must hear
                failure = Failure()
                for queued in batch:
                    queued.written.errback(failure)
            else:
                self._settle(batch, lost)
        self._in_flight = False

    def _settle(self, batch: Sequence[_Queued], lost: frozenset[AOR]) -> None:
        written: list[tuple[AOR, Decision]] = []
        for queued in batch:
            aor = queued.change.record.aor
            if aor not in lost:
                written.append((aor, queued.decision))
            queued.written.callback(aor not in lost)
        self._announce(written)
