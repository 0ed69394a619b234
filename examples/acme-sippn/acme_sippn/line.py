"""
Pushes as lines of JSON on a Unix socket, for a program of yours that reaches the phones.

That program may keep a WebSocket to each of them, speak MQTT, or ring a bell: it listens on
the socket, reads a line for each push, and answers each with a line::

    {"id": "9f3c", "kind": "call", "param": "app", "prid": "...", "aor": "sip:alice@example.com"}
    {"id": "9f3c", "verdict": "ACCEPTED", "detail": ""}

The verdicts are the names of sippn.binding.Verdict.
"""

from __future__ import annotations

import json
from typing import Any

from twisted.application.internet import ClientService
from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import UNIXClientEndpoint
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure
from zope.interface import implementer

from sippn.binding import Capability, PushJob, PushKind, PushOutcome, PushTarget, Verdict
from sippn.interfaces import IPushProvider


@implementer(IPushProvider)
class LineProvider(Service):
    """
    Pushes through one connection, which is made again when it is lost.

    :ivar line: the connection; None: there is none.
    """

    line: Line | None = None

    def __init__(self, path: str, pn_provider: str, reactor: Any) -> None:
        """Connect to nothing yet: that is for ``startService``."""
        self.capabilities = [Capability(pn_provider)]
        self._path = path
        self._reactor = reactor
        self._client: ClientService | None = None

    def startService(self) -> None:
        """Connect, and stay connected."""
        super().startService()
        endpoint = UNIXClientEndpoint(self._reactor, self._path)
        self._client = ClientService(endpoint, _Lines(self), clock=self._reactor)
        self._client.startService()

    def stopService(self) -> Deferred[None]:
        """Hang up."""
        super().stopService()
        client, self._client = self._client, None
        return succeed(None) if client is None else client.stopService()

    def can_push(self, target: PushTarget, kind: PushKind) -> bool:
        """Any phone of our service, for whatever reason."""
        return target.prid != "" and Capability(target.provider) in self.capabilities

    def request_push(self, job: PushJob) -> Deferred[PushOutcome]:
        """Write a line; fires with what is answered to it."""
        if self.line is None:
            return succeed(PushOutcome(Verdict.FAILED, detail="nobody listens on the socket"))
        return self.line.ask(job)


class Line(LineOnlyReceiver):
    """A connection, and the pushes that wait for an answer on it."""

    delimiter = b"\n"
    transport: Any

    def __init__(self, provider: LineProvider) -> None:
        """Of *provider*, which is told when it is there and when it is lost."""
        self._provider = provider
        self._asked: dict[str, Deferred[PushOutcome]] = {}

    def ask(self, job: PushJob) -> Deferred[PushOutcome]:
        """
        Ask for one push.

        There is no deadline here: sippn cancels what has taken too long, and does not wait
        for what comes after that.
        """
        target, kind = job.target, job.kind.value
        push = {"id": job.id, "kind": kind, "param": target.param, "prid": target.prid}
        outcome: Deferred[PushOutcome] = Deferred(lambda _: self._forget(job))
        self._asked[job.id] = outcome
        self.transport.write(json.dumps(push | {"aor": job.aor}).encode() + self.delimiter)
        return outcome

    def connectionMade(self) -> None:
        """Pushes may leave."""
        self._provider.line = self

    def lineReceived(self, line: bytes) -> None:
        """An answer, or nonsense, after which no line can be trusted."""
        try:
            said = json.loads(line)
            outcome = PushOutcome(Verdict[said["verdict"]], detail=str(said.get("detail", "")))
            asked = self._asked.pop(said["id"], None)
        except (ValueError, KeyError, TypeError, AttributeError):
            self.transport.loseConnection()
            return
        if asked is not None:
            asked.callback(outcome)

    def connectionLost(self, reason: Failure | None = None) -> None:
        """Nobody will answer any more."""
        self._provider.line = None
        asked, self._asked = self._asked, {}
        for outcome in asked.values():
            outcome.callback(PushOutcome(Verdict.FAILED, detail="the connection was lost"))

    def _forget(self, job: PushJob) -> None:
        self._asked.pop(job.id, None)


class _Lines(Factory):
    noisy = False

    def __init__(self, provider: LineProvider) -> None:
        self._provider = provider

    def buildProtocol(self, addr: IAddress | None) -> Line:
        return Line(self._provider)
