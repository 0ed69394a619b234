"""
Push services that mean ill, and the real providers that ask them.
"""

from __future__ import annotations

import os
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest_twisted  # type: ignore[import-untyped] # it has no py.typed
from attrs import define, field, frozen
from twisted.application.service import IService
from twisted.internet.defer import Deferred
from twisted.internet.ssl import CertificateOptions
from twisted.internet.task import Clock, deferLater

from sippn.binding import PushJob, PushKind, PushOutcome, PushTarget
from sippn.config import Factories
from sippn.http import Overheard
from sippn.interfaces import IPushProvider, Surroundings
from sippn.testing.push_server import PushServer
from sippn.testing.push_server.authority import NAMES
from sippn.testing.push_server.exchange import HTTPRequest
from sippn.testing.push_server.listener import Port
from sippn.testing.push_server.service import Service, Verdict

PATIENCE = 20.0  # seconds
TOKEN = "5c1f0a96e3" * 7
TARGETS = {
    "apns": PushTarget("apns", "TEAMID1234.com.example.phone", TOKEN, app="com.example.phone"),
    "fcm": PushTarget("fcm", "example-project", f"fcm-{TOKEN}"),
    "webhook": PushTarget("acme", "app", f"acme-{TOKEN}"),
}


@frozen
class Posted:
    """What a gateway got."""

    identity: str = ""
    label: str = "posted"


class Gateway(Service[Posted]):
    """A gateway of the operator's own, for the webhook."""

    def judge(self, request: HTTPRequest) -> Verdict[Posted]:  # noqa: ARG002 - it takes all
        """Take it."""
        return Verdict(Posted(), 200)


def job_for(target: PushTarget, deadline: float, name: str = "1") -> PushJob:
    """A push of *target* for a call."""
    return PushJob(
        id=f"job-{name}",
        kind=PushKind.CALL,
        target=target,
        aor="sip:alice@example.com",
        deadline=deadline,
        method="INVITE",
        call_id=f"call-{name}",
        caller="<sip:caller@elsewhere.example>",
    )


@define(eq=False)
class Services:
    """
    Every push service, on real sockets, and one provider for each.

    The providers' clock stands until it is advanced; all the rest is in real time.

    :ivar overheard: each request of theirs, and what came of it.
    :ivar secrets: keys that a webhook's table has besides.
    """

    reactor: Any
    folder: Path
    clock: Clock
    server: PushServer
    gateway: Gateway
    overheard: list[Overheard] = field(factory=list)
    secrets: dict[str, Any] = field(factory=dict)
    _gateway_port: Port = field(init=False)
    _started: dict[str, Any] = field(factory=dict, init=False)
    _made: int = field(default=0, init=False)

    @classmethod
    @contextmanager
    def running(cls, reactor: Any, folder: Path, *, http1: bool = False) -> Iterator[Services]:
        """
        All of them.

        :param http1: they speak nothing newer.
        """
        server, clock = PushServer(reactor), Clock()
        clock.advance(1000)
        gateway = Gateway(server._later, time.time, "gateway")
        services = cls(reactor, folder, clock, server, gateway)
        services._start(http1=http1)
        try:
            yield services
        finally:
            services._stop()

    def provider(self, kind: str) -> Any:
        """The provider of that type, started."""
        if kind not in self._started:
            build, problems = Factories.installed().parse(IPushProvider, self.table(kind), ())
            assert build is not None, problems
            self._started[kind] = build(self.surroundings)
            IService(self._started[kind]).startService()
        return self._started[kind]

    @property
    def surroundings(self) -> Surroundings:
        """What providers are built with."""
        overhear = self.overheard.append
        return Surroundings(self.reactor, self.clock, time.time, os.urandom, overhear=overhear)

    def table(self, kind: str) -> dict[str, Any]:
        """The table of a provider, its files whole."""
        ca_file = str(self.server.write(self.folder).ca_file)
        if kind == "webhook":
            url = f"{self.gateway.url}/push"
            return {"type": kind, "url": url, "ca_file": ca_file, **self.secrets}
        tables = tomllib.loads(self.server.tables(self.folder))["push"]["provider"]
        return next(table for table in tables if table["type"] == kind)

    def job(self, kind: str, left: float = 20) -> PushJob:
        """A call for a phone of that provider's."""
        self._made += 1
        if kind == "webpush":
            target = PushTarget(kind, "", self.server.webpush.subscribe(keys=False).url)
        else:
            target = TARGETS[kind]
        return job_for(target, self.clock.seconds() + left, str(self._made))

    def push(self, kind: str, left: float = 20) -> list[PushOutcome]:
        """Ask for one; its outcome, once there is one."""
        outcomes: list[PushOutcome] = []
        asked: Deferred[PushOutcome] = self.provider(kind).request_push(self.job(kind, left))
        asked.addCallback(outcomes.append)
        return outcomes

    async def until(self, look: Callable[[], object], what: str) -> None:
        """
        Let the reactor turn until *look* is true.

        :raises AssertionError: it is not for too long.
        """
        deadline = time.monotonic() + PATIENCE
        while not look():
            assert time.monotonic() < deadline, f"not within {PATIENCE:g} s: {what}"
            await deferLater(self.reactor, 0.002)

    async def advance_until(self, look: Callable[[], object], seconds: float) -> float:
        """Advance the providers' clock by *seconds* at most; by how many it was."""
        began = self.clock.seconds()
        while not look() and self.clock.seconds() < began + seconds:
            self.clock.advance(0.5)
            await self.turn()
        return self.clock.seconds() - began

    async def turn(self, times: int = 5) -> None:
        """Let the reactor turn a few times."""
        for _ in range(times):
            await deferLater(self.reactor, 0.002)

    def _start(self, *, http1: bool) -> None:
        certified = self.server.authority.server(NAMES)
        known: dict[str, Any] = {"privateKey": certified.key, "certificate": certified.certificate}
        old = CertificateOptions(acceptableProtocols=[b"http/1.1"], **known)
        if http1:
            for port in self.server._ports:
                port.options = old
        self.server.start()
        self._gateway_port = Port(self.reactor, self.gateway, old)
        self._gateway_port.start(0, "127.0.0.1")
        self.gateway.listens(f"https://localhost:{self._gateway_port.number}")

    def _stop(self) -> None:
        for provider in self._started.values():
            pytest_twisted.blockon(IService(provider).stopService())
        pytest_twisted.blockon(self._gateway_port.stop())
        pytest_twisted.blockon(self.server.stop())
        left = self.clock.getDelayedCalls()
        assert not left, left
