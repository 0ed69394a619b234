"""Tests for :mod:`sippn.http.one.connection`: a webhook on a memory reactor."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any, TypeVar

import pytest
from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.interfaces import IHostnameResolver, IHostResolution
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from twisted.python.failure import Failure
from zope.interface import implementer, provider

from sippn.binding import PushJob, PushKind, PushOutcome, PushTarget, Verdict
from sippn.http.one.connection import IDLE_TIME, MOST_OCTETS
from sippn.interfaces import IPushProvider, Surroundings
from sippn.providers.webhook import ANSWER_TIME, Webhook
from sippn.providers.webhook_settings import Preset, WebhookSettings
from sippn.testing.contracts.provider import PRID, PushProviderContract
from sippn.testing.results import failed, succeeded

T = TypeVar("T")

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@define(eq=False)
class Wire:
    """One connection, seen from the gateway."""

    protocol: Any
    transport: StringTransport

    def take(self) -> bytes:
        """What was written since last time."""
        octets: bytes = self.transport.value()
        self.transport.clear()
        return octets

    def lose(self) -> None:
        """The connection is gone."""
        reason = ConnectionAborted() if self.transport.disconnected else ConnectionDone()
        self.protocol.connectionLost(Failure(reason))


ACME = WebhookSettings("http://192.0.2.1/push?a=b", "acme")


@define(eq=False)
class Bench:
    """A webhook on a memory reactor, and the connections it made."""

    settings: WebhookSettings = ACME
    reactor: Any = field(factory=MemoryReactorClock)
    webhook: Webhook = field(init=False)
    wires: list[Wire] = field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        around = Surroundings(self.reactor, self.reactor, lambda: 0.0, bytes)
        self.webhook = Webhook.build(self.settings, around)

    def push(self) -> Deferred[PushOutcome]:
        """Ask for one."""
        target = PushTarget("acme", "", "prid")
        deadline = self.reactor.seconds() + 20
        return self.webhook.request_push(
            PushJob("job-1", PushKind.CALL, target, "sip:a@b", deadline)
        )

    def connect(self) -> Wire:
        """Let the next attempt to connect succeed."""
        factory = self.reactor.tcpClients[len(self.wires)][2]
        protocol, transport = factory.buildProtocol(None), StringTransport()
        protocol.makeConnection(transport)
        self.wires.append(Wire(protocol, transport))
        return self.wires[-1]


@pytest.fixture
def bench() -> Iterator[Bench]:
    """One that has no timer left at the end but that of its idle connections."""
    bench = Bench()
    yield bench
    assert len(bench.reactor.getDelayedCalls()) <= len(bench.wires)


class TestWebhook(PushProviderContract):
    """The promises of IPushProvider, with a gateway that takes every push."""

    settings = WebhookSettings("http://192.0.2.1/", "acme", signing_key=PRID)
    bench: Bench

    def make_provider(self) -> IPushProvider:
        """A webhook."""
        self.bench = Bench(self.settings)
        return self.bench.webhook

    def now(self) -> float:
        """The memory reactor's time."""
        now: float = self.bench.reactor.seconds()
        return now

    def wait(self, result: Deferred[T]) -> T:
        """Connect what wants to connect, answer what was asked."""
        for connector in self.bench.reactor.connectors[len(self.bench.wires) :]:
            if not connector.stoppedConnecting:
                self.bench.connect()
        for wire in self.bench.wires:
            if wire.take():
                wire.protocol.dataReceived(OK)
        return succeeded(result)


class TestWebhookToSylk(TestWebhook):
    """The same with a sylk-pushserver, which knows fewer kinds of push."""

    settings = WebhookSettings("http://192.0.2.1/", preset=Preset.SYLK)

    def target(self) -> PushTarget:
        """A phone of Google's."""
        return PushTarget("fcm", "com.x", PRID)

    def kinds(self) -> tuple[PushKind, ...]:
        """Those that it has a word for."""
        return (PushKind.CALL, PushKind.MESSAGE, PushKind.CANCEL)


def test_one_request_for_one_push(bench: Bench) -> None:
    """HTTP/1.1 as the RFC has it, to the one gateway."""
    asked = bench.push()
    assert bench.reactor.tcpClients[0][1] == 80
    wire = bench.connect()
    head, _, body = wire.take().partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /push?a=b HTTP/1.1"
    assert sorted(lines[1:]) == [
        b"Content-Length: %d" % len(body),
        b"Content-Type: application/json",
        b"Host: 192.0.2.1",
        b"User-Agent: sippn",
    ]
    wire.protocol.dataReceived(OK)
    assert succeeded(asked).verdict is Verdict.ACCEPTED


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://gateway.example:8080", b"gateway.example:8080"),
        ("http://[2001:db8::1]:8080/", b"[2001:db8::1]:8080"),
        ("http://[2001:db8::1]/", b"[2001:db8::1]"),
    ],
)
def test_host_is_as_in_the_url(url: str, host: bytes) -> None:
    """RFC 9110 section 7.2; an empty path is a slash."""
    bench = Bench(WebhookSettings(url, "acme"))
    bench.push()
    octets = bench.connect().take()
    assert octets.startswith(b"POST / HTTP/1.1\r\n")
    assert b"\r\nHost: " + host + b"\r\n" in octets


def test_answer_beyond_the_cap_is_cut(bench: Bench) -> None:
    """T9, W4: at most 64 KiB of an answer are read; what follows is not even looked at."""
    asked = bench.push()
    wire = bench.connect()
    wire.protocol.dataReceived(b"HTTP/1.1 410 Gone\r\nContent-Length: 999999999\r\n\r\n")
    wire.protocol.dataReceived(bytes(MOST_OCTETS - 100))
    assert not wire.transport.disconnected
    wire.protocol.dataReceived(bytes(101))
    assert wire.transport.disconnected
    wire.lose()
    assert succeeded(asked).verdict is Verdict.DEAD


def test_head_beyond_the_cap_is_cut(bench: Bench) -> None:
    """T9: header floods count as well."""
    asked = bench.push()
    wire = bench.connect()
    wire.protocol.dataReceived(b"HTTP/1.1 200 OK\r\n")
    for _ in range(100):
        wire.protocol.dataReceived(b"X: y\r\n" * 120)
    assert wire.transport.disconnected
    wire.lose()
    assert succeeded(asked).detail == "connection lost"


def test_every_answer_has_its_own_cap(bench: Bench) -> None:
    """A connection that is kept reads any number of decent answers."""
    body = bytes(40_000)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    asked = bench.push()
    wire = bench.connect()
    wire.protocol.dataReceived(answer)
    for _ in range(5):
        assert succeeded(asked).verdict is Verdict.ACCEPTED
        asked = bench.push()
        wire.protocol.dataReceived(answer)
    assert not wire.transport.disconnected
    assert len(bench.wires) == len(bench.reactor.tcpClients) == 1


def test_giving_up_while_connecting_sends_nothing(bench: Bench) -> None:
    """S-12: and the attempt to connect ends."""
    asked = bench.push()
    asked.cancel()
    failed(asked, CancelledError)
    assert bench.reactor.connectors[0].stoppedConnecting


def test_gateway_that_does_not_connect_has_five_seconds(bench: Bench) -> None:
    """T8: connecting counts."""
    asked = bench.push()
    bench.reactor.advance(ANSWER_TIME - 0.1)
    assert not asked.called
    bench.reactor.advance(0.1)
    assert succeeded(asked) == PushOutcome(Verdict.FAILED, detail="timed out", unsent=True)
    assert bench.reactor.connectors[0].stoppedConnecting


@implementer(IHostnameResolver)
class Silent:
    """A resolver that never answers."""

    def resolveHostName(
        self, resolutionReceiver: Any, hostName: str, *_: object, **__: object
    ) -> IHostResolution:
        """Begin, and no more."""
        resolution: Any = hostName
        resolutionReceiver.resolutionBegan(resolution)
        return resolution  # type: ignore[no-any-return] # nobody looks at it


def test_resolver_that_hangs_has_five_seconds() -> None:
    """E5: a push waits no longer than that, and can be given up meanwhile."""
    bench = Bench(WebhookSettings("http://gateway.example.com/", "acme"))
    bench.reactor.installNameResolver(Silent())
    asked, given_up = bench.push(), bench.push()
    given_up.cancel()
    failed(given_up, CancelledError)
    bench.reactor.advance(ANSWER_TIME)
    assert succeeded(asked).detail == "timed out"
    assert bench.reactor.getDelayedCalls() == []


def test_idle_connection_is_closed_in_time(bench: Bench) -> None:
    """Before the gateway does it: that race costs a push."""
    asked = bench.push()
    wire = bench.connect()
    wire.protocol.dataReceived(OK)
    succeeded(asked)
    bench.reactor.advance(IDLE_TIME - 1)
    assert not wire.transport.disconnected
    bench.reactor.advance(1)
    assert wire.transport.disconnected


def test_stopping_an_idle_webhook_is_done_at_once(bench: Bench) -> None:
    """Nothing to wait for."""
    succeeded(bench.webhook.stopService())


def test_stopping_cuts_what_is_idle_and_what_is_not(bench: Bench) -> None:
    """D6: the result is there when the last connection is gone."""
    idle, busy = bench.push(), bench.push()
    bench.connect().protocol.dataReceived(OK)
    succeeded(idle)
    bench.connect()
    stopped = bench.webhook.stopService()
    assert [wire.transport.disconnected for wire in bench.wires] == [True, True]
    assert succeeded(busy).verdict is Verdict.FAILED
    bench.wires[0].lose()
    assert not stopped.called
    bench.wires[1].lose()
    succeeded(stopped)
    assert bench.reactor.getDelayedCalls() == []


def test_connections_are_not_logged(bench: Bench) -> None:
    """A push a millisecond must not fill the log, and a URL may have a secret."""
    lines: list[LogEvent] = []

    @provider(ILogObserver)
    def observe(event: LogEvent) -> None:
        lines.append(event)

    globalLogPublisher.addObserver(observe)
    bench.push()
    factory = bench.reactor.tcpClients[0][2]
    factory.doStart()
    wire = bench.connect()
    wire.protocol.dataReceived(OK)
    wire.lose()
    factory.doStop()
    globalLogPublisher.removeObserver(observe)
    assert lines == []


@pytest.mark.parametrize("end", ["answered", "late", "given up", "cut"])
def test_push_that_is_over_leaves_no_circle(bench: Bench, end: str) -> None:
    """W3: a push a millisecond must not call the collector in."""
    bench.push()
    wire = bench.connect()
    wire.protocol.dataReceived(OK)
    gc.collect()
    gc.disable()
    asked = bench.push()
    if end == "late":
        bench.reactor.advance(ANSWER_TIME)
    elif end == "cut":
        wire.lose()
    else:
        if end == "given up":
            asked.cancel()
        wire.protocol.dataReceived(OK)
    assert succeeded(asked) is not None
    wire.take()
    del asked, wire
    found = gc.collect()
    gc.enable()
    assert found == 0


def needs_a_new_connection(bench: Bench) -> None:
    """The next push does, though the old one has not said yet that it is gone."""
    asked = bench.push()
    assert len(bench.reactor.tcpClients) == len(bench.wires) + 1
    asked.cancel()
    failed(asked, CancelledError)


def test_octets_that_nobody_asked_for_end_a_connection(bench: Bench) -> None:
    """RFC 9112 section 9.2: they would be taken for the answer to the next push."""
    asked = bench.push()
    wire = bench.connect()
    wire.protocol.dataReceived(OK)
    succeeded(asked)
    wire.protocol.dataReceived(OK)
    assert wire.transport.disconnected
    needs_a_new_connection(bench)


@pytest.mark.parametrize("behind", [b"H", OK])
def test_octets_behind_an_answer_end_its_connection(bench: Bench, behind: bytes) -> None:
    """The same, in one piece with the answer, which counts."""
    asked = bench.push()
    wire = bench.connect()
    wire.protocol.dataReceived(OK + behind)
    assert succeeded(asked).verdict is Verdict.ACCEPTED
    assert wire.transport.disconnected
    needs_a_new_connection(bench)


def test_connection_that_was_used_last_is_used_next(bench: Bench) -> None:
    """So those that a burst has opened are closed in time."""
    pushes = [bench.push() for _ in range(3)]
    wires = [bench.connect() for _ in range(3)]
    for wire in wires:
        wire.take()
        wire.protocol.dataReceived(OK)
    assert [succeeded(push).verdict for push in pushes] == [Verdict.ACCEPTED] * 3
    for _ in range(IDLE_TIME + 1):
        asked = bench.push()
        assert wires[2].take()
        wires[2].protocol.dataReceived(OK)
        succeeded(asked)
        bench.reactor.advance(1)
    assert [wire.transport.disconnected for wire in wires] == [True, True, False]


def test_answer_that_is_over_is_told_when_its_connection_is_free(bench: Bench) -> None:
    """W3: whoever is told first and pushes next finds it."""
    asked = bench.push()
    wire = bench.connect()
    again: list[Deferred[PushOutcome]] = []
    asked.addCallback(lambda _: again.append(bench.push()))
    wire.protocol.dataReceived(OK)
    wire.protocol.dataReceived(OK)
    assert succeeded(again[0]).verdict is Verdict.ACCEPTED
    assert len(bench.reactor.tcpClients) == 1


def test_no_more_connections_are_kept_than_can_be_in_flight(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """W3: what a burst has opened beyond that is closed at once."""
    monkeypatch.setattr("sippn.http.one.connection.MOST_IDLE", 2)
    pushes = [bench.push() for _ in range(3)]
    wires = [bench.connect() for _ in range(3)]
    for wire in wires:
        wire.protocol.dataReceived(OK)
    assert [succeeded(push).verdict for push in pushes] == [Verdict.ACCEPTED] * 3
    assert [wire.transport.disconnected for wire in wires] == [False, False, True]
