"""Tests for :mod:`sippn.providers.fcm.answers`: every row of its table."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sippn.binding import PushOutcome, Verdict
from sippn.http import Answer
from sippn.providers.fcm.answers import ROWS, reply_in

WALL = 784111777.0  # Sun, 06 Nov 1994 08:49:37 GMT, as in RFC 9110
PRID = "token-that-nobody-may-see"

FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"


def error(
    status: str, *details: dict[str, Any], message: str = "Request contains an invalid argument."
) -> bytes:
    """The body of an answer that is one."""
    return json.dumps(
        {"error": {"code": 1, "message": message, "status": status, "details": list(details)}}
    ).encode()


def fcm_error(code: str) -> dict[str, Any]:
    """The detail that has FCM's own code."""
    return {"@type": FCM_ERROR, "errorCode": code}


def violated(field: str) -> dict[str, Any]:
    """The detail that says which field is wrong."""
    return {
        "@type": BAD_REQUEST,
        "fieldViolations": [{"field": field, "description": f"Invalid {PRID}"}],
    }


def said(status: int, body: bytes = b"", *fields: tuple[bytes, bytes]) -> PushOutcome:
    """What comes of a push that is answered so."""
    return reply_in(Answer(status, fields, body)).outcome(WALL)


NAME = b'{"name": "projects/my-project/messages/0:1500415314455276%31bd1c9631bd1c96"}'
INVALID = "INVALID_ARGUMENT"

SEEN: list[tuple[str, int, bytes, Verdict, str]] = [
    ("HTTP 200", 200, NAME, Verdict.ACCEPTED, "HTTP 200"),
    (
        "UNREGISTERED",
        404,
        error("NOT_FOUND", fcm_error("UNREGISTERED"), message="Requested entity was not found."),
        Verdict.DEAD,
        "UNREGISTERED",
    ),
    (
        "INVALID_ARGUMENT: message.token",
        400,
        error(INVALID, fcm_error(INVALID), violated("message.token")),
        Verdict.DEAD,
        INVALID,
    ),
    (
        "INVALID_ARGUMENT: message.token",
        400,
        error(
            INVALID,
            fcm_error(INVALID),
            message="The registration token is not a valid FCM registration token",
        ),
        Verdict.DEAD,
        INVALID,
    ),
    (
        "INVALID_ARGUMENT",
        400,
        error(INVALID, violated("message.data[0].value")),
        Verdict.REFUSED,
        INVALID,
    ),
    ("INVALID_ARGUMENT", 400, error(INVALID, fcm_error(INVALID)), Verdict.REFUSED, INVALID),
    (
        "SENDER_ID_MISMATCH",
        403,
        error("PERMISSION_DENIED", fcm_error("SENDER_ID_MISMATCH"), message="SenderId mismatch"),
        Verdict.REFUSED,
        "SENDER_ID_MISMATCH",
    ),
    (
        "QUOTA_EXCEEDED",
        429,
        error("RESOURCE_EXHAUSTED", fcm_error("QUOTA_EXCEEDED")),
        Verdict.BUSY,
        "QUOTA_EXCEEDED",
    ),
    (
        "UNAVAILABLE",
        503,
        error("UNAVAILABLE", fcm_error("UNAVAILABLE")),
        Verdict.BUSY,
        "UNAVAILABLE",
    ),
    ("INTERNAL", 500, error("INTERNAL", fcm_error("INTERNAL")), Verdict.BUSY, "INTERNAL"),
    (
        "THIRD_PARTY_AUTH_ERROR",
        401,
        error("UNAUTHENTICATED", fcm_error("THIRD_PARTY_AUTH_ERROR")),
        Verdict.REFUSED,
        "THIRD_PARTY_AUTH_ERROR",
    ),
    (
        "UNSPECIFIED_ERROR",
        400,
        error("UNKNOWN", fcm_error("UNSPECIFIED_ERROR")),
        Verdict.FAILED,
        "UNSPECIFIED_ERROR",
    ),
    ("UNAUTHENTICATED", 401, error("UNAUTHENTICATED"), Verdict.REFUSED, "UNAUTHENTICATED"),
    ("PERMISSION_DENIED", 403, error("PERMISSION_DENIED"), Verdict.REFUSED, "PERMISSION_DENIED"),
    (
        "SERVICE_DISABLED",
        403,
        error("PERMISSION_DENIED", {"@type": ERROR_INFO, "reason": "SERVICE_DISABLED"}),
        Verdict.REFUSED,
        "SERVICE_DISABLED",
    ),
    ("NOT_FOUND", 404, error("NOT_FOUND"), Verdict.REFUSED, "NOT_FOUND"),
    (
        "RESOURCE_EXHAUSTED",
        429,
        error("RESOURCE_EXHAUSTED"),
        Verdict.BUSY,
        "RESOURCE_EXHAUSTED",
    ),
    ("HTTP 5xx", 502, b"<html><title>Error 502</title>", Verdict.BUSY, "HTTP 502"),
    ("HTTP 3xx, 4xx", 302, b"<a href=elsewhere>", Verdict.REFUSED, "HTTP 302"),
    ("HTTP 3xx, 4xx", 404, b"<html>no such page", Verdict.REFUSED, "HTTP 404"),
    ("no JSON", 200, b"<html>Please log in", Verdict.FAILED, "no JSON"),
]


@pytest.mark.parametrize(("row", "status", "body", "verdict", "detail"), SEEN)
def test_answer_is_its_row(
    row: str, status: int, body: bytes, verdict: Verdict, detail: str
) -> None:
    """N-05: a dead token, a service that is tired and a wrong configuration are told apart."""
    assert reply_in(Answer(status, (), body)).key == row
    outcome = said(status, body)
    assert (outcome.verdict, outcome.detail) == (verdict, detail)
    assert outcome.advice == ROWS[row].advice


def test_every_row_is_seen() -> None:
    """N-05: the table has no row that nothing leads to."""
    assert {row for row, *_ in SEEN} == set(ROWS)


@pytest.mark.parametrize("row", [row for row in ROWS.values() if row.verdict is Verdict.REFUSED])
def test_refusal_says_what_to_do(row: Any) -> None:
    """N-05: what only the operator can mend is told with its cure."""
    assert row.cure


def test_name_of_the_message_is_its_last_part() -> None:
    """N-07: the trace has what Google's own logs call the push."""
    assert said(200, NAME).pns_id == "0:1500415314455276%31bd1c9631bd1c96"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"[" * 60000,
        b"\xff\xfe",
    ],
)
def test_success_that_is_no_json_is_none(body: bytes) -> None:
    """T9: a proxy on the way answers 200 to everything; a phone that comes yet gets the time."""
    outcome = said(200, body)
    assert (outcome.verdict, outcome.pns_id) == (Verdict.FAILED, "")
    assert (outcome.retry_after, outcome.unsent) == (2.0, False)


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"name": 5}',
        b'{"name": "projects/p/messages/"}',
        b'{"name": "projects/p/messages/a b"}',
        b'{"name": "projects/p/messages/' + b"x" * 129 + b'"}',
        b'{"name": "projects/p/messages/a\\nb"}',
    ],
)
def test_success_whose_name_is_not_understood_is_one(body: bytes) -> None:
    """T9: a message that is on its way is not sent once more; no octet of it gets anywhere."""
    outcome = said(200, body)
    assert (outcome.verdict, outcome.pns_id) == (Verdict.ACCEPTED, "")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"error": "broken"}',
        b'{"error": {"details": {}}}',
        b'{"error": {"details": [1, null, []]}}',
        b'{"error": {"details": [{"@type": []}], "status": {}}}',
        b'{"error": {"details": [{"@type": "%s"}]}}' % BAD_REQUEST.encode(),
        b'{"error": {"details": [{"@type": "%s", "fieldViolations": [0]}]}}' % BAD_REQUEST.encode(),
        b'{"error": {"details": [{"@type": "%s", "errorCode": 7}]}}' % FCM_ERROR.encode(),
        b"[" * 60000,
        b'{"error": {"status": "HTTP 200"}}',
    ],
)
def test_odd_bodies_leave_the_status(body: bytes) -> None:
    """T9: whatever is in a body, it breaks nothing and makes no push accepted."""
    assert said(503, body).verdict is not Verdict.ACCEPTED
    assert said(418, body).verdict is not Verdict.ACCEPTED


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(400, Verdict.REFUSED), (401, Verdict.REFUSED), (429, Verdict.BUSY), (500, Verdict.BUSY)],
)
def test_unknown_code_leaves_the_status(status: int, verdict: Verdict) -> None:
    """N-05: Google adds codes; the status still says what to do."""
    assert said(status, error("NEW", fcm_error("NEWER"))).verdict is verdict


@pytest.mark.parametrize(
    ("status", "value", "seconds"),
    [
        (429, b"120", 120),
        (429, None, 60),
        (429, b"soon", 60),
        (503, b"7", 7),
        (503, b"Sun, 06 Nov 1994 08:50:37 GMT", 60),
        (503, None, None),
        (500, b"3", 3),
        (400, b"9", None),
    ],
)
def test_retry_after_is_honoured(status: int, value: bytes | None, seconds: float | None) -> None:
    """W2: as Google asks; a minute where a quota is used up and it does not say."""
    fields = () if value is None else ((b"retry-after", value),)
    assert said(status, b"", *fields).retry_after == seconds


def test_clock_that_is_off_is_told_first() -> None:
    """N-05: a token is refused where our clock is wrong, and nothing else shows it."""
    date = (b"date", b"Sun, 06 Nov 1994 08:59:37 GMT")
    advice = said(401, b"", date).advice
    assert advice.startswith("this machine's clock is 10 minutes behind")
    assert said(403, b"", date).advice == ROWS["HTTP 3xx, 4xx"].advice


def test_no_word_of_the_answer_is_repeated() -> None:
    """T7: Google repeats what it was sent; a detail is a code of this table."""
    body = error(INVALID, violated("message.token"), message=PRID)
    assert PRID not in repr((said(400, body), reply_in(Answer(400, (), body))))
