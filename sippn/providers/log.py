"""A provider that logs instead of pushing: for a first try, and for tests by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from attrs import define
from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from zope.interface import implementer

from sippn.binding import Capability, PushJob, PushKind, PushOutcome, PushTarget, Verdict
from sippn.interfaces import IPushProvider
from sippn.providers.fitness import fit_for
from sippn.providers.settings import LogSettings


@implementer(IPushProvider)
@define(eq=False)
class LogProvider:
    """Takes every push and tells the log; whoever reads it wakes the UA by hand."""

    _settings: LogSettings
    _log: ClassVar[Logger] = Logger()

    @property
    def capabilities(self) -> Sequence[Capability]:
        """The PNS it plays; none where it plays any, as there is no list of them."""
        name = self._settings.pn_provider
        return () if name is None else (Capability(name),)

    def can_push(self, target: PushTarget, kind: PushKind) -> bool:
        """Whether it plays *target*'s PNS, and that could."""
        played = self._settings.pn_provider in (None, target.provider)
        return played and bool(target.prid) and fit_for(target, kind)

    def request_push(self, job: PushJob) -> Deferred[PushOutcome]:
        """Log *job*, without its PRID, and say that it is on its way."""
        self._log.info(
            "would push kind={kind} aor={aor} job {id}", kind=job.kind.value, aor=job.aor, id=job.id
        )
        return succeed(PushOutcome(Verdict.ACCEPTED))
