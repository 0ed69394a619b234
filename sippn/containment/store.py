"""A binding store that does no harm, whatever it does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

from attrs import Factory, define, field
from twisted.internet.defer import CancelledError, Deferred, fail, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure
from zope.interface import implementer

from sippn.binding import AOR, Change, Record
from sippn.containment.bounded import Hung, as_deferred, bounded
from sippn.containment.complaints import Complaints
from sippn.errors import StoreUnavailable
from sippn.interfaces import IBindingStore, Maybe

T = TypeVar("T")

LOOK_UP = 5.0  # seconds that a look-up may take
COMMIT = 10.0  # all that a REGISTER waits for ends before its UA stops listening, at 32 s

_RETRY_AFTER = ("Retry-After", "5")  # seconds

Check = Callable[[Any], bool]


@implementer(IBindingStore)
@define(eq=False, repr=False)
class ContainedStore:
    """
    A store whose every fault is a :class:`StoreUnavailable`: to a REGISTER, a 500.

    A commit that was not answered in time may still be written.  Whoever waits for it is told
    that it is not, and no other is begun before the store has answered: so nothing is said to
    be written that is not, and nothing is written twice.  The UA tries again, and what it
    finds then is what was written.

    What such a commit wrote is told to nobody here, as what another node writes is not.
    """

    _store: IBindingStore
    _clock: IReactorTime
    _late: float | None = field(default=None, init=False)  # since when a commit is unanswered
    _complaints: Complaints = field(
        init=False,
        default=Factory(lambda self: Complaints.about(self._store, self._clock), takes_self=True),
    )

    @property
    def durable(self) -> bool:
        """As the store says."""
        return self._store.durable

    def load(self, aor: AOR) -> Maybe[Record | None]:
        """Read one record.  :raises StoreUnavailable: the store says so, or does not work."""
        try:
            found = self._store.load(aor)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            raise self._broken(error, "load") from None
        if found is None or (type(found) is Record and found.aor == aor):
            return found
        return self._checked(found, "load", lambda one: _is_record(one, aor))

    def find(self, key: bytes) -> Maybe[Sequence[AOR]]:
        """The AORs whose record carries *key*.  :raises StoreUnavailable: as :meth:`load`."""
        try:
            found = self._store.find(key)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            raise self._broken(error, "find") from None
        if type(found) is tuple or type(found) is list:
            for one in found:
                if type(one) is not str:
                    break
            else:
                return found
        return self._checked(found, "find", _are_aors)

    def commit(self, changes: Sequence[Change]) -> Maybe[Sequence[AOR]]:
        """
        Compare and swap.

        :raises StoreUnavailable: nothing is written, or nobody knows whether it is.
        """
        if self._late is not None:
            raise _unavailable()
        try:
            answer = self._store.commit(changes)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            raise self._broken(error, "commit") from None
        if type(answer) is list and not answer:
            return answer

        def are_losers(lost: Any) -> bool:
            return _are_aors(lost) and {c.record.aor for c in changes}.issuperset(lost)

        return self._checked(answer, "commit", are_losers, writes=True)

    def due(self, before: float, limit: int, lease: float) -> Deferred[Sequence[Record]]:
        """Claim what is due.  :raises StoreUnavailable: as :meth:`load`."""
        return self._asked("due", _are_records, before, limit, lease)

    def scan(self, after: AOR, limit: int) -> Deferred[Sequence[Record]]:
        """The next *limit* records.  :raises StoreUnavailable: as :meth:`load`."""
        return self._asked("scan", _are_records, after, limit)

    def watch(self, changed: Callable[[Sequence[AOR]], None]) -> None:
        """As the store does."""
        try:
            self._store.watch(changed)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            self._complaints.broke("watch", error)

    def _asked(self, on: str, good: Check, *arguments: object) -> Deferred[Any]:
        try:
            answer = getattr(self._store, on)(*arguments)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            return fail(self._broken(error, on))
        return maybeDeferred(self._checked, answer, on, good)

    def _checked(self, answer: Maybe[T], on: str, good: Check, *, writes: bool = False) -> Maybe[T]:
        """*answer*, if it is *good*, or else StoreUnavailable; a Deferred, if it is to come."""
        if not isinstance(answer, Awaitable):
            return self._good(answer, on, good)
        asked = as_deferred(answer)
        seconds = COMMIT if writes else LOOK_UP
        result = bounded(asked, seconds, self._clock, withdrawn=not writes)
        result = result.addCallbacks(
            self._good, self._failed, callbackArgs=(on, good), errbackArgs=(on, seconds, writes)
        )
        if writes:
            asked.addBoth(self._answered_late)
        return result

    def _good(self, answer: T, on: str, good: Check) -> T:
        if good(answer):
            return answer
        self._complaints.nonsense(on, answer)
        raise _unavailable()

    def _failed(self, failure: Failure, on: str, seconds: float, writes: bool) -> Failure:
        error = failure.value
        if isinstance(error, StoreUnavailable):
            return failure
        if isinstance(error, Hung):
            self._complaints.hung(on, seconds)
            if writes:
                self._late = self._clock.seconds() - seconds
        elif not isinstance(error, CancelledError):
            self._complaints.broke(on, error)
        return Failure(_unavailable())

    def _answered_late(self, _: object) -> None:
        if self._late is not None:
            took = self._clock.seconds() - self._late
            self._late = None
            self._complaints.tell(f"answered a commit after {took:.1f} s: others are begun again")

    def _broken(self, error: Exception, on: str) -> StoreUnavailable:
        if isinstance(error, StoreUnavailable):
            return error
        self._complaints.broke(on, error)
        return _unavailable()


def _unavailable() -> StoreUnavailable:
    return StoreUnavailable("Registrations Are Out Of Reach", [_RETRY_AFTER])


def _is_record(found: object, aor: AOR) -> bool:
    return found is None or (isinstance(found, Record) and found.aor == aor)


def _are_aors(found: object) -> bool:
    return _are_all(found, str)


def _are_records(found: object) -> bool:
    return _are_all(found, Record)


def _are_all(found: Any, kind: type) -> bool:
    if type(found) is not tuple and type(found) is not list and not _is_list(found):
        return False
    for one in found:  # noqa: SIM110 - a generator costs more than all else here
        if not isinstance(one, kind):
            return False
    return True


def _is_list(found: object) -> bool:
    return isinstance(found, Collection) and not isinstance(found, str | bytes | Mapping)
