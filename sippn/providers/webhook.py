"""Pushes through an HTTP gateway of the operator's own (DESIGN section 5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import define, evolve, field
from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure
from twisted.web.client import URI
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
from sippn.errors import ConfigErrors
from sippn.http.one.answer import AnswerReader
from sippn.http.one.exchange import Exchange, Letter
from sippn.http.one.gateway import Gateway, gateway_to
from sippn.interfaces import IPushProvider, Surroundings
from sippn.providers.served import capabilities_of, is_served
from sippn.providers.settings import trust_in
from sippn.providers.verdicts import no_answer, outcome_of_no_answer
from sippn.providers.webhook_contracts import CONTRACTS, Contract
from sippn.providers.webhook_letters import Letters
from sippn.providers.webhook_overheard import Onlooker, answer_in
from sippn.providers.webhook_settings import WebhookSettings

ANSWER_TIME = 5.0
"""Seconds for a whole exchange, connecting and reading included (RELIABILITY T9)."""

LATE = PushOutcome(Verdict.FAILED, detail="deadline passed", unsent=True)
STOPPED = PushOutcome(Verdict.FAILED, detail="stopped", unsent=True)
NO_TOKEN = PushOutcome(Verdict.REFUSED, detail="no token for a push of this kind")
NOT_TAKEN = PushOutcome(Verdict.REFUSED, detail="the gateway knows no push of this kind")


@implementer(IPushProvider)
@define(eq=False, slots=False)
class Webhook(Service):
    """
    POSTs one JSON object per push.

    It follows no redirect and no proxy of the environment, verifies TLS, and
    decompresses nothing: of an answer it reads what the gateway's contract says.
    It asks once; :class:`sippn.push.Retrying` asks again.

    :ivar _wall: for a Retry-After that is a date.
    """

    _settings: WebhookSettings
    _contract: Contract
    _clock: IReactorTime
    _wall: Callable[[], float]
    _gateway: Gateway
    _letters: Letters
    _onlooker: Onlooker | None
    _exchanges: set[Deferred[PushOutcome]] = field(factory=set, init=False)
    _stopped: bool = field(default=False, init=False)

    @classmethod
    def build(cls, settings: WebhookSettings, surroundings: Surroundings) -> Webhook:
        """
        Make one; nothing is connected before the first push.

        :raises ConfigErrors: *ca_file* or the host of *url* cannot be used.
        """
        reactor, url = surroundings.reactor, URI.fromBytes(settings.url.encode("ascii"))
        trust = trust_in(settings.ca_file)
        try:
            gateway = gateway_to(reactor, surroundings.clock, url, ANSWER_TIME, trust)
        except UnicodeError:
            raise ConfigErrors(
                [("url", "has a host name that is no punycode: write it in ASCII")]
            ) from None
        contract, overheard = CONTRACTS[settings.preset], surroundings.overhear is not None
        return cls(
            settings=settings,
            contract=contract,
            clock=surroundings.clock,
            wall=surroundings.wall,
            gateway=gateway,
            letters=Letters.of(settings, surroundings.wall, keep=contract.reads or overheard),
            onlooker=_onlooker(url, surroundings),
        )

    @property
    def capabilities(self) -> Sequence[Capability]:
        """The PNS it serves; those that its gateway reaches where it serves any."""
        if self._settings.pn_provider is None:
            return tuple(map(Capability, self._contract.reaches))
        return capabilities_of(self._settings.pn_provider)

    def can_push(self, target: PushTarget, kind: PushKind) -> bool:
        """Whether it serves *target*'s PNS, and its gateway has a word for *kind*."""
        return is_served(self._settings.pn_provider, target) and self._contract.takes(target, kind)

    def request_push(self, job: PushJob) -> Deferred[PushOutcome]:
        """
        POST *job*.

        Cancelling drops it while no connection has it.  Later it finishes
        unseen, and the result fires only then: until then it is in flight.
        """
        if self._stopped:
            return succeed(STOPPED)
        left = job.deadline - self._clock.seconds()
        if left <= 0:
            return succeed(LATE)
        found = service_for(job.target, job.kind)
        if found is None:
            return succeed(NO_TOKEN)
        if not self._contract.takes(job.target, job.kind):
            return succeed(NOT_TAKEN)
        return self._post(self._contract.write(job, *found, left), left)

    def stopService(self) -> Deferred[None]:
        """Cut every connection; what is in flight has FAILED, and what is asked later will."""
        super().stopService()
        self._stopped = True
        for exchange in tuple(self._exchanges):
            exchange.cancel()
        return self._gateway.connections.cut()

    def _post(self, body: bytes, left: float) -> Deferred[PushOutcome]:
        letter = self._letters.letter(body)
        asked = self._gateway.ask(letter)
        if self._onlooker is not None:
            self._onlooker.watch(asked, letter)
        exchange = asked.addCallbacks(self._answered, _unanswered, errbackArgs=(letter,))
        alarm = self._clock.callLater(min(ANSWER_TIME, left), exchange.cancel)
        self._exchanges.add(exchange)
        exchange.addCallback(self._ended, exchange, alarm)
        return Exchange(exchange, letter).result()

    def _ended(
        self, outcome: PushOutcome, exchange: Deferred[PushOutcome], alarm: IDelayedCall
    ) -> PushOutcome:
        self._exchanges.discard(exchange)
        if alarm.active():
            alarm.cancel()
        elif outcome.verdict is Verdict.FAILED:
            # an answer whose body did not end in time is an answer, and not this
            return evolve(outcome, detail="timed out")
        return outcome

    def _answered(self, answer: AnswerReader) -> PushOutcome:
        return self._contract.outcome(answer_in(answer), self._wall())


def _unanswered(failure: Failure, letter: Letter) -> PushOutcome:
    return outcome_of_no_answer(no_answer(failure, left=letter.left))


def _onlooker(url: URI, surroundings: Surroundings) -> Onlooker | None:
    if surroundings.overhear is None:
        return None
    origin = f"{url.scheme.decode('ascii')}://{url.netloc.decode('ascii')}"
    return Onlooker(origin, surroundings.clock, surroundings.overhear)
