"""A push service on loopback, what is in front of it, and providers that are pointed there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field
from twisted.internet.task import Clock

from sippn.binding import PushJob, PushKind, PushTarget
from sippn.interfaces import Surroundings
from sippn.providers.webpush.provider import WebPush
from sippn.providers.webpush.settings import webpush_settings
from sippn.testing.push_server import PushServer, Subscription
from tests.providers.conftest import Wait
from tests.providers.webpush.browser import WALL
from tests.providers.webpush.world import PUBLIC, Canary, World

HOST = "push.example.net"
"""The name that the push service has in :class:`World`."""


@define(eq=False)
class Net:
    """
    A push service, and providers.

    :ivar wall: of the providers; the push service's stands still.
    """

    server: PushServer
    world: World
    clock: Clock
    folder: Path
    wall: float = WALL
    providers: list[WebPush] = field(factory=list, init=False)
    _numbers: Iterator[int] = field(factory=lambda: count(1), init=False)

    def provider(self, *, gateway: bool = False, **changes: object) -> WebPush:
        """A started one; with *gateway* it goes there by the configuration, not by the URL."""
        files = self.server.write(self.folder)
        table: dict[str, Any] = {
            "vapid_key_file": str(files.vapid_key_file),
            "contact": "mailto:ops@example.com",
            "allow_hosts": ["*", HOST, self.server.webpush.url.removeprefix("https://")],
            "ca_file": str(files.ca_file),
        }
        if gateway:
            table["endpoint"] = self.server.webpush.url
        entropy = self._entropy
        around = Surroundings(self.world, self.clock, lambda: self.wall, entropy)
        provider = WebPush.build(webpush_settings(table | changes), around)
        provider.startService()
        self.providers.append(provider)
        return provider

    def subscribe(self, *, keys: bool = True, vapid: str | None = None) -> Subscription:
        """A browser that has this push service."""
        return self.server.webpush.subscribe(keys=keys, host=HOST, vapid=vapid)

    def job(
        self, subscription: Subscription, kind: PushKind = PushKind.CALL, left: float = 20
    ) -> PushJob:
        """A push for *subscription*."""
        hints = (("sippn-wp-auth", subscription.auth), ("sippn-wp-p256dh", subscription.p256dh))
        return self.job_to(subscription.url, kind, left, hints if subscription.auth else ())

    def job_to(
        self,
        url: str,
        kind: PushKind = PushKind.CALL,
        left: float = 20,
        hints: tuple[tuple[str, str], ...] = (),
    ) -> PushJob:
        """A push to *url*."""
        return PushJob(
            id=f"job-{next(self._numbers)}",
            kind=kind,
            target=PushTarget("webpush", "", url, hints=hints),
            aor="sip:alice@example.com",
            deadline=self.clock.seconds() + left,
            collapse_key="call-binding",
            method="INVITE",
            call_id="call-1",
        )

    def _entropy(self, size: int) -> bytes:
        return next(self._numbers).to_bytes(size, "big")


@pytest.fixture(params=["h2", "http/1.1"])
def spoken(request: pytest.FixtureRequest) -> bytes:
    """What the push service speaks."""
    return str(request.param).encode("ascii")


@pytest.fixture
def server(reactor: Any, wait: Wait, spoken: bytes) -> Iterator[PushServer]:
    """One that is :data:`HOST`."""
    server = PushServer(reactor, names=(HOST,), wall=lambda: WALL)
    for port in server._ports:  # a good server has no option for it
        port.options._acceptableProtocols = [spoken]
    server.start()
    yield server
    wait(server.stop())


@pytest.fixture
def net(
    reactor: Any, server: PushServer, clock: Clock, tmp_path: Path, wait: Wait
) -> Iterator[Net]:
    """All of it."""
    port = int(server.webpush.url.rpartition(":")[2])
    names: dict[str, list[Sequence[str]]] = {HOST: [[PUBLIC]], "localhost": [["127.0.0.1"]]}
    net = Net(server, World(reactor, names, {443: port}), clock, tmp_path)
    yield net
    for provider in net.providers:
        wait(provider.stopService())


@pytest.fixture
def canary(reactor: Any, wait: Wait) -> Iterator[Canary]:
    """Nobody may come to it."""
    canary = Canary(reactor)
    canary.start()
    yield canary
    wait(canary.stop())
    assert canary.connections == 0
