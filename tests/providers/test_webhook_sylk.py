"""Tests for :mod:`sippn.providers.sylk`: what it is told, and every row of its table."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from sippn.binding import PushJob, PushKind, PushTarget, Verdict
from sippn.http import Answer as HTTPAnswer
from sippn.providers.sylk import SYLK_ROWS, sylk_key
from sippn.providers.webhook import Webhook
from sippn.providers.webhook_contracts import SYLK
from sippn.providers.webhook_settings import Preset
from sippn.testing.pns import Answer, ScriptedPNS
from sippn.testing.results import succeeded

MakeJob = Callable[..., PushJob]

IPHONE = PushTarget(
    "apns",
    "TEAM.com.x.voip&remote",
    "AA:voip&BB:remote",
    (("voip", "AA"), ("remote", "BB")),
    "com.x",
)
ANDROID = PushTarget("fcm", "com.x.android", "fcm-token", hints=(("pn-device", "urn:uuid:7"),))

WALL = 784111777.0
CALLER = '"Bob B." <sip:bob@example.net;transport=tls>;tag=4711'


@pytest.fixture
def sylk(make_webhook: Callable[..., Webhook], pns: ScriptedPNS) -> Webhook:
    """What speaks to one."""
    return make_webhook(pns.url, preset=Preset.SYLK)


def told(**changes: Any) -> dict[str, Any]:
    """What sylk-pushserver is told of a call to :data:`IPHONE`, but for *changes*."""
    said = {
        "app-id": "com.x",
        "platform": "apple",
        "token": "AA",
        "call-id": "call-1",
        "from": "bob@example.net",
        "from-display-name": "Bob B.",
        "to": "alice@example.com",
        "event": "incoming_session",
        "silent": True,
        "media-type": "audio",
    }
    changed = {**said, **{name.replace("_", "-"): value for name, value in changes.items()}}
    return {name: value for name, value in changed.items() if value is not None}


@pytest.mark.parametrize(
    ("target", "kind", "expected"),
    [
        (IPHONE, PushKind.CALL, told()),
        (IPHONE, PushKind.MESSAGE, told(token="BB", event="message", media_type="sms")),
        (
            IPHONE,
            PushKind.CANCEL,
            told(token="BB", event="cancel", media_type=None, reason="SIP;cause=200"),
        ),
        (
            ANDROID,
            PushKind.CALL,
            told(
                app_id="com.x.android",
                platform="firebase",
                token="fcm-token",
                device_id="urn:uuid:7",
            ),
        ),
        (evolve(IPHONE, sandbox=True), PushKind.CALL, told(app_id="com.x.dev")),
        (evolve(IPHONE, hints=(("pn-app", "own"),)), PushKind.CALL, told(app_id="own")),
        (evolve(IPHONE, hints=(("pn-silent", "0"),)), PushKind.CALL, told(silent=False)),
        (evolve(IPHONE, hints=(("pn-silent", "1"),)), PushKind.CALL, told()),
    ],
)
async def test_is_told_what_it_asks_for(
    sylk: Webhook,
    pns: ScriptedPNS,
    make_job: MakeJob,
    target: PushTarget,
    kind: PushKind,
    expected: dict[str, Any],
) -> None:
    """D-06: app-id, platform, token, call-id, from, to, event, media-type, silent, reason."""
    reason = "SIP;cause=200" if kind is PushKind.CANCEL else ""
    job = evolve(make_job(), target=target, kind=kind, caller=CALLER, reason=reason)
    assert (await sylk.request_push(job)).verdict is Verdict.ACCEPTED
    assert pns.pushes[0].body == expected


async def test_call_without_a_caller_is_told_as_one(
    sylk: Webhook, pns: ScriptedPNS, make_job: MakeJob
) -> None:
    """It refuses what has no "from"; an empty one it takes."""
    await sylk.request_push(evolve(make_job(), target=IPHONE))
    assert (pns.pushes[0].body["from"], pns.pushes[0].body["from-display-name"]) == ("", "")


@pytest.mark.parametrize("kind", [PushKind.REFRESH, PushKind.MID_DIALOG])
def test_what_it_has_no_word_for_is_not_pushed(
    sylk: Webhook, pns: ScriptedPNS, make_job: MakeJob, kind: PushKind
) -> None:
    """R-04: every event of its would have the app ring."""
    assert not sylk.can_push(ANDROID, kind)
    job = evolve(make_job(), target=ANDROID, kind=kind)
    assert succeeded(sylk.request_push(job)).verdict is Verdict.REFUSED
    assert pns.pushes == []


@pytest.mark.parametrize(
    ("target", "fit"),
    [
        (IPHONE, True),
        (ANDROID, True),
        (PushTarget("webpush", "", "https://push.example.com/1"), False),
        (PushTarget("acme", "app", "token"), False),
        (PushTarget("fcm", "", "token"), False),
        (PushTarget("fcm", "app", ""), False),
    ],
)
def test_reaches_apple_and_google_alone(sylk: Webhook, target: PushTarget, fit: bool) -> None:
    """Its platforms; and an app has to have a name."""
    assert sylk.can_push(target, PushKind.CALL) is fit


def test_promises_what_it_reaches(make_webhook: Callable[..., Webhook], sylk: Webhook) -> None:
    """P-022: both where the operator names none; a phone that asks for all is told of each."""
    assert [each.pns for each in sylk.capabilities] == ["apns", "fcm"]
    of_apple = make_webhook("http://127.0.0.1/", preset=Preset.SYLK, pn_provider="apns")
    assert [each.pns for each in of_apple.capabilities] == ["apns"]
    assert not of_apple.can_push(ANDROID, PushKind.CALL)


def body(code: int, data: object = "", description: str = "push notification response") -> bytes:
    """As sylk-pushserver writes its answers."""
    return json.dumps({"code": code, "description": description, "data": data}).encode()


def pns_said(code: int, reason: str) -> bytes:
    """An answer that hands on what Apple or Google said."""
    data = {"body": {}, "code": code, "reason": reason, "url": "https:...", "token": "AA"}
    return body(code, data)


SEEN: list[tuple[str, int, bytes, Verdict]] = [
    ("HTTP 2xx", 200, pns_said(200, "OK"), Verdict.ACCEPTED),
    ("HTTP 2xx", 202, body(202, {}, "accepted for delivery"), Verdict.ACCEPTED),
    ("HTTP 410", 410, pns_said(410, "Unregistered"), Verdict.DEAD),
    ("HTTP 404, of the push service", 404, pns_said(404, "Not Found"), Verdict.DEAD),
    (
        "HTTP 400 BadDeviceToken",
        400,
        pns_said(400, "BadDeviceToken - The specified device token was bad."),
        Verdict.DEAD,
    ),
    (
        "HTTP 400 BadDeviceToken",
        400,
        pns_said(400, "DeviceTokenNotForTopic - The device token does not match."),
        Verdict.DEAD,
    ),
    ("HTTP 404", 404, body(404, "", "Apple com.x app is not configured"), Verdict.REFUSED),
    ("HTTP 404", 404, b'{"detail":"Not Found"}', Verdict.REFUSED),
    ("HTTP 400", 400, body(400, "", "event must be 'incoming_session'"), Verdict.REFUSED),
    ("HTTP 401, 403", 403, body(403, {}, "access denied by access list"), Verdict.REFUSED),
    ("HTTP 401, 403", 403, pns_said(403, "InvalidProviderToken"), Verdict.REFUSED),
    ("HTTP 401, 403", 401, pns_said(401, "Unauthorized"), Verdict.REFUSED),
    ("HTTP 429", 429, pns_said(429, "TooManyRequests"), Verdict.BUSY),
    ("HTTP 5xx", 500, pns_said(500, "Internal server error"), Verdict.BUSY),
    ("HTTP 3xx, 4xx", 307, b"", Verdict.REFUSED),
    ("HTTP 3xx, 4xx", 400, pns_said(400, "BadTopic"), Verdict.REFUSED),
    ("HTTP 3xx, 4xx", 413, pns_said(413, "PayloadTooLarge"), Verdict.REFUSED),
]


@pytest.mark.parametrize(("row", "status", "said", "verdict"), SEEN)
def test_answer_is_its_row(row: str, status: int, said: bytes, verdict: Verdict) -> None:
    """N-05: an app that it does not know is no dead token, though it says 404 of both."""
    outcome = SYLK.outcome(HTTPAnswer(status, (), said), WALL)
    assert (outcome.verdict, outcome.detail) == (verdict, f"HTTP {status}")
    assert outcome.advice == SYLK_ROWS[row].advice


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        (pns_said(404, "Not Found"), Verdict.DEAD),
        (body(404, "", "Apple com.x app is not configured"), Verdict.REFUSED),
    ],
)
async def test_what_it_says_is_read(
    sylk: Webhook, pns: ScriptedPNS, make_job: MakeJob, said: bytes, verdict: Verdict
) -> None:
    """N-05: of a sylk-pushserver the body counts, and not the status alone."""
    pns.script.append(Answer(404, body=said))
    assert (await sylk.request_push(evolve(make_job(), target=IPHONE))).verdict is verdict


def test_every_row_is_seen() -> None:
    """N-05: the table has no row that nothing leads to."""
    assert {row for row, *_ in SEEN} == set(SYLK_ROWS)


@pytest.mark.parametrize(
    "said", [b"", b"[]", b"null", b'{"data": []}', b'{"data": 5}', b"[" * 60000, b"\xff"]
)
@pytest.mark.parametrize("status", [400, 404])
def test_odd_bodies_kill_no_token(said: bytes, status: int) -> None:
    """T9: what is not its own way to say that a token is gone does not say it."""
    row = SYLK_ROWS[sylk_key(HTTPAnswer(status, (), said))]
    assert row.verdict is Verdict.REFUSED
