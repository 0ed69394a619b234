"""A notebook that does no harm, whatever it does."""

from __future__ import annotations

from attrs import Factory, define, field
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure
from zope.interface import implementer

from sippn.containment.bounded import Hung, bounded
from sippn.containment.complaints import Complaints
from sippn.errors import StoreUnavailable
from sippn.interfaces import INotebook

PATIENCE = 5.0  # seconds: also a server that stops waits for its last note


@implementer(INotebook)
@define(eq=False, repr=False)
class ContainedNotebook:
    """A notebook whose every fault is a :class:`StoreUnavailable`."""

    _notebook: INotebook
    _clock: IReactorTime
    _complaints: Complaints = field(
        init=False,
        default=Factory(
            lambda self: Complaints.about(self._notebook, self._clock), takes_self=True
        ),
    )

    def note(self, name: str) -> str | None:
        """What was noted last under *name*.  :raises StoreUnavailable: can't say."""
        try:
            text = self._notebook.note(name)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            self._complaints.broke("note", error)
            raise StoreUnavailable from None
        if text is None or isinstance(text, str):
            return text
        self._complaints.nonsense("note", text)
        raise StoreUnavailable

    def keep_note(self, name: str, text: str) -> Deferred[None]:
        """Note *text*.  :raises StoreUnavailable: it is not noted, or nobody knows."""
        kept: Deferred[None] = maybeDeferred(self._notebook.keep_note, name, text)
        return bounded(kept, PATIENCE, self._clock).addErrback(self._not_kept)

    def _not_kept(self, failure: Failure) -> Failure:
        if failure.check(StoreUnavailable):
            return failure
        if failure.check(Hung):
            self._complaints.hung("keep_note", PATIENCE)
        else:
            self._complaints.broke("keep_note", failure.value)
        return Failure(StoreUnavailable())
