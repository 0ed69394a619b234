"""Tests for :mod:`sippn.providers.apns.provider`."""

from __future__ import annotations

import pytest
from attrs import evolve
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from sippn.binding import PushKind, PushOutcome, Verdict
from sippn.http import Ambiguous, Answer, NoAnswer, NoConnection, NotProcessed
from sippn.providers.apns.provider import ANSWER_TIME
from sippn.testing.contracts.provider import PRID
from tests.providers.apns.scene import (
    BUNDLE,
    OK,
    REMOTE,
    REMOTE_TOKEN,
    VOIP,
    VOIP_TOKEN,
    Environment,
    Scene,
    refusal,
    target,
)

BAD_TOKEN = refusal(400, "BadDeviceToken")
EXPIRED = refusal(403, "ExpiredProviderToken")
INVALID = refusal(403, "InvalidProviderToken")


def test_push_is_asked_for_once() -> None:
    """N-04: one POST to the token's path, and Apple's answer is the outcome."""
    scene = Scene()
    outcome = scene.push()
    assert outcome.verdict is Verdict.ACCEPTED
    (ask,) = scene.production.asked
    assert (ask.method, ask.path) == (b"POST", f"/3/device/{VOIP_TOKEN}".encode())
    assert scene.production.seconds == [ANSWER_TIME]
    assert scene.development.asked == []


def test_short_deadline_is_the_time_there_is() -> None:
    """T9: nobody waits for an answer that comes too late."""
    scene = Scene()
    scene.push(scene.job(deadline=scene.clock.seconds() + 1.5))
    assert scene.production.seconds == [1.5]


def test_late_job_is_not_asked_for() -> None:
    """S-14: after its deadline a push is worth nothing."""
    scene = Scene()
    outcome = scene.push(scene.job(deadline=scene.clock.seconds()))
    assert (outcome.verdict, outcome.detail) == (Verdict.FAILED, "deadline passed")
    assert scene.production.asked == []


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (NoConnection("no connection"), None),
        (NotProcessed("no free stream in time"), None),
        (Ambiguous("timed out"), 2.0),
    ],
)
def test_no_answer_is_an_outcome(error: NoAnswer, wait: float | None) -> None:
    """T9: FAILED, and the phone gets time to come where the push may be on its way."""
    scene = Scene()
    scene.production.script.append(error)
    outcome = scene.push()
    assert outcome == PushOutcome(
        Verdict.FAILED, detail=str(error), retry_after=wait, unsent=wait is None
    )


@pytest.mark.parametrize("kind", PushKind)
def test_can_push_what_has_a_token_for_it(kind: PushKind) -> None:
    """R-04: a VoIP token is for calls only; one for alerts is for all."""
    provider = Scene().provider
    assert provider.can_push(target(), kind)
    assert provider.can_push(target(REMOTE), kind)
    assert provider.can_push(target(VOIP), kind) is (kind is PushKind.CALL)


def test_refresh_of_a_voip_token_is_not_sent() -> None:
    """R-04: nor by a caller that does not ask first."""
    scene = Scene()
    outcome = scene.push(scene.job(PushKind.REFRESH, target=target(VOIP)))
    assert outcome.verdict is Verdict.REFUSED
    assert scene.production.asked == []


@pytest.mark.parametrize(
    "token",
    ["", "a", "a1b", "xyz1", "../a1", "a1/b2", "a1 b2", "a1\r\n", "a1" * 201, "\u0661\u0661"],
)
def test_token_that_is_none_goes_nowhere(token: str) -> None:
    """T8: a PRID stands in a path; only hex of a sane length gets there."""
    scene = Scene()
    bad = target({"voip": token})
    assert not scene.provider.can_push(bad, PushKind.CALL)
    assert scene.push(scene.job(target=bad)).verdict is Verdict.REFUSED
    assert scene.production.asked == []


def test_app_is_found_by_its_bundle_id() -> None:
    """D-01, D-09: whatever team a UA names, or none; an app that nobody configured is not ours."""
    provider = Scene().provider
    for param in (f"ABCD1234.{BUNDLE}.voip", f"OTHERTEAM1.{BUNDLE}.voip", BUNDLE):
        assert provider.can_push(target(VOIP, param=param), PushKind.CALL)
    assert provider.can_push(target(VOIP, param=BUNDLE, app=""), PushKind.CALL)
    assert not provider.can_push(target(app="com.example.other"), PushKind.CALL)
    assert not provider.can_push(target(provider="fcm"), PushKind.CALL)


def test_job_of_an_unknown_app_is_refused() -> None:
    """N-05: with what to do about it."""
    outcome = Scene().push(Scene().job(target=target(app="com.example.other")))
    assert outcome.verdict is Verdict.REFUSED
    assert "apps" in outcome.advice


def test_payload_that_apple_would_not_take_is_not_sent() -> None:
    """N-27: a name of a caller's that is too long for the whole payload is not Apple's to find."""
    gaps = {f"x{at}": "{from_name}" for at in range(16)}
    scene = Scene(payload={"message": gaps, "call": gaps})
    caller = f'"{"n" * 300}" <sip:ann@example.net>'
    outcome = scene.push(scene.job(PushKind.MESSAGE, caller=caller))
    assert (outcome.verdict, outcome.detail) == (Verdict.REFUSED, "payload too large")
    assert "payload" in outcome.advice
    assert scene.production.asked == []
    assert scene.push(scene.job(caller=caller)).verdict is Verdict.ACCEPTED  # 5120 for a call


def test_token_of_ours_is_the_same_for_all_pushes() -> None:
    """N-04: one token for every push within 45 minutes."""
    scene = Scene()
    scene.push()
    first = scene.production.last["authorization"]
    scene.clock.advance(44 * 60)
    scene.push(scene.job(PushKind.REFRESH))
    assert scene.production.last["authorization"] == first
    scene.clock.advance(60)
    scene.push()
    assert scene.production.last["authorization"] != first


@pytest.mark.parametrize("refused", [EXPIRED, INVALID])
def test_token_that_is_refused_is_made_anew_once(refused: Answer) -> None:
    """N-05: an old token may be why; the push is asked for again with a new one, once."""
    scene = Scene()
    scene.push()
    old = scene.production.last["authorization"]
    scene.clock.advance(20 * 60)
    scene.production.script.append(refused)
    assert scene.push().verdict is Verdict.ACCEPTED
    assert scene.production.last["authorization"] != old
    assert len(scene.production.asked) == 3
    scene.clock.advance(20 * 60)
    scene.production.script.extend([refused, refused])
    assert scene.push().verdict is Verdict.REFUSED
    assert len(scene.production.asked) == 5


@pytest.mark.parametrize("refused", [EXPIRED, INVALID])
def test_token_is_not_made_anew_too_often(refused: Answer) -> None:
    """N-05: APNs answers 429 to who makes tokens more often than every 20 minutes."""
    scene = Scene()
    scene.push()
    scene.clock.advance(20 * 60 - 1)
    scene.production.script.append(refused)
    outcome = scene.push()
    assert (outcome.verdict, len(scene.production.asked)) == (Verdict.REFUSED, 2)


def test_token_that_another_push_had_made_anew_is_used() -> None:
    """N-05: of many pushes that were refused together, one makes the token."""
    scene = Scene()
    scene.push()
    scene.clock.advance(20 * 60)
    slow: list[Deferred[Answer]] = [Deferred(), Deferred()]
    scene.production.script.extend(slow)
    results: list[PushOutcome] = []
    for _ in slow:
        scene.provider.request_push(scene.job()).addCallback(results.append)
    for answer in slow:
        answer.callback(EXPIRED)
    assert [outcome.verdict for outcome in results] == [Verdict.ACCEPTED] * 2
    sent = [dict(ask.fields)[b"authorization"] for ask in scene.production.asked]
    assert sent[3] == sent[4] != sent[1]


def test_certificate_needs_no_token() -> None:
    """N-04: who shows a certificate says no more, and cannot renew it either."""
    scene = Scene(by_key=False)
    scene.production.script.append(EXPIRED)
    assert scene.push().verdict is Verdict.REFUSED
    assert "authorization" not in scene.production.last
    assert len(scene.production.asked) == 1


@pytest.mark.parametrize(
    ("configured", "said", "asked"),
    [
        (None, False, "production"),
        (None, True, "development"),
        (False, True, "production"),
        (True, False, "development"),
    ],
)
def test_environment_is_configured_or_the_uas(
    configured: bool | None, said: bool, asked: str
) -> None:
    """N-04: with "auto" the UA's word counts; else it does not."""
    scene = Scene(sandbox=configured)
    scene.push(scene.job(target=target(sandbox=said)))
    environments = {"production": scene.production, "development": scene.development}
    assert [name for name, one in environments.items() if one.asked] == [asked]


def test_other_environment_is_tried_and_remembered() -> None:
    """N-05: a token that production does not know may be one of the sandbox; then it stays so."""
    scene = Scene()
    scene.production.script.append(BAD_TOKEN)
    assert scene.push().verdict is Verdict.ACCEPTED
    assert scene.push(scene.job(PushKind.REFRESH)).verdict is Verdict.ACCEPTED
    assert (len(scene.production.asked), len(scene.development.asked)) == (1, 2)
    first, again = (dict(one.asked[0].fields) for one in (scene.production, scene.development))
    assert first[b"apns-id"] == again[b"apns-id"]


def test_what_was_learnt_can_be_wrong_later() -> None:
    """N-05: the app came from the App Store since; the UA's own word is right again."""
    scene = Scene()
    scene.production.script.append(BAD_TOKEN)
    scene.push()
    scene.development.script.append(BAD_TOKEN)
    assert scene.push().verdict is Verdict.ACCEPTED
    scene.push()
    assert (len(scene.production.asked), len(scene.development.asked)) == (3, 2)


def test_token_that_neither_knows_is_dead() -> None:
    """N-05: each environment is asked once, and then the binding is dead."""
    scene = Scene()
    scene.production.script.append(BAD_TOKEN)
    scene.development.script.append(BAD_TOKEN)
    outcome = scene.push()
    assert (outcome.verdict, outcome.detail) == (Verdict.DEAD, "400 BadDeviceToken")
    assert (len(scene.production.asked), len(scene.development.asked)) == (1, 1)


def test_gateway_for_both_environments_is_asked_once() -> None:
    """N-05: it knows itself where it sends a push, and would say the same again."""
    gateway = Environment()
    scene = Scene(production=gateway, development=gateway)
    gateway.script.append(BAD_TOKEN)
    assert scene.push().verdict is Verdict.DEAD
    assert len(gateway.asked) == 1


@pytest.mark.parametrize("sandbox", [True, False])
def test_configured_environment_is_the_only_one(sandbox: bool) -> None:
    """N-05: where the operator says which, a token that is bad there is dead."""
    scene = Scene(sandbox=sandbox)
    asked = scene.development if sandbox else scene.production
    asked.script.append(BAD_TOKEN)
    outcome = scene.push()
    assert outcome.verdict is Verdict.DEAD
    assert "sandbox" in outcome.advice
    assert len(scene.production.asked) + len(scene.development.asked) == 1


@pytest.mark.parametrize(
    ("second", "verdict"),
    [
        (refusal(410, "Unregistered"), Verdict.DEAD),
        (refusal(503, "Shutdown"), Verdict.BUSY),
        (NoConnection("no connection"), Verdict.BUSY),
        (Ambiguous("timed out"), Verdict.FAILED),
        (refusal(403, "BadEnvironmentKeyInToken"), Verdict.DEAD),
    ],
)
def test_other_environments_word_counts_where_it_knows_more(
    second: Answer | NoAnswer, verdict: Verdict
) -> None:
    """N-05: as long as the other environment cannot say, nobody is dead."""
    scene = Scene()
    scene.production.script.append(BAD_TOKEN)
    scene.development.script.append(second)
    assert scene.push().verdict is verdict
    scene.push()
    assert len(scene.production.asked) == 2  # nothing was learnt


def test_key_of_one_environment_is_tried_there() -> None:
    """N-05: such a key pushes the phones of its environment; the others tell the operator."""
    scene = Scene()
    wrong = refusal(403, "BadEnvironmentKeyInToken")
    scene.production.script.append(wrong)
    assert scene.push().verdict is Verdict.ACCEPTED
    scene = Scene()
    scene.production.script.append(wrong)
    scene.development.script.append(BAD_TOKEN)
    assert scene.push().verdict is Verdict.REFUSED


def test_second_question_has_what_is_left_of_the_time() -> None:
    """T9: however often it asks, a push ends at its deadline."""
    scene = Scene()
    slow: Deferred[Answer] = Deferred()
    scene.production.script.append(slow)
    results: list[PushOutcome] = []
    job = scene.job(deadline=scene.clock.seconds() + 6)
    scene.provider.request_push(job).addCallback(results.append)
    scene.clock.advance(4)
    slow.callback(BAD_TOKEN)
    assert scene.development.seconds == [2]
    assert results[0].verdict is Verdict.ACCEPTED


def test_second_question_is_not_asked_too_late() -> None:
    """S-14: nor is the token dead for that."""
    scene = Scene()
    slow: Deferred[Answer] = Deferred()
    scene.production.script.append(slow)
    results: list[PushOutcome] = []
    job = scene.job(deadline=scene.clock.seconds() + 3)
    scene.provider.request_push(job).addCallback(results.append)
    scene.clock.advance(3)
    slow.callback(BAD_TOKEN)
    assert results[0].verdict is Verdict.FAILED
    assert scene.development.asked == []


def test_lane_is_the_app_and_its_environment() -> None:
    """W3: an app whose PNS hangs holds up no other's, nor production the sandbox."""
    scene = Scene()
    provider = scene.provider
    assert provider.lane_of(target()) == BUNDLE
    assert provider.lane_of(target(sandbox=True)) == f"{BUNDLE} sandbox"
    scene.production.script.append(BAD_TOKEN)
    scene.push()
    assert provider.lane_of(target()) == f"{BUNDLE} sandbox"
    assert Scene(sandbox=False).provider.lane_of(target(sandbox=True)) == BUNDLE


def test_cancelling_reaches_the_request() -> None:
    """S-12: what has not left is dropped, and what has loses its stream."""
    scene = Scene()
    cancelled: list[Deferred[Answer]] = []
    scene.production.script.append(Deferred(cancelled.append))
    ended: list[Failure] = []
    asked = scene.provider.request_push(scene.job())
    asked.addErrback(ended.append)
    asked.cancel()
    assert len(cancelled) == 1
    assert ended[0].check(CancelledError)


def test_stopping_cuts_every_connection() -> None:
    """S-13: a server that stops leaves no socket behind."""
    scene = Scene()
    assert scene.provider.stopService().called
    assert scene.production.closed
    assert scene.development.closed


def test_nothing_says_a_credential() -> None:
    """T7: neither device token nor our own is in a repr or an outcome."""
    scene = Scene()
    scene.production.script.append(BAD_TOKEN)
    outcome = scene.push()
    ours = scene.production.last["authorization"].removeprefix("bearer ")
    said = repr([scene.provider, outcome, scene.production.asked, scene.token])
    for secret in (VOIP_TOKEN, REMOTE_TOKEN, ours, PRID):
        assert secret not in said


def test_job_that_is_asked_for_again_has_the_same_id() -> None:
    """S-04: a repeated push is the same push to Apple, and another job is another."""
    scene = Scene()
    scene.push()
    first = scene.production.last["apns-id"]
    scene.push()
    assert scene.production.last["apns-id"] == first
    scene.push(evolve(scene.job(), id="job-2"))
    assert scene.production.last["apns-id"] != first


def test_answer_in_another_environment_is_of_use_to_nobody_else() -> None:
    """N-28: what is learnt of one UA says nothing about another's."""
    scene = Scene()
    scene.production.script.extend([BAD_TOKEN, OK])
    scene.push()
    scene.push(scene.job(target=target({"voip": "c3" * 32})))
    assert (len(scene.production.asked), len(scene.development.asked)) == (2, 1)
