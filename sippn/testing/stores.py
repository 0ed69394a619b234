"""A binding store whose commits are answered by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import define, field
from twisted.internet.defer import Deferred

from sippn.binding import AOR, Change, Record
from sippn.interfaces import Maybe, settled
from sippn.storage.memory import MemoryStore
from sippn.testing.results import succeeded


@define(eq=False, repr=False)
class HandStore(MemoryStore):
    """
    A memory store that takes its time, loses races and is down, when it is told to.

    :ivar batches: each commit that was asked for, with the Deferred that answers it.
    :ivar reading: makes the result of a load out of its value: a value, a Deferred, a
        coroutine, or a failure.
    """

    batches: list[tuple[Sequence[Change], Deferred[Sequence[AOR]]]] = field(factory=list)
    reading: Callable[[Record | None], Maybe[Record | None]] = field(default=lambda r: r)

    def load(self, aor: AOR) -> Maybe[Record | None]:  # type: ignore[override]  # it may wait
        """What is stored, as :attr:`reading` gives it."""
        return self.reading(super().load(aor))

    def commit(self, changes: Sequence[Change]) -> Deferred[Sequence[AOR]]:
        """Wait for :meth:`answer` or :meth:`refuse`."""
        self.batches.append((changes, Deferred()))
        return self.batches[-1][1]

    def answer(self) -> None:
        """Compare and swap the batch in flight, and say so."""
        changes, answered = self.batches[-1]
        answered.callback(self._swapped(changes))

    def refuse(self, error: Exception) -> None:
        """Fail the batch in flight."""
        self.batches[-1][1].errback(error)

    def overwrite(self, record: Record) -> None:
        """Write *record* as another node would."""
        stored = super().load(record.aor)
        assert self._swapped([Change(record, stored.version if stored else 0)]) == []

    def stored(self, aor: AOR) -> Record:
        """What is written of *aor*, which must be something."""
        record = super().load(aor)
        assert record is not None
        return record

    @property
    def asked(self) -> list[list[AOR]]:
        """The AORs of each batch."""
        return [[change.record.aor for change in changes] for changes, _ in self.batches]

    def _swapped(self, changes: Sequence[Change]) -> Sequence[AOR]:
        return succeeded(Deferred.fromCoroutine(settled(super().commit(changes))))
