"""Tests for :mod:`sippn.providers.apns.answers`."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sippn.binding import Verdict
from sippn.http import Answer
from sippn.providers.apns.answers import ROWS, Reply
from tests.providers.apns.scene import WALL, refusal

SENT_AS = "12345678-1234-4234-8234-123456789abc"

# what each answer means, written down a second time: REQUIREMENTS Appendix A, N-05
DEAD = {
    (400, "BadDeviceToken"),
    (400, "DeviceTokenNotForTopic"),
    (410, "ExpiredToken"),
    (410, "Unregistered"),
}
BUSY = {
    (429, "TooManyRequests"),
    (500, "InternalServerError"),
    (503, "ServiceUnavailable"),
    (503, "Shutdown"),
}
FAILED = {(400, "IdleTimeout")}


def _verdict(status: int, reason: str) -> Verdict:
    if (status, reason) == (200, ""):
        return Verdict.ACCEPTED
    for verdict, answers in ((Verdict.DEAD, DEAD), (Verdict.BUSY, BUSY), (Verdict.FAILED, FAILED)):
        if (status, reason) in answers:
            return verdict
    return Verdict.REFUSED


@pytest.mark.parametrize(("status", "reason"), ROWS)
def test_each_row_is_what_is_answered(status: int, reason: str) -> None:
    """N-05: what is about one token kills its binding; what is about the app or us does not."""
    answer = refusal(status, reason) if reason else Answer(status)
    outcome = Reply.of(answer).outcome(SENT_AS, lambda: WALL)
    assert outcome.verdict is _verdict(status, reason)
    assert outcome.detail == f"{status} {reason}".rstrip()
    assert outcome.advice == ROWS[status, reason].advice
    assert outcome.pns_id == SENT_AS


def test_no_row_is_without_a_cure() -> None:
    """N-05: whatever is refused, its row says what to do about it."""
    for row in ROWS.values():
        assert row.meaning
        assert row.cure or row.verdict is Verdict.ACCEPTED


def test_table_is_apples() -> None:
    """Appendix A: each reason of Apple's table is known, under its status."""
    reasons = {
        400: "BadCollapseId BadDeviceToken BadExpirationDate BadMessageId BadPriority BadTopic "
        "DeviceTokenNotForTopic DuplicateHeaders IdleTimeout InvalidPushType MissingDeviceToken "
        "MissingTopic PayloadEmpty TopicDisallowed",
        403: "BadCertificate BadCertificateEnvironment ExpiredProviderToken Forbidden "
        "InvalidProviderToken MissingProviderToken UnrelatedKeyIdInToken "
        "BadEnvironmentKeyIdInToken BadEnvironmentKeyInToken",
        404: "BadPath",
        405: "MethodNotAllowed",
        410: "ExpiredToken Unregistered",
        413: "PayloadTooLarge",
        429: "TooManyProviderTokenUpdates TooManyRequests",
        500: "InternalServerError",
        503: "ServiceUnavailable Shutdown",
    }
    known = {(status, reason) for status, names in reasons.items() for reason in names.split()}
    assert set(ROWS) == known | {(200, "")}


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, Verdict.ACCEPTED),
        (204, Verdict.ACCEPTED),
        (302, Verdict.REFUSED),
        (400, Verdict.REFUSED),
        (401, Verdict.REFUSED),
        (403, Verdict.REFUSED),
        (404, Verdict.REFUSED),
        (410, Verdict.DEAD),
        (413, Verdict.REFUSED),
        (418, Verdict.REFUSED),
        (429, Verdict.BUSY),
        (500, Verdict.BUSY),
        (502, Verdict.BUSY),
        (599, Verdict.BUSY),
    ],
)
@pytest.mark.parametrize("body", [b"", b'{"reason":"SomethingNew"}', b"<html>"])
def test_reason_that_is_not_known_leaves_the_status(
    status: int, verdict: Verdict, body: bytes
) -> None:
    """N-05: a reason that Apple has invented since, or none, is judged by its status."""
    reply = Reply.of(Answer(status, (), body))
    outcome = reply.outcome(SENT_AS, lambda: WALL)
    assert outcome.verdict is verdict
    assert outcome.detail == f"{status} {reply.reason}".rstrip()
    assert outcome.advice


def test_reason_counts_under_its_status_only() -> None:
    """N-05: a gateway that writes "Unregistered" below a 500 kills no binding."""
    assert Reply.of(refusal(500, "Unregistered")).row.verdict is Verdict.BUSY


def test_time_of_a_410_is_told_in_seconds() -> None:
    """N-05: APNs dates a 410 in milliseconds; a REGISTER after that proves the token alive."""
    outcome = Reply.of(refusal(410, "Unregistered", timestamp=1_699_999_999_500)).outcome(
        SENT_AS, lambda: WALL
    )
    assert outcome.gone_since == 1_699_999_999.5


@pytest.mark.parametrize("timestamp", [None, "1699999999500", 1699999999, -1, 10**30, True, 1.6e12])
def test_time_that_cannot_be_is_none(timestamp: object) -> None:
    """N-05: a time in other units, or none at all, is left out; the token is dead anyway."""
    outcome = Reply.of(refusal(410, "Unregistered", timestamp=timestamp)).outcome(
        SENT_AS, lambda: WALL
    )
    assert (outcome.verdict, outcome.gone_since) == (Verdict.DEAD, None)


def test_time_of_anything_else_is_not_believed() -> None:
    """N-05: only an answer that says a token is gone says since when."""
    answer = refusal(503, "Shutdown", timestamp=1_699_999_999_500)
    assert Reply.of(answer).outcome(SENT_AS, lambda: WALL).gone_since is None


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (refusal(429, "TooManyRequests"), None),
        (Answer(429, ((b"retry-after", b"7"),)), 7.0),
        (Answer(503, ((b"retry-after", b"Tue, 14 Nov 2023 22:13:30 GMT"),)), 10.0),
        (Answer(400, ((b"retry-after", b"7"),)), None),
    ],
)
def test_retry_after_is_honoured(answer: Answer, wait: float | None) -> None:
    """Appendix A: where APNs is busy, it may say for how long."""
    assert Reply.of(answer).outcome(SENT_AS, lambda: WALL).retry_after == wait


def test_apns_id_is_apples_where_it_is_one() -> None:
    """N-07: the id by which Apple finds the push; anything else in its place is ours."""
    own = b"87654321-4321-4321-8321-CBA987654321"
    for value, found in ((own, own.decode()), (b"x" * 36, SENT_AS), (own + b"\n", SENT_AS)):
        answer = Answer(200, ((b"apns-id", value),))
        assert Reply.of(answer).outcome(SENT_AS, lambda: WALL).pns_id == found


@pytest.mark.parametrize("reason", ["ExpiredProviderToken", "InvalidProviderToken"])
@pytest.mark.parametrize(
    ("date", "advice"),
    [
        (b"Tue, 14 Nov 2023 22:13:20 GMT", ""),
        (b"Tue, 14 Nov 2023 23:13:20 GMT", "this machine's clock is 60 minutes behind"),
        (b"Tue, 14 Nov 2023 22:03:20 GMT", "this machine's clock is 10 minutes ahead"),
    ],
)
def test_clock_that_is_off_is_said_first(reason: str, date: bytes, advice: str) -> None:
    """N-05: a token that Apple does not take is mostly one of a wrong clock."""
    refused = refusal(403, reason)
    answer = Answer(403, ((b"date", date),), refused.body)
    said = Reply.of(answer).outcome(SENT_AS, lambda: WALL).advice
    assert said.startswith(advice)
    assert said.endswith(ROWS[403, reason].advice)
    assert ("clock is" in said) is bool(advice)


@pytest.mark.parametrize(
    "body", [b"[" * 1024, b'{"a":' * 200, b'{"reason":"Unregistered","a":"%s"}' % (b"x" * 1024)]
)
def test_body_that_is_not_apples_is_not_read(body: bytes) -> None:
    """T9: one that is too deep or too long is judged by its status."""
    reply = Reply.of(Answer(410, (), body))
    assert (reply.row.verdict, reply.reason) == (Verdict.DEAD, "")


_values = st.none() | st.integers() | st.text(max_size=80) | st.lists(st.integers(), max_size=2)
_bodies = st.dictionaries(st.sampled_from(["reason", "timestamp"]), _values).map(
    lambda told: json.dumps(told).encode()
)


@given(st.integers(100, 599), st.binary(max_size=200) | st.just(b"[" * 1000) | _bodies)
def test_no_answer_breaks_us(status: int, body: bytes) -> None:
    """T9: whatever is written there, it is an outcome, and its detail is a word of Apple's."""
    outcome = Reply.of(Answer(status, (), body)).outcome(SENT_AS, lambda: WALL)
    assert len(outcome.detail) < 80
    assert outcome.detail.replace(" ", "").isalnum()
