"""Pushes through an HTTP gateway of the operator's own (DESIGN section 5)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from attrs import define, field
from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure
from twisted.web.client import URI, Agent, HTTPConnectionPool
from twisted.web.http_headers import Headers
from zope.interface import implementer

from sippn.binding import Capability, PushJob, PushKind, PushOutcome, PushTarget, Verdict
from sippn.errors import ConfigErrors
from sippn.interfaces import IPushProvider, Surroundings
from sippn.providers.connection import Gateway, gateway_to, trust_root
from sippn.providers.exchange import Exchange, Letter, Remainder
from sippn.providers.fitness import fit_for
from sippn.providers.settings import WebhookSettings
from sippn.providers.verdicts import outcome_of, outcome_of_failure

ANSWER_TIME = 5.0
"""Seconds for a whole exchange, connecting and reading included (RELIABILITY T9)."""

IDLE_TIME = 30
"""Seconds a connection is kept for the next push; most servers close theirs after 60."""

MOST_IDLE = 100
"""Connections kept; as many pushes as may be in flight."""

LATE = PushOutcome(Verdict.FAILED, detail="deadline passed")
TIMED_OUT = PushOutcome(Verdict.FAILED, detail="timed out")


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
    _pool: HTTPConnectionPool
    _agent: Agent
    _headers: Headers = field(repr=False)  # has the secret
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
            gateway = gateway_to(reactor, url, ANSWER_TIME, trust)
        except UnicodeError:
            raise ConfigErrors([("url", "has a host name that is no punycode")]) from None
        pool = HTTPConnectionPool(reactor)
        pool.maxPersistentPerHost = MOST_IDLE
        pool.cachedConnectionTimeout = IDLE_TIME
        pool.retryAutomatically = False
        return cls(
            settings=settings,
            clock=surroundings.clock,
            wall=surroundings.wall,
            gateway=gateway,
            pool=pool,
            agent=Agent.usingEndpointFactory(reactor, gateway, pool),
            headers=_headers(settings, url),
        )

    @property
    def capabilities(self) -> Sequence[Capability]:
        """The PNS it serves; none where it serves any, as there is no list of them."""
        name = self._settings.pn_provider
        return () if name is None else (Capability(name),)

    def can_push(self, target: PushTarget, kind: PushKind) -> bool:
        """Whether it serves *target*'s PNS; the rest is between the gateway and that."""
        served = self._settings.pn_provider in (None, target.provider)
        return served and bool(target.prid) and fit_for(target, kind)

    def request_push(self, job: PushJob) -> Deferred[PushOutcome]:
        """
        POST *job*.

        Cancelling drops it while no connection has it.  Later it finishes
        unseen, and the result fires only then: until then it is in flight.
        """
        left = job.deadline - self._clock.seconds()
        if left <= 0:
            return succeed(LATE)
        letter = Letter(_write(job, left))
        exchange = Deferred.fromCoroutine(self._exchange(letter))
        exchange.addTimeout(min(ANSWER_TIME, left), self._clock, _timed_out)
        self._exchanges.add(exchange)
        exchange.addBoth(self._forget, exchange)
        return Exchange(exchange, letter).result()

    def stopService(self) -> Deferred[None]:
        """Cut every connection; what is in flight has FAILED."""
        super().stopService()
        for exchange in tuple(self._exchanges):
            exchange.cancel()
        self._pool.closeCachedConnections()
        # not left to the pool: it would wait for a TLS peer to say goodbye
        return self._gateway.connections.cut()

    def _forget(self, result: PushOutcome, exchange: Deferred[PushOutcome]) -> PushOutcome:
        self._exchanges.discard(exchange)
        return result

    async def _exchange(self, letter: Letter) -> PushOutcome:
        url = self._settings.url.encode("ascii")
        try:
            response = await self._agent.request(b"POST", url, self._headers, letter)
        except Exception:  # noqa: BLE001 - sockets, DNS, TLS and HTTP each raise their own
            return outcome_of_failure(Failure())
        retry_after = response.headers.getRawHeaders(b"retry-after") or [None]
        outcome = outcome_of(response.code, retry_after[0], self._wall())
        remainder = Remainder()
        response.deliverBody(remainder)
        with suppress(CancelledError):  # cut short: the status has said all
            await remainder.over
        return outcome


def _timed_out(result: PushOutcome | Failure, _: float) -> PushOutcome:
    """An answer whose body did not end in time is an answer."""
    if isinstance(result, Failure) or result.verdict is Verdict.FAILED:
        return TIMED_OUT
    return result


def _write(job: PushJob, left: float) -> bytes:
    body = {
        "kind": job.kind.value,
        "provider": job.target.provider,
        "param": job.target.param,
        "prid": job.target.prid,
        "aor": job.aor,
        "call_id": job.call_id,
        "method": job.method,
        "deadline": round(left, 3),
        "id": job.id,
    }
    return json.dumps(body, separators=(",", ":")).encode("ascii")


def _headers(settings: WebhookSettings, url: URI) -> Headers:
    headers = Headers({"Content-Type": ["application/json"], "User-Agent": ["sippn"]})
    for name, value in settings.headers:
        headers.setRawHeaders(name.encode("ascii"), [value.encode("latin-1")])
    # Agent would copy all of them for every push to add it
    headers.setRawHeaders(b"Host", [url.netloc])
    return headers


def _trust(ca_file: str) -> Any:
    try:
        return trust_root(Path(ca_file).read_bytes())
    except OSError as error:
        raise ConfigErrors([("ca_file", f"cannot be read: {error.strerror}")]) from None
    except ValueError:
        raise ConfigErrors([("ca_file", "has no PEM certificate that can be used")]) from None
