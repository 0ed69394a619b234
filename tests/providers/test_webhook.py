"""Tests for :mod:`sippn.providers.webhook`, over real HTTP on loopback."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from attrs import evolve
from twisted.internet.defer import CancelledError, Deferred, gatherResults
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from twisted.python.failure import Failure
from zope.interface import provider

from sippn.binding import Capability, PushJob, PushKind, PushOutcome, PushTarget, Verdict
from sippn.providers.webhook import Webhook
from sippn.push import Limited, Pace, Retrying, Slots
from sippn.testing.pns import Answer, Manner, ScriptedPNS
from sippn.testing.results import failed, succeeded

MakeJob = Callable[..., PushJob]
MakeWebhook = Callable[..., Webhook]

PRID = "prid-that-nobody-may-see"


def arrival(pns: ScriptedPNS) -> Deferred[None]:
    """Fires when the next push is there."""
    there: Deferred[None] = Deferred()

    def arrived(_: dict[str, Any]) -> None:
        pns.on_push = None
        there.callback(None)

    pns.on_push = arrived
    return there


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """Everything that was logged, as text."""
    lines: list[str] = []

    @provider(ILogObserver)
    def observe(event: LogEvent) -> None:
        lines.append(f"{formatEvent(event)} {event.get('log_failure', '')}")

    globalLogPublisher.addObserver(observe)
    yield lines
    globalLogPublisher.removeObserver(observe)


def _withdrawn(failure: Failure) -> None:
    failure.trap(CancelledError)


async def test_posts_one_json_object(
    pns: ScriptedPNS, make_webhook: MakeWebhook, make_job: MakeJob
) -> None:
    """DESIGN section 5: the contract with the gateway, to the letter."""
    webhook = make_webhook(pns.url, headers=(("Authorization", "Bearer s3cret"),))
    outcome = await webhook.request_push(make_job(left=19.99949))
    assert (outcome.verdict, outcome.detail) == (Verdict.ACCEPTED, "HTTP 200")
    [push] = pns.pushes
    assert push.body == {
        "kind": "call",
        "provider": "acme",
        "param": "app",
        "prid": PRID,
        "token": PRID,
        "service": "",
        "app": "",
        "sandbox": False,
        "hints": {},
        "aor": "sip:alice@example.com",
        "call_id": "call-1",
        "method": "INVITE",
        "deadline": 19.999,
        "id": "job-1",
    }
    assert push.headers["authorization"] == "Bearer s3cret"
    assert push.headers["content-type"] == "application/json"
    assert push.headers["host"] == f"127.0.0.1:{pns.port}"
    assert push.headers["user-agent"] == "sippn"
    assert "accept-encoding" not in push.headers


@pytest.mark.parametrize("kind", list(PushKind))
async def test_kind_is_told_in_the_contracts_words(
    webhook: Webhook, pns: ScriptedPNS, make_job: MakeJob, kind: PushKind
) -> None:
    """DESIGN section 5: call, message, mid-dialog, refresh, cancel."""
    await webhook.request_push(evolve(make_job(), kind=kind))
    assert pns.pushes[0].body["kind"] == kind.name.lower().replace("_", "-")


async def test_octets_that_are_no_utf8_get_through(
    webhook: Webhook, pns: ScriptedPNS, make_job: MakeJob
) -> None:
    """G-03: a PRID is octets; whatever a UA registered is JSON all the same."""
    job = evolve(make_job(), target=PushTarget("acme", '"\\\r\n\u00e9', "a\udcff\u263a"))
    assert (await webhook.request_push(job)).verdict is Verdict.ACCEPTED
    body = pns.pushes[0].body
    assert (body["param"], body["prid"]) == ('"\\\r\n\u00e9', "a\udcff\u263a")


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, Verdict.ACCEPTED),
        (201, Verdict.ACCEPTED),
        (204, Verdict.ACCEPTED),
        (301, Verdict.REFUSED),
        (304, Verdict.REFUSED),
        (400, Verdict.REFUSED),
        (401, Verdict.REFUSED),
        (404, Verdict.DEAD),
        (410, Verdict.DEAD),
        (429, Verdict.BUSY),
        (500, Verdict.BUSY),
        (503, Verdict.BUSY),
    ],
)
async def test_status_is_the_verdict(
    webhook: Webhook,
    pns: ScriptedPNS,
    make_job: MakeJob,
    status: int,
    verdict: Verdict,
) -> None:
    """DESIGN section 5; the connection is of use again after each of them."""
    body = b"" if status in (204, 304) else b'{"error": "as you like it"}'
    pns.script.append(Answer(status, body=body))
    outcome = await webhook.request_push(make_job())
    assert (outcome.verdict, outcome.detail) == (verdict, f"HTTP {status}")
    assert (await webhook.request_push(make_job())).verdict is Verdict.ACCEPTED
    assert pns.connections == 1


async def test_redirect_is_not_followed(
    webhook: Webhook, pns: ScriptedPNS, make_job: MakeJob
) -> None:
    """T8: a gateway must not send us, and our Authorization, elsewhere."""
    pns.script.append(Answer(307, headers=(("Location", pns.url),)))
    assert (await webhook.request_push(make_job())).verdict is Verdict.REFUSED
    assert len(pns.pushes) == 1


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7.0), ("Sun, 06 Nov 1994 08:50:37 GMT", 60.0), ("soon", None)]
)
async def test_retry_after_is_read(
    webhook: Webhook,
    pns: ScriptedPNS,
    make_job: MakeJob,
    value: str,
    seconds: float | None,
) -> None:
    """Seconds or a date (RFC 9110 section 10.2.3)."""
    pns.script.append(Answer(503, headers=(("Retry-After", value),)))
    assert (await webhook.request_push(make_job())).retry_after == seconds


async def test_connections_are_kept(webhook: Webhook, pns: ScriptedPNS, make_job: MakeJob) -> None:
    """One push after the other needs one connection, twenty at once twenty, again and again."""
    for _ in range(5):
        await webhook.request_push(make_job())
    assert pns.connections == 1
    for _ in range(3):
        await gatherResults([webhook.request_push(make_job()) for _ in range(20)])
    assert pns.connections <= 20


async def test_no_more_on_the_wire_than_slots(
    webhook: Webhook, pns: ScriptedPNS, clock: Clock, make_job: MakeJob
) -> None:
    """W3: requests in flight <= the limit, as the gateway sees it."""
    limited = Limited(webhook, clock, Slots(5), Pace(clock, 0))
    outcomes = await gatherResults([limited.request_push(make_job()) for _ in range(50)])
    assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
    assert pns.most_in_flight <= 5
    assert pns.connections <= 5


async def test_given_up_pushes_count_until_they_are_answered(
    webhook: Webhook, pns: ScriptedPNS, clock: Clock, make_job: MakeJob
) -> None:
    """W3: callers who hang up must not raise what a hanging gateway has in flight."""
    pns.default = Answer(manner=Manner.HANG)
    limited = Limited(webhook, clock, Slots(1), Pace(clock, 0))
    first = limited.request_push(make_job()).addErrback(_withdrawn)
    await arrival(pns)
    first.cancel()
    second = limited.request_push(make_job())
    assert not second.called
    pns.default = Answer()
    clock.advance(5)
    assert (await second).verdict is Verdict.ACCEPTED
    assert pns.most_in_flight == 1


async def test_push_on_the_wire_finishes_unseen(
    webhook: Webhook, pns: ScriptedPNS, make_job: MakeJob
) -> None:
    """A UA that is back before its PNS has answered costs no connection."""
    there = arrival(pns)
    pns.script.append(Answer(delay=0.02))
    asked = webhook.request_push(make_job())
    await there
    seen: list[Verdict] = []
    asked.addCallback(lambda outcome: seen.append(outcome.verdict))
    asked.cancel()
    asked.cancel()
    assert seen == []
    await asked
    assert seen == [Verdict.ACCEPTED]
    assert (await webhook.request_push(make_job())).verdict is Verdict.ACCEPTED
    assert pns.connections == 1


async def test_push_without_a_connection_yet_is_dropped(
    webhook: Webhook, pns: ScriptedPNS, make_job: MakeJob
) -> None:
    """S-12: what has not left never leaves."""
    asked = webhook.request_push(make_job())
    asked.cancel()
    failed(asked, CancelledError)
    await webhook.request_push(make_job())
    assert [push.body["id"] for push in pns.pushes] == ["job-2"]


async def test_reset_on_the_wire_has_failed(
    webhook: Webhook, pns: ScriptedPNS, make_job: MakeJob
) -> None:
    """T9: whether the gateway has it nobody knows: the phone gets time before it is asked again."""
    pns.script.append(Answer(manner=Manner.RESET))
    outcome = await webhook.request_push(make_job())
    assert outcome == PushOutcome(Verdict.FAILED, detail="connection lost", retry_after=2.0)


async def test_connection_closed_while_idle_costs_two_seconds(
    webhook: Webhook, pns: ScriptedPNS, clock: Clock, make_job: MakeJob
) -> None:
    """The classic race of keep-alive: the gateway closes as we write, and may have acted on it."""
    retrying = Retrying(webhook, clock, lambda n: bytes([255]) * n)
    await retrying.request_push(make_job())
    pns.cut()
    asked = retrying.request_push(make_job())  # in the same turn: we have not seen it yet
    there = arrival(pns)
    attempt = webhook._exchanges.copy().pop()
    await _over(attempt)
    clock.advance(1.9)
    assert not asked.called
    assert len(pns.pushes) == 1
    clock.advance(1)
    await there
    assert (await asked).verdict is Verdict.ACCEPTED


def _over(exchange: Deferred[PushOutcome]) -> Deferred[None]:
    """Fires after *exchange*, which keeps its result."""
    over: Deferred[None] = Deferred()

    def tell(result: PushOutcome) -> PushOutcome:
        over.callback(None)
        return result

    exchange.addBoth(tell)
    return over


async def test_gateway_that_says_close_is_connected_to_again(
    webhook: Webhook, pns: ScriptedPNS, make_job: MakeJob
) -> None:
    """Connection: close is honoured, and is no failure."""
    pns.default = Answer(manner=Manner.CLOSE, body=b"ok")
    for _ in range(3):
        assert (await webhook.request_push(make_job())).verdict is Verdict.ACCEPTED
    assert pns.connections == 3


async def test_nobody_listening_has_failed(
    make_webhook: MakeWebhook, pns: ScriptedPNS, make_job: MakeJob
) -> None:
    """At once; what is wrong is said, where is not: a URL may have a secret."""
    webhook = make_webhook(pns.url)
    await pns.stop()
    outcome = await webhook.request_push(make_job())
    assert outcome == PushOutcome(Verdict.FAILED, detail="no connection", unsent=True)


async def test_hanging_gateway_is_cut_after_five_seconds(
    webhook: Webhook, pns: ScriptedPNS, clock: Clock, make_job: MakeJob
) -> None:
    """T8, W3: and the connection with it, as an answer may come yet."""
    pns.script.append(Answer(manner=Manner.HANG))
    asked = webhook.request_push(make_job())
    await arrival(pns)
    clock.advance(4.9)
    assert not asked.called
    clock.advance(0.1)
    assert succeeded(asked) == PushOutcome(Verdict.FAILED, detail="timed out", retry_after=2.0)
    assert (await webhook.request_push(make_job())).verdict is Verdict.ACCEPTED
    assert pns.connections == 2


async def test_connecting_that_takes_too_long_has_sent_nothing(
    webhook: Webhook, pns: ScriptedPNS, clock: Clock, make_job: MakeJob
) -> None:
    """S-12: a phone that certainly was not pushed is not told that its call is over."""
    asked = webhook.request_push(make_job())
    clock.advance(5)
    assert succeeded(asked) == PushOutcome(Verdict.FAILED, detail="timed out", unsent=True)
    assert pns.pushes == []


async def test_deadline_comes_first_where_it_is_sooner(
    webhook: Webhook, pns: ScriptedPNS, clock: Clock, make_job: MakeJob
) -> None:
    """After its deadline a push is worth nothing."""
    pns.script.append(Answer(manner=Manner.HANG))
    asked = webhook.request_push(make_job(left=1.5))
    await arrival(pns)
    clock.advance(1.5)
    assert succeeded(asked).detail == "timed out"


def test_job_past_its_deadline_does_not_leave(
    webhook: Webhook, pns: ScriptedPNS, make_job: MakeJob
) -> None:
    """Nor does it connect."""
    outcome = succeeded(webhook.request_push(make_job(left=0)))
    assert outcome == PushOutcome(Verdict.FAILED, detail="deadline passed", unsent=True)


@pytest.mark.parametrize(
    ("status", "verdict"), [(200, Verdict.ACCEPTED), (410, Verdict.DEAD), (500, Verdict.BUSY)]
)
async def test_endless_body_is_cut(
    webhook: Webhook,
    pns: ScriptedPNS,
    make_job: MakeJob,
    status: int,
    verdict: Verdict,
) -> None:
    """T9, W4: 64 KiB are read, then the connection is cut; the status has said all."""
    pns.script.append(Answer(status, manner=Manner.ENDLESS))
    assert (await webhook.request_push(make_job())).verdict is verdict
    assert (await webhook.request_push(make_job())).verdict is Verdict.ACCEPTED
    assert pns.connections == 2


async def test_dripping_body_is_cut_in_time(
    webhook: Webhook, pns: ScriptedPNS, clock: Clock, make_job: MakeJob
) -> None:
    """T9: a slow drip keeps a connection five seconds, not for ever."""
    pns.script.append(Answer(202, manner=Manner.DRIP, delay=0.01))
    asked = webhook.request_push(make_job())
    await arrival(pns)
    await _turns(pns, 5)
    assert not asked.called
    clock.advance(5)
    outcome = await asked
    assert (outcome.verdict, outcome.detail) == (Verdict.ACCEPTED, "HTTP 202")


def _turns(pns: ScriptedPNS, hundredths: int) -> Deferred[None]:
    done: Deferred[None] = Deferred()
    pns.later(hundredths / 100, lambda: done.callback(None))
    return done


@pytest.mark.parametrize(
    ("octets", "outcome"),
    [
        (b"\x00\x01 garbage\r\n\r\n", PushOutcome(Verdict.FAILED, detail="no HTTP")),
        (b"HTTP/1.1 2x0 OK\r\n\r\n", PushOutcome(Verdict.FAILED, detail="no HTTP")),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            PushOutcome(Verdict.FAILED, detail="no HTTP"),
        ),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000, PushOutcome(Verdict.FAILED, detail="")),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000, PushOutcome(Verdict.FAILED, detail="")),
        (
            b"HTTP/1.1 200 OK\r\n" + b"X-Name: value\r\n" * 1000 + b"Content-Length: 0\r\n\r\n",
            PushOutcome(Verdict.ACCEPTED, detail="HTTP 200"),
        ),
        (
            b"HTTP/1.1 102 Processing\r\n\r\n" * 100 + b"HTTP/1.1 410 Gone\r\n\r\n",
            PushOutcome(Verdict.DEAD, detail="HTTP 410"),
        ),
        (b"HTTP/1.1 102 Processing\r\n\r\n" * 5000, PushOutcome(Verdict.FAILED, detail="")),
        (
            b"HTTP/1.1 503 No\r\nContent-Length: 100\r\n\r\ncut sho",
            PushOutcome(Verdict.BUSY, detail="HTTP 503"),
        ),
        (b"HTTP/1.0 200 OK\r\n\r\nno length", PushOutcome(Verdict.ACCEPTED, detail="HTTP 200")),
    ],
)
async def test_whatever_comes_is_an_outcome(
    webhook: Webhook,
    pns: ScriptedPNS,
    make_job: MakeJob,
    octets: bytes,
    outcome: PushOutcome,
) -> None:
    """T9, W4: header floods, 1xx storms, framing tricks: a value comes back, nothing is logged."""
    pns.script.append(Answer(manner=Manner.RAW, body=octets))
    seen = await webhook.request_push(make_job())
    assert seen.verdict is outcome.verdict
    if outcome.detail:
        assert seen.detail == outcome.detail
    # the first of these may meet the connection as the gateway closes it
    again = [await webhook.request_push(make_job()) for _ in range(2)]
    assert again[1].verdict is Verdict.ACCEPTED


async def test_gzip_is_not_unpacked(webhook: Webhook, pns: ScriptedPNS, make_job: MakeJob) -> None:
    """W4: 50 MB in 50 kB are 50 kB to us."""
    bomb = gzip.compress(bytes(50_000_000), mtime=0)
    assert len(bomb) < 60_000
    pns.script.append(Answer(200, (("Content-Encoding", "gzip"),), bomb))
    assert (await webhook.request_push(make_job())).verdict is Verdict.ACCEPTED
    await webhook.request_push(make_job())
    assert pns.connections == 1


async def test_prid_and_secrets_are_in_no_log(
    pns: ScriptedPNS, make_webhook: MakeWebhook, make_job: MakeJob, logged: list[str]
) -> None:
    """T7, T17: whatever goes wrong, and whatever the gateway repeats."""
    webhook = make_webhook(f"{pns.url}?key=s3cret", headers=(("X-Key", "s3cret"),))
    echo = Answer(403, (("X-Prid", PRID),), PRID.encode())
    parrot = f"HTTP/1.1 {PRID} {PRID}\r\n\r\n".encode()
    pns.script += [echo, Answer(manner=Manner.RESET), Answer(manner=Manner.RAW, body=parrot)]
    outcomes = [await webhook.request_push(make_job()) for _ in range(4)]
    for secret in (PRID, "s3cret"):
        assert secret not in f"{webhook!r} {outcomes} {webhook._settings!r}"
        assert secret not in "\n".join(logged)


async def test_stopping_ends_what_is_in_flight(
    make_webhook: MakeWebhook, pns: ScriptedPNS, make_job: MakeJob
) -> None:
    """D6: a stop waits for no gateway, and leaves no connection."""
    webhook = make_webhook(pns.url)
    await webhook.request_push(make_job())
    pns.script.append(Answer(manner=Manner.HANG))
    asked = webhook.request_push(make_job())
    await arrival(pns)
    await webhook.stopService()
    assert succeeded(asked).verdict is Verdict.FAILED
    assert len(webhook._gateway.connections) == 0


async def test_stopped_one_connects_to_nobody(
    webhook: Webhook, pns: ScriptedPNS, make_job: MakeJob
) -> None:
    """D6: what is asked when it has stopped has failed, and leaves no connection behind."""
    await webhook.stopService()
    outcome = succeeded(webhook.request_push(make_job()))
    assert (outcome.verdict, outcome.unsent) == (Verdict.FAILED, True)
    assert pns.connections == 0


def test_serves_the_pns_it_is_configured_for(make_webhook: MakeWebhook) -> None:
    """pn-provider chooses; what pn-param means only the gateway knows."""
    acme = make_webhook("http://127.0.0.1:1/", pn_provider="acme")
    assert acme.capabilities == (Capability("acme"),)
    for kind in PushKind:
        assert acme.can_push(PushTarget("acme", "", "x"), kind)
        assert not acme.can_push(PushTarget("fcm", "", "x"), kind)


def test_without_pn_provider_it_serves_any(make_webhook: MakeWebhook) -> None:
    """P-022: a webhook that serves any PNS names none of them to a query for all."""
    any_pns = make_webhook("http://127.0.0.1:1/")
    assert any_pns.capabilities == ()
    assert any_pns.can_push(PushTarget("fcm", "", "x"), PushKind.REFRESH)
    assert not any_pns.can_push(PushTarget("fcm", "", ""), PushKind.CALL)


TWO_TOKENS = PushTarget(
    "apns",
    "ABCD1234.com.x.voip&remote",
    "AA:voip&BB:remote",
    tokens=(("voip", "AA"), ("remote", "BB")),
    app="com.x",
    sandbox=True,
    hints=(("pn-silent", "1"), ("pn-call-str", "IC_MSG")),
)


@pytest.mark.parametrize("kind", list(PushKind))
async def test_gateway_is_told_which_token_to_push(
    webhook: Webhook, pns: ScriptedPNS, make_job: MakeJob, kind: PushKind
) -> None:
    """N-29, B 17: of two tokens the VoIP one gets calls, the other one all else."""
    await webhook.request_push(evolve(make_job(), kind=kind, target=TWO_TOKENS))
    body = pns.pushes[0].body
    is_call = kind is PushKind.CALL
    assert (body["service"], body["token"]) == (("voip", "AA") if is_call else ("remote", "BB"))
    assert (body["app"], body["sandbox"]) == ("com.x", True)
    assert body["hints"] == {"pn-silent": "1", "pn-call-str": "IC_MSG"}
    assert (body["param"], body["prid"]) == (TWO_TOKENS.param, TWO_TOKENS.prid)


async def test_push_that_there_is_no_token_for_does_not_leave(
    webhook: Webhook, pns: ScriptedPNS, make_job: MakeJob
) -> None:
    """R-04: iOS stops an app that gets a VoIP push and does not ring, whoever asks for one."""
    voip = evolve(TWO_TOKENS, tokens=(("voip", "AA"),))
    outcome = succeeded(webhook.request_push(evolve(make_job(), kind=PushKind.CANCEL, target=voip)))
    assert outcome == PushOutcome(Verdict.REFUSED, detail="no token for a push of this kind")
    assert pns.pushes == []
