"""Pushes through Apple's push notification service."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final

from attrs import define, evolve, field
from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure
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
from sippn.dialect.names import APNS
from sippn.http import Answer, Ask, NoAnswer
from sippn.interfaces import IPushLanes, IPushProvider, Surroundings
from sippn.providers.apns.access import Access, Server, apps_of
from sippn.providers.apns.answers import OTHER_ENVIRONMENT, TOKEN_REFUSED, Reply
from sippn.providers.apns.environments import Environments
from sippn.providers.apns.push import LARGEST, App, is_token, push_id, style_of
from sippn.providers.apns.settings import APNsSettings
from sippn.providers.verdicts import outcome_of_no_answer
from sippn.value import value_class

ANSWER_TIME: Final = 5.0
"""Seconds for one request, connecting included (RELIABILITY T9)."""

LATE: Final = PushOutcome(Verdict.FAILED, detail="deadline passed", unsent=True)
NO_TIME: Final = PushOutcome(Verdict.FAILED, detail="deadline passed")
NO_APP: Final = PushOutcome(
    Verdict.REFUSED, detail="no app", advice="its bundle id is in no apps of apns: add it there"
)
NO_TOKEN: Final = PushOutcome(
    Verdict.REFUSED,
    detail="no token for a push of this kind",
    advice="the UA registered no token, or none that can be Apple's, for such a push",
)
TOO_LARGE: Final = PushOutcome(
    Verdict.REFUSED,
    detail="payload too large",
    advice="shorten payload in apps: it may have 4096 octets, that of a call to a voip token 5120",
)


@value_class
class Asking:
    """
    One push: what is asked, and whom.

    :ivar until: of the clock, seconds.
    :ivar sandbox: which of Apple's environments is asked.
    :ivar authorization: empty: it is the connection's certificate.
    """

    job: PushJob
    access: Access
    path: bytes = field(repr=False)
    fields: tuple[tuple[bytes, bytes], ...] = field(repr=False)
    body: bytes = field(repr=False)
    until: float
    sandbox: bool
    authorization: bytes = field(repr=False)


@implementer(IPushProvider, IPushLanes)
@define(eq=False, slots=False)
class APNs(Service):
    """
    Asks for a push by one request over HTTP/2.

    It asks a second time only where Apple takes our token no more, and where the device token
    may be of Apple's other environment; :class:`sippn.push.Retrying` does the rest.

    :ivar _apps: by bundle id.
    :ivar _servers: all that are asked, to be closed.
    """

    capabilities: ClassVar[Sequence[Capability]] = (Capability(APNS),)

    _apps: Mapping[str, tuple[App, Access]] = field(repr=False)
    _servers: Sequence[Server] = field(repr=False)
    _clock: IReactorTime = field(repr=False)
    _wall: Callable[[], float] = field(repr=False)
    _environments: Environments = field(factory=Environments, init=False, repr=False)

    @classmethod
    def build(cls, settings: APNsSettings, surroundings: Surroundings) -> APNs:
        """
        Make one; nothing is connected before the first push.

        :raises ConfigErrors: all keys and certificates that cannot be used.
        """
        apps, servers = apps_of(settings, surroundings)
        return cls(apps, servers, surroundings.clock, surroundings.wall)

    def can_push(self, target: PushTarget, kind: PushKind) -> bool:
        """Whether *target* is of an app that is configured, and has what can be a token."""
        found = service_for(target, kind)
        return (
            target.provider == APNS
            and target.prid != ""
            and (target.app or target.param) in self._apps
            and found is not None
            and is_token(found[1])
        )

    def lane_of(self, target: PushTarget) -> str:
        """The app, and the sandbox apart: the two environments fail by themselves."""
        name = target.app or target.param
        found = self._apps.get(name)
        if found is None:
            return ""
        return f"{name} sandbox" if self._is_sandbox(found[1], target) else name

    def request_push(self, job: PushJob) -> Deferred[PushOutcome]:
        """
        Ask for *job*.

        Cancelling drops it where it has not left, and else resets its stream.
        """
        asking = self._asking(job)
        if isinstance(asking, PushOutcome):
            return succeed(asking)
        asked: Deferred[Any] = self._ask(asking)
        return asked.addCallbacks(self._answered, _unanswered, (asking,))

    def stopService(self) -> Deferred[None]:
        """Cut every connection; what is in flight has FAILED."""
        super().stopService()
        return DeferredList([each.close() for each in self._servers]).addCallback(lambda _: None)

    def _asking(self, job: PushJob) -> Asking | PushOutcome:
        target, now = job.target, self._clock.seconds()
        left = job.deadline - now
        if left <= 0:
            return LATE
        found = self._apps.get(target.app or target.param)
        if found is None:
            return NO_APP
        app, access = found
        service = service_for(target, job.kind)
        if service is None or not is_token(service[1]):
            return NO_TOKEN
        style = style_of(job)
        body = app.body(job, style, left)
        if len(body) > LARGEST[style]:
            return TOO_LARGE
        life = job.life(now)
        expires_at = int(self._wall() + life) if life >= 1 else 0
        path = f"/3/device/{service[1]}".encode("ascii")
        fields = app.fields(job, style, expires_at)
        token, sandbox = access.token, self._is_sandbox(access, target)
        authorization = b"" if token is None else token.authorization()
        return Asking(job, access, path, fields, body, job.deadline, sandbox, authorization)

    def _is_sandbox(self, access: Access, target: PushTarget) -> bool:
        return self._environments.sandbox(target) if access.sandbox is None else access.sandbox

    def _ask(self, asking: Asking) -> Deferred[Answer]:
        left = min(ANSWER_TIME, asking.until - self._clock.seconds())
        fields = asking.fields
        if asking.authorization:
            fields = (*fields, (b"authorization", asking.authorization))
        ask = Ask(b"POST", asking.path, fields, asking.body)
        return asking.access.server(asking.sandbox).ask(ask, left)

    def _answered(self, answer: Answer, asking: Asking) -> PushOutcome | Deferred[PushOutcome]:
        reply = Reply.of(answer)
        if reply.reason in TOKEN_REFUSED or self._may_be_elsewhere(reply, asking):
            return Deferred.fromCoroutine(self._ask_anew(reply, asking))
        return self._outcome(reply, asking)

    async def _ask_anew(self, first: Reply, asking: Asking) -> PushOutcome:
        """Give a push its second chances; no coroutine where it needs none."""
        reply = await self._renewed(first, asking)
        if not isinstance(reply, Reply) or not self._may_be_elsewhere(reply, asking):
            return self._outcome(reply, asking)
        there = evolve(asking, sandbox=not asking.sandbox)
        other = await self._again(there)
        if isinstance(other, Reply):
            other = await self._renewed(other, there)
        if isinstance(other, Reply) and other.reason in OTHER_ENVIRONMENT:
            return self._outcome(reply, asking)
        if isinstance(other, PushOutcome) and other.unsent:
            return _without_the_other(self._outcome(reply, asking), sandbox=asking.sandbox)
        outcome = self._outcome(other, asking)
        if outcome.verdict is Verdict.ACCEPTED:
            self._environments.learn(asking.job.target, sandbox=there.sandbox)
        return outcome

    async def _renewed(self, reply: Reply, asking: Asking) -> Reply | PushOutcome:
        """*reply*; where our token is why it refuses, what it says to a new one."""
        token = asking.access.token
        if token is None or reply.reason not in TOKEN_REFUSED:
            return reply
        newer = token.replacing(asking.authorization)
        return reply if newer is None else await self._again(evolve(asking, authorization=newer))

    async def _again(self, asking: Asking) -> Reply | PushOutcome:
        if asking.until <= self._clock.seconds():
            return NO_TIME
        try:
            return Reply.of(await self._ask(asking))
        except NoAnswer as error:
            return outcome_of_no_answer(error)

    def _may_be_elsewhere(self, reply: Reply, asking: Asking) -> bool:
        access = asking.access
        return (
            reply.reason in OTHER_ENVIRONMENT
            and access.sandbox is None
            and not access.one_environment
        )

    def _outcome(self, reply: Reply | PushOutcome, asking: Asking) -> PushOutcome:
        if isinstance(reply, PushOutcome):
            return reply
        return reply.outcome(push_id(asking.job), self._wall)


def _without_the_other(first: PushOutcome, *, sandbox: bool) -> PushOutcome:
    """
    What *first* comes to where the environment that may take the push cannot be asked.

    Not DEAD, as nobody knows; not FAILED, as that would be said of the environment which
    answers well, and is shared with all the UAs that are of it.
    """
    here, there = ("the sandbox", "production") if sandbox else ("production", "the sandbox")
    advice = (
        f"{here} does not take the token, or our key, and {there} did not answer: "
        f"set sandbox = {str(sandbox).lower()}, or open the way there"
    )
    return PushOutcome(Verdict.BUSY, first.pns_id, first.detail, advice=advice)


def _unanswered(failure: Failure) -> PushOutcome | Failure:
    error = failure.value
    return outcome_of_no_answer(error) if isinstance(error, NoAnswer) else failure
