"""Web Push (RFC 8030): each UA brings the URL that it is pushed at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from attrs import define, evolve, field
from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from sippn.binding import Capability, PushJob, PushKind, PushOutcome, PushTarget, Verdict
from sippn.dialect.names import WEBPUSH
from sippn.http import Answer, NoAnswer
from sippn.http.origin import Origin, Way
from sippn.http.public import Lookups, PublicEndpoint
from sippn.interfaces import IPushLanes, IPushProvider, Surroundings
from sippn.providers.keys import ec_key
from sippn.providers.settings import trust_in
from sippn.providers.verdicts import outcome_of_no_answer
from sippn.providers.webpush.addresses import Allowed, PushAddress, address_of
from sippn.providers.webpush.answers import NOT_AUTHORIZED, outcome_of_answer
from sippn.providers.webpush.messages import Body, Writer
from sippn.providers.webpush.origins import Crowded, Origins
from sippn.providers.webpush.settings import WebPushSettings
from sippn.providers.webpush.vapid import Vapid

ANSWER_TIME: Final = 5.0
"""Seconds for a whole request, connecting included (RELIABILITY T8)."""

LATE: Final = PushOutcome(Verdict.FAILED, detail="deadline passed", unsent=True)
CROWDED: Final = PushOutcome(
    Verdict.BUSY,
    detail="too many push services at a time",
    retry_after=1.0,
    advice="subscriptions name more push services than there are in the world: see who registers "
    "them, and name the push services in allow_hosts",
)
NOT_ALLOWED: Final = PushOutcome(
    Verdict.REFUSED,
    detail="not an https URL of allow_hosts",
    advice="the subscription leads to a host that allow_hosts does not have: add it, if it is a "
    "push service",
)


@implementer(IPushProvider, IPushLanes)
@define(eq=False, slots=False)
class WebPush(Service):
    """
    Asks the push service of each UA's own to push it.

    The URL is the UA's: it is looked at before anything else is done with it, and what it leads
    to is connected to only where that is a public address.

    :ivar _gateway: host and port that all pushes go to, whatever their URL says; None: none.
    """

    _allowed: Sequence[Allowed]
    _vapid: Vapid
    _writer: Writer
    _origins: Origins
    _clock: IReactorTime
    _wall: Callable[[], float]
    _gateway: tuple[str, int] | None = None
    capabilities: Sequence[Capability] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.capabilities = (Capability(WEBPUSH, self._vapid.public_key),)

    @classmethod
    def build(cls, settings: WebPushSettings, surroundings: Surroundings) -> WebPush:
        """
        Make one; nothing is connected before the first push.

        :raises ConfigErrors: a file of *settings* cannot be used.
        """
        key = ec_key(settings.vapid_key_file, "vapid_key_file")
        gateway = settings.endpoint
        return cls(
            allowed=settings.allow_hosts,
            vapid=Vapid(key, settings.contact, surroundings.wall),
            writer=Writer(settings.payload, surroundings.entropy),
            origins=Origins(_origins(settings, surroundings)),
            clock=surroundings.clock,
            wall=surroundings.wall,
            gateway=None if gateway is None else (gateway.host, gateway.port),
        )

    def can_push(
        self,
        target: PushTarget,
        kind: PushKind,  # noqa: ARG002 - one subscription is good for all kinds
    ) -> bool:
        """Whether its PRID is the URL of a push service that is allowed."""
        return target.provider == WEBPUSH and self._address(target) is not None

    def lane_of(self, target: PushTarget) -> str:
        """The host of its push service: each fails by itself."""
        address = address_of(target.prid)
        return "" if address is None else address.authority

    def request_push(self, job: PushJob) -> Deferred[PushOutcome]:
        """
        POST *job*; a push service that does not take our token gets a new one, once.

        Cancelling drops it where it has not left, and else ends it.
        """
        if job.deadline <= self._clock.seconds():
            return succeed(LATE)
        address = self._address(job.target)
        if address is None:
            return succeed(NOT_ALLOWED)
        return Deferred.fromCoroutine(self._push(job, address))

    def stopService(self) -> Deferred[None]:
        """Cut every connection; what is in flight has FAILED."""
        super().stopService()
        return self._origins.close()

    def _address(self, target: PushTarget) -> PushAddress | None:
        address = address_of(target.prid)
        if address is None or not any(one.has(address) for one in self._allowed):
            return None
        return address

    async def _push(self, job: PushJob, address: PushAddress) -> PushOutcome:
        body = self._writer.body(job, job.deadline - self._clock.seconds())
        try:
            outcome = await self._posted(job, address, body)
        except NoAnswer as error:
            outcome = outcome_of_no_answer(error)
        except Crowded:
            outcome = CROWDED
        said = [each for each in (outcome.advice, body.remark) if each]
        return evolve(outcome, advice="; ".join(said))

    async def _posted(self, job: PushJob, address: PushAddress, body: Body) -> PushOutcome:
        token = self._vapid.authorization(address.origin)
        answer = await self._post(job, address, token, body)
        if answer.status in NOT_AUTHORIZED and self._left(job) > 0:
            newer = self._vapid.another(address.origin, token)
            if newer is not None:
                answer = await self._post(job, address, newer, body)
        return outcome_of_answer(answer, self._wall())

    def _post(
        self, job: PushJob, address: PushAddress, token: bytes, body: Body
    ) -> Deferred[Answer]:
        now = self._clock.seconds()
        return self._origins.ask(
            self._gateway or (address.host, address.port),
            self._writer.ask(job, address.path, token, body.octets, now),
            min(ANSWER_TIME, job.deadline - now),
            address.authority.encode("ascii"),
        )

    def _left(self, job: PushJob) -> float:
        return job.deadline - self._clock.seconds()


def _origins(settings: WebPushSettings, surroundings: Surroundings) -> Callable[[str, int], Origin]:
    """How to reach a host: the operator's own gateway, or whatever a UA has named."""
    reactor, clock, trust = surroundings.reactor, surroundings.clock, trust_in(settings.ca_file)
    lookups = Lookups()

    def make(host: str, port: int) -> Origin:
        endpoint = None if settings.endpoint else PublicEndpoint(reactor, host, port, lookups)
        way = Way(host, port, trust=trust)
        return Origin(way, reactor, clock, endpoint, surroundings.overhear)

    return make
