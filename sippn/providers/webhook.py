"""Pushes through an HTTP gateway of the operator's own (DESIGN section 5)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from attrs import define, field
from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
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
from sippn.http.one.gateway import Gateway, gateway_to, trust_root
from sippn.interfaces import IPushProvider, Surroundings
from sippn.providers.served import capabilities_of, is_served
from sippn.providers.settings import WebhookSettings
from sippn.providers.verdicts import outcome_of, outcome_of_failure

ANSWER_TIME = 5.0
"""Seconds for a whole exchange, connecting and reading included (RELIABILITY T9)."""

LATE = PushOutcome(Verdict.FAILED, detail="deadline passed")
_WRITER = json.JSONEncoder(separators=(",", ":"), check_circular=False)
TIMED_OUT = PushOutcome(Verdict.FAILED, detail="timed out")
NO_TOKEN = PushOutcome(Verdict.REFUSED, detail="no token for a push of this kind")


@implementer(IPushProvider)
@define(eq=False, slots=False)
class Webhook(Service):
    """
    POSTs one JSON object per push.

    It follows no redirect and no proxy of the environment, verifies TLS, and
    decompresses nothing: of an answer it reads the status and the Retry-After.
    It asks once; :class:`sippn.push.Retrying` asks again.

    :ivar _wall: for a Retry-After that is a date.
    """

    _settings: WebhookSettings
    _clock: IReactorTime
    _wall: Callable[[], float]
    _gateway: Gateway
    _head: bytes = field(repr=False)  # has the secret
    _exchanges: set[Deferred[PushOutcome]] = field(factory=set, init=False)

    @classmethod
    def build(cls, settings: WebhookSettings, surroundings: Surroundings) -> Webhook:
        """
        Make one; nothing is connected before the first push.

        :raises ConfigErrors: *ca_file* or the host of *url* cannot be used.
        """
        reactor, url = surroundings.reactor, URI.fromBytes(settings.url.encode("ascii"))
        trust = None if settings.ca_file is None else _trust(settings.ca_file)
        try:
            gateway = gateway_to(reactor, surroundings.clock, url, ANSWER_TIME, trust)
        except UnicodeError:
            raise ConfigErrors(
                [("url", "has a host name that is no punycode: write it in ASCII")]
            ) from None
        return cls(
            settings=settings,
            clock=surroundings.clock,
            wall=surroundings.wall,
            gateway=gateway,
            head=_head(settings, url),
        )

    @property
    def capabilities(self) -> Sequence[Capability]:
        """The PNS it serves; none where it serves any, as there is no list of them."""
        return capabilities_of(self._settings.pn_provider)

    def can_push(
        self,
        target: PushTarget,
        kind: PushKind,  # noqa: ARG002 - the dispatcher knows which token is for what
    ) -> bool:
        """Whether it serves *target*'s PNS; the rest is between the gateway and that."""
        return is_served(self._settings.pn_provider, target)

    def request_push(self, job: PushJob) -> Deferred[PushOutcome]:
        """
        POST *job*.

        Cancelling drops it while no connection has it.  Later it finishes
        unseen, and the result fires only then: until then it is in flight.
        """
        left = job.deadline - self._clock.seconds()
        if left <= 0:
            return succeed(LATE)
        found = service_for(job.target, job.kind)
        if found is None:
            return succeed(NO_TOKEN)
        body = _write(job, *found, left)
        letter = Letter(b"%sContent-Length: %d\r\n\r\n%s" % (self._head, len(body), body))
        exchange = self._gateway.ask(letter).addCallbacks(self._answered, outcome_of_failure)
        alarm = self._clock.callLater(min(ANSWER_TIME, left), exchange.cancel)
        self._exchanges.add(exchange)
        exchange.addCallback(self._ended, exchange, alarm)
        return Exchange(exchange, letter).result()

    def stopService(self) -> Deferred[None]:
        """Cut every connection; what is in flight has FAILED."""
        super().stopService()
        for exchange in tuple(self._exchanges):
            exchange.cancel()
        return self._gateway.connections.cut()

    def _ended(
        self, outcome: PushOutcome, exchange: Deferred[PushOutcome], alarm: IDelayedCall
    ) -> PushOutcome:
        self._exchanges.discard(exchange)
        if alarm.active():
            alarm.cancel()
        elif outcome.verdict is Verdict.FAILED:
            return TIMED_OUT  # an answer whose body did not end in time is an answer
        return outcome

    def _answered(self, answer: AnswerReader) -> PushOutcome:
        return outcome_of(answer.status, answer.retry_after, self._wall())


def _write(job: PushJob, service: str, token: str, left: float) -> bytes:
    target = job.target
    body = {
        "kind": job.kind.value,
        "provider": target.provider,
        "param": target.param,
        "prid": target.prid,
        "token": token,
        "service": service,
        "app": target.app,
        "sandbox": target.sandbox,
        "hints": dict(target.hints),
        "aor": job.aor,
        "call_id": job.call_id,
        "method": job.method,
        "deadline": round(left, 3),
        "id": job.id,
    }
    return _WRITER.encode(body).encode("ascii")


def _head(settings: WebhookSettings, url: URI) -> bytes:
    """All of a request that is the same for every push."""
    fields = {"host": url.netloc, "content-type": b"application/json", "user-agent": b"sippn"}
    fields |= {name.lower(): value.encode("latin-1") for name, value in settings.headers}
    lines = [b"%s: %s\r\n" % (name.title().encode("ascii"), fields[name]) for name in fields]
    return b"POST %s HTTP/1.1\r\n%s" % (url.originForm, b"".join(lines))


def _trust(ca_file: str) -> Any:
    try:
        return trust_root(Path(ca_file).read_bytes())
    except OSError as error:
        raise ConfigErrors(
            [("ca_file", f"cannot be read: {error.strerror}; name a file that the server may read")]
        ) from None
    except ValueError:
        raise ConfigErrors(
            [("ca_file", "has no PEM certificate that can be used; name a file of the CA")]
        ) from None
