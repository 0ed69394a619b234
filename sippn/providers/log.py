"""A provider that logs instead of pushing: for a first try, and for tests by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from attrs import define, frozen
from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from zope.interface import implementer

from sippn.binding import (
    Capability,
    PushJob,
    PushKind,
    PushOutcome,
    PushTarget,
    Verdict,
    service_for,
)
from sippn.dialect.apns import REMOTE, VOIP
from sippn.interfaces import IPushProvider
from sippn.providers.served import capabilities_of, is_served
from sippn.providers.settings import pn_provider_in
from sippn.providers.table import Table

_SERVICES = frozenset({REMOTE, VOIP})


@frozen
class LogSettings:
    """
    A provider that pushes nothing.

    :ivar pn_provider: the PNS it plays; None: any.
    """

    pn_provider: str | None = None


def log_settings(raw: Mapping[str, object]) -> LogSettings:
    """
    Check the table of a log provider.

    :raises ConfigErrors: everything that is wrong with it.
    """
    table = Table(raw)
    table.refuse_unknown(("pn_provider",))
    pn_provider = pn_provider_in(table)
    table.finish()
    return LogSettings(pn_provider)


@implementer(IPushProvider)
@define(eq=False)
class LogProvider:
    """Takes every push and tells the log; whoever reads it wakes the UA by hand."""

    _settings: LogSettings
    _log: ClassVar[Logger] = Logger()

    @property
    def capabilities(self) -> Sequence[Capability]:
        """The PNS it plays; none where it plays any, as there is no list of them."""
        return capabilities_of(self._settings.pn_provider)

    def can_push(
        self,
        target: PushTarget,
        kind: PushKind,  # noqa: ARG002 - the dispatcher knows which token is for what
    ) -> bool:
        """Whether it plays *target*'s PNS."""
        return is_served(self._settings.pn_provider, target)

    def request_push(self, job: PushJob) -> Deferred[PushOutcome]:
        """Log *job*, without PRID and token, and say that it is on its way."""
        self._log.info(
            "would push kind={kind}{which} aor={aor} job {id}",
            kind=job.kind.value,
            which=_which(job),
            aor=job.aor,
            id=job.id,
        )
        return succeed(PushOutcome(Verdict.ACCEPTED))


def _which(job: PushJob) -> str:
    """Which app of the UA's, and which of its tokens, where the PNS can tell them apart."""
    found = service_for(job.target, job.kind)
    # a UA chooses the words: one that nobody knows may be a part of a token, or have a line end
    service = f" service={found[0]}" if found and found[0] in _SERVICES else ""
    return f"{service} app={job.target.app!r}" if job.target.app else service
