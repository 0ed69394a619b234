"""How a plugin that is a service starts and stops with the server."""

from __future__ import annotations

from attrs import Factory, define, field
from twisted.application.service import IService, Service
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from sippn.containment.bounded import Hung, bounded
from sippn.containment.complaints import Complaints
from sippn.errors import ConfigErrors

PATIENCE = 4.0  # seconds: a server that is told to stop is gone within five (RELIABILITY D6)


@define(eq=False, repr=False)
class ContainedService(Service):
    """
    A plugin's service, which keeps no server from stopping.

    One that cannot start does keep it from starting, and the log says which.
    """

    _service: IService
    _clock: IReactorTime
    _complaints: Complaints = field(
        init=False,
        default=Factory(lambda self: Complaints.about(self._service, self._clock), takes_self=True),
    )

    def privilegedStartService(self) -> None:
        """As the service."""
        super().privilegedStartService()
        self._service.privilegedStartService()

    def startService(self) -> None:
        """
        Start it.

        :raises Exception: whatever it raises.
        """
        try:
            self._service.startService()
        except ConfigErrors:
            raise
        except Exception as error:
            self._complaints.broke("startService", error)
            raise
        super().startService()

    def stopService(self) -> Deferred[None]:
        """Stop it; it is left behind if it breaks, or does not end: it may yet do so by itself."""
        super().stopService()
        stopping: Deferred[None] = maybeDeferred(self._service.stopService)
        ended = bounded(stopping, PATIENCE, self._clock, withdrawn=False)
        return ended.addErrback(self._told)

    def _told(self, failure: Failure) -> None:
        if failure.check(Hung):
            self._complaints.hung("stopService", PATIENCE)
        else:
            self._complaints.broke("stopService", failure.value)
