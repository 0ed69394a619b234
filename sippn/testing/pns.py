"""Push services to test against: one in memory, one on a real socket."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, cast

from attrs import define, field
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.interfaces import IDelayedCall, IListeningPort, IOpenSSLContextFactory
from zope.interface import implementer

from sippn.binding import Capability, PushJob, PushKind, PushOutcome, PushTarget, Verdict
from sippn.interfaces import IPushProvider
from sippn.testing.pns_http import (
    Answer,
    Backstage,
    Door,
    Front,
    Manner,
    QuietSite,
    ReceivedPush,
)

__all__ = ["Answer", "Manner", "MemoryPushProvider", "ReceivedPush", "ScriptedPNS"]


@implementer(IPushProvider)
@define(eq=False)
class MemoryPushProvider:
    """
    A provider that remembers what it was asked, and answers when told.

    :ivar capabilities: what Feature-Caps may promise.
    :ivar can: the script of :meth:`can_push`; None: any complete target of the
        capabilities' services, for any kind.
    :ivar at_once: the answer to every job from now on; None: wait for :meth:`answer`.
    :ivar jobs: every job asked for, in order, those withdrawn included.
    :ivar withdrawn: the jobs that were cancelled before they were answered.
    """

    capabilities: Sequence[Capability] = (Capability("acme"),)
    can: Callable[[PushTarget, PushKind], bool] | None = None
    at_once: PushOutcome | None = None
    jobs: list[PushJob] = field(factory=list, init=False)
    withdrawn: list[PushJob] = field(factory=list, init=False)
    _asked: deque[tuple[PushJob, Deferred[PushOutcome]]] = field(factory=deque, init=False)

    @property
    def unanswered(self) -> tuple[PushJob, ...]:
        """The jobs that still wait for an answer, the oldest first."""
        return tuple(job for job, _ in self._asked)

    def can_push(self, target: PushTarget, kind: PushKind) -> bool:
        """As scripted by :attr:`can`."""
        if self.can is not None:
            return self.can(target, kind)
        return bool(target.prid) and target.provider in {c.pns for c in self.capabilities}

    def request_push(self, job: PushJob) -> Deferred[PushOutcome]:
        """Remember *job*; it is answered by :meth:`answer` or :attr:`at_once`."""
        self.jobs.append(job)
        if self.at_once is not None:
            return succeed(self.at_once)
        answer: Deferred[PushOutcome] = Deferred(lambda _: self._withdraw(job))
        self._asked.append((job, answer))
        return answer

    def answer(self, outcome: PushOutcome | Verdict = Verdict.ACCEPTED) -> PushJob:
        """
        Answer the oldest job that waits.

        :returns: that job.
        :raises AssertionError: no job waits.
        """
        job, answer = self._oldest()
        answer.callback(PushOutcome(outcome) if isinstance(outcome, Verdict) else outcome)
        return job

    def break_on(self, error: Exception) -> PushJob:
        """
        Fail the oldest job that waits, as only a provider with a bug does.

        :returns: that job.
        :raises AssertionError: no job waits.
        """
        job, answer = self._oldest()
        answer.errback(error)
        return job

    def _oldest(self) -> tuple[PushJob, Deferred[PushOutcome]]:
        assert self._asked, "no push waits for an answer"
        return self._asked.popleft()

    def _withdraw(self, job: PushJob) -> None:
        self._asked = deque((j, d) for j, d in self._asked if j is not job)
        self.withdrawn.append(job)


@define(eq=False)
class ScriptedPNS(Backstage):
    """
    A push service that takes webhook pushes over real HTTP/1.1.

    It answers by :attr:`script`, one :class:`Answer` a push, then by :attr:`default`.

    :ivar reactor: for sockets and time.
    :ivar on_push: told the JSON body of each push as it arrives, before the answer.
    :ivar tls: serve https with it; None: http.
    :ivar pushes: everything received, in order.
    :ivar script: answers for the pushes to come.
    :ivar in_flight: pushes received and not answered yet; *most_in_flight* is its peak.
    """

    reactor: Any
    on_push: Callable[[dict[str, Any]], None] | None = None
    tls: IOpenSSLContextFactory | None = None
    default: Answer = field(factory=Answer)
    pushes: list[ReceivedPush] = field(factory=list, init=False)
    script: deque[Answer] = field(factory=deque, init=False)
    in_flight: int = field(default=0, init=False)
    most_in_flight: int = field(default=0, init=False)
    _front: Front | None = field(default=None, init=False)
    _port: IListeningPort | None = field(default=None, init=False)
    _delayed: set[IDelayedCall] = field(factory=set, init=False)

    def start(self, port: int = 0, host: str = "127.0.0.1") -> str:
        """
        Listen, on loopback unless told otherwise.

        :param port: 0: any free one.
        :returns: the URL to push to.
        """
        front = self._front = Front(QuietSite(Door(self), reactor=self.reactor))
        if self.tls is None:
            self._port = self.reactor.listenTCP(port, front, interface=host)
        else:
            self._port = self.reactor.listenSSL(port, front, self.tls, interface=host)
        return self.url

    @property
    def port(self) -> int:
        """The port it listens on; :meth:`start` came before."""
        return self._at.port

    @property
    def url(self) -> str:
        """Where to push to; :meth:`start` came before."""
        return f"{'https' if self.tls else 'http'}://{self._at.host}:{self.port}/push"

    @property
    def _at(self) -> IPv4Address:
        assert self._port is not None, "not started"
        return cast("IPv4Address", self._port.getHost())

    @property
    def connections(self) -> int:
        """How many connections were ever made."""
        return self._front.made if self._front else 0

    def cut(self) -> None:
        """Cut every connection, idle ones as well."""
        if self._front is not None:
            self._front.cut()

    def stop(self) -> Deferred[None]:
        """Close the port, cut what is connected, forget delayed answers."""
        for call in self._delayed:
            call.cancel()
        self._delayed.clear()
        if self._front is None or self._port is None:
            return succeed(None)
        self.cut()
        front = self._front
        stopped: Deferred[object] = maybeDeferred(self._port.stopListening)
        return stopped.addCallback(lambda _: front.all_gone())

    def push_received(self, push: ReceivedPush) -> Answer:
        """Called by the HTTP side."""
        self.pushes.append(push)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        if self.on_push is not None:
            self.on_push(push.body)
        return self.script.popleft() if self.script else self.default

    def push_over(self) -> None:
        """Called by the HTTP side."""
        self.in_flight -= 1

    def later(self, seconds: float, what: Callable[[], None]) -> None:
        """Called by the HTTP side."""

        def now() -> None:
            self._delayed.discard(call)
            what()

        call: IDelayedCall = self.reactor.callLater(seconds, now)
        self._delayed.add(call)
