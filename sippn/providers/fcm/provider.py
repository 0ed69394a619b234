"""Pushes through Firebase Cloud Messaging."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final

from attrs import define, field
from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.defer import TimeoutError as DeferredTimeoutError
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from sippn.binding import Capability, PushJob, PushKind, PushOutcome, PushTarget, Verdict
from sippn.dialect import names
from sippn.http import Ask, NoAnswer
from sippn.interfaces import IPushLanes, IPushProvider, Surroundings
from sippn.providers.fcm.answers import UNAUTHENTICATED, Reply, reply_in
from sippn.providers.fcm.message import message
from sippn.providers.fcm.projects import Project, Projects, projects_of
from sippn.providers.fcm.servers import Server, Servers
from sippn.providers.fcm.settings import FCMSettings
from sippn.providers.verdicts import outcome_of_no_answer

ANSWER_TIME: Final = 5.0
"""Seconds for one message, connecting included (RELIABILITY T9)."""

LONGEST_TOKEN: Final = 4096
"""Octets; Google's have about 160, and no length is promised."""

LATE: Final = PushOutcome(Verdict.FAILED, detail="deadline passed", unsent=True)
NO_PROJECT: Final = PushOutcome(
    Verdict.REFUSED,
    detail="no project",
    advice="its pn-param names no project of fcm: add it to projects, or to the aliases of one",
)


@implementer(IPushProvider, IPushLanes)
@define(eq=False, slots=False)
class FCM(Service):
    """
    Sends a data message per push, over HTTP/2 where the server speaks it.

    It asks once, and a second time only where FCM does not take the access token any more;
    :class:`sippn.push.Retrying` asks again.

    :ivar _wall: for a Retry-After that is a date, and to tell a clock that is off.
    """

    capabilities: ClassVar[Sequence[Capability]] = (Capability(names.FCM),)

    _projects: Projects
    _servers: Servers = field(repr=False)
    _messages: Server = field(repr=False)
    _clock: IReactorTime = field(repr=False)
    _wall: Callable[[], float] = field(repr=False)

    @classmethod
    def build(cls, settings: FCMSettings, surroundings: Surroundings) -> FCM:
        """
        Make one; nothing is connected before the first push.

        :raises ConfigErrors: a *service_account*, or *ca_file*, is of no use.
        """
        servers = Servers.of(settings, surroundings)
        return cls(
            projects=projects_of(settings, servers, surroundings),
            servers=servers,
            messages=servers.messages(),
            clock=surroundings.clock,
            wall=surroundings.wall,
        )

    def can_push(
        self,
        target: PushTarget,
        kind: PushKind,  # noqa: ARG002 - FCM takes them all
    ) -> bool:
        """Whether *target* is of FCM, and of a project that is known or the only one."""
        fit = target.provider == names.FCM and 0 < len(target.prid) <= LONGEST_TOKEN
        return fit and self._projects.of(target) is not None

    def lane_of(self, target: PushTarget) -> str:
        """The project: its quota and its service account are its own."""
        project = self._projects.of(target)
        return "" if project is None else project.name

    def request_push(self, job: PushJob) -> Deferred[PushOutcome]:
        """
        Send *job*.

        Cancelling drops it while it is here; later FCM may have it all the same.
        """
        project = self._projects.of(job.target)
        if project is None:
            return succeed(NO_PROJECT)
        if job.deadline <= self._clock.seconds():
            return succeed(LATE)
        return Deferred.fromCoroutine(self._push(job, project))

    def stopService(self) -> Deferred[Any]:
        """Cut every connection; what is in flight has FAILED."""
        super().stopService()
        self._projects.close()
        return self._servers.close()

    async def _push(self, job: PushJob, project: Project) -> PushOutcome:
        renewed = False
        while True:
            token = await self._token(job, project)
            if isinstance(token, PushOutcome):
                return token
            reply = await self._send(job, project, token)
            if isinstance(reply, PushOutcome):
                return reply
            if renewed or reply.key != UNAUTHENTICATED or not project.access.replace(token):
                return reply.outcome(self._wall())
            renewed = True

    async def _token(self, job: PushJob, project: Project) -> bytes | PushOutcome:
        token = project.access.token()
        if not isinstance(token, Deferred):
            return token
        left = job.deadline - self._clock.seconds()
        try:
            return await token.addTimeout(max(left, 0.0), self._clock)
        except DeferredTimeoutError:
            return LATE

    async def _send(self, job: PushJob, project: Project, token: bytes) -> Reply | PushOutcome:
        now = self._clock.seconds()
        left = job.deadline - now
        if left <= 0:
            return LATE
        fields = (
            (b"authorization", b"Bearer " + token),
            (b"content-type", b"application/json"),
            (b"user-agent", b"sippn"),
        )
        ask = Ask(b"POST", project.path, fields, message(job, project.payload, now))
        try:
            return reply_in(await self._messages.ask(ask, min(ANSWER_TIME, left)))
        except NoAnswer as error:
            return outcome_of_no_answer(error)
