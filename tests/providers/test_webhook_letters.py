"""Tests for :mod:`sippn.providers.webhook_letters` and what an onlooker hears of them."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred

from sippn.binding import PushJob, Verdict
from sippn.http import Ambiguous, Answer, NoConnection, Overheard
from sippn.interfaces import Surroundings
from sippn.providers.webhook import Webhook
from sippn.providers.webhook_letters import signature
from sippn.providers.webhook_settings import WebhookSettings
from sippn.testing.pns import Answer as Scripted
from sippn.testing.pns import Manner, ScriptedPNS

MakeJob = Callable[..., PushJob]
Wait = Callable[[Deferred[Any]], Any]

KEY = "0123456789abcdef-secret"
WALL = 784111777  # what the surroundings say


def is_signed(field: str, body: bytes, now: float) -> bool:
    """What a gateway does, as docs/push.rst has it."""
    said = dict(part.split("=", 1) for part in field.split(","))
    made = hmac.new(KEY.encode(), f"{said['t']}.".encode() + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(made, said["v1"]) and abs(now - int(said["t"])) < 300


async def test_signed_push_proves_whose_it_is(
    pns: ScriptedPNS, make_webhook: Callable[..., Webhook], make_job: MakeJob
) -> None:
    """T17, A10: a gateway takes pushes of whoever has the key, for five minutes."""
    webhook = make_webhook(pns.url, signing_key=KEY)
    assert (await webhook.request_push(make_job())).verdict is Verdict.ACCEPTED
    [push] = pns.pushes
    field = push.headers["x-sippn-signature"]
    body = json.dumps(push.body, separators=(",", ":")).encode()
    assert field.startswith(f"t={WALL},v1=")
    assert is_signed(field, body, WALL + 10)
    assert not is_signed(field, body + b" ", WALL)
    assert not is_signed(field, body, WALL + 301)
    assert not is_signed(field.replace(f"t={WALL}", f"t={WALL + 1}"), body, WALL)


async def test_push_without_a_key_is_not_signed(
    webhook: Webhook, pns: ScriptedPNS, make_job: MakeJob
) -> None:
    """There is nothing to prove."""
    await webhook.request_push(make_job())
    assert "x-sippn-signature" not in pns.pushes[0].headers


def test_signature_is_what_it_was() -> None:
    """A gateway relies on it, octet for octet (RFC 4231 has the function's own vectors)."""
    made = hmac.new(b"key", b"1.{}", hashlib.sha256).hexdigest()
    assert signature(b"key", b"{}", 1) == f"t=1,v1={made}".encode()


@pytest.fixture
def heard() -> list[Overheard]:
    return []


@pytest.fixture
def watched(
    pns: ScriptedPNS, surroundings: Surroundings, heard: list[Overheard], wait: Wait
) -> Iterator[Webhook]:
    """A webhook that somebody looks on at."""
    headers = (("Authorization", "Bearer s3cret"),)
    settings = WebhookSettings(f"{pns.url}?a=b", headers=headers)
    webhook = Webhook.build(settings, evolve(surroundings, overhear=heard.append))
    yield webhook
    wait(webhook.stopService())


async def test_onlooker_hears_what_was_asked_and_answered(
    watched: Webhook, pns: ScriptedPNS, heard: list[Overheard], make_job: MakeJob
) -> None:
    """N-10: ``sippn push test`` shows the gateway's own words, which nobody else gets to see."""
    pns.script.append(Scripted(403, (("X-Why", "because"),), b"who are you?"))
    assert (await watched.request_push(make_job())).verdict is Verdict.REFUSED
    [said] = heard
    assert said.origin == f"http://127.0.0.1:{pns.port}"
    assert (said.ask.method, said.ask.path) == (b"POST", b"/push?a=b")
    assert dict(said.ask.fields) == {
        b"content-type": b"application/json",
        b"user-agent": b"sippn",
        b"authorization": b"Bearer s3cret",
    }
    assert json.loads(said.ask.body) == pns.pushes[0].body
    assert isinstance(said.answer, Answer)
    assert (said.answer.status, said.answer.body) == (403, b"who are you?")
    assert said.answer.value(b"x-why") == b"because"


async def test_onlooker_hears_that_nothing_came(
    watched: Webhook, pns: ScriptedPNS, heard: list[Overheard], make_job: MakeJob
) -> None:
    """N-10: and whether the gateway may have it all the same."""
    pns.script.append(Scripted(manner=Manner.RESET))
    assert (await watched.request_push(make_job())).detail == "connection lost"
    await pns.stop()
    assert (await watched.request_push(make_job())).detail == "no connection"
    first, second = (said.answer for said in heard)
    assert isinstance(first, Ambiguous)
    assert isinstance(second, NoConnection)
    assert [str(first), str(second)] == ["connection lost", "no connection"]
