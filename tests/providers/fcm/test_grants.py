"""Tests for :mod:`sippn.providers.fcm.grants`: every row of its table."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sippn.binding import PushOutcome, Verdict
from sippn.http import Answer
from sippn.providers.fcm.grants import GRANTS, Grant, grant_in

WALL = 784111777.0  # Sun, 06 Nov 1994 08:49:37 GMT, as in RFC 9110

TIMEFRAME = (
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
    "Check your iat and exp values in the JWT claim."
)


def refused(status: int, said: object = None, *fields: tuple[bytes, bytes]) -> PushOutcome:
    """What becomes of pushes where the token endpoint answers so."""
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    outcome = grant_in(Answer(status, fields, body), WALL)
    assert isinstance(outcome, PushOutcome)
    return outcome


SEEN: list[tuple[str, int, Any, Verdict, str]] = [
    ("invalid_grant", 400, {"error": "invalid_grant"}, Verdict.REFUSED, "invalid_grant"),
    (
        "invalid_grant: timeframe",
        400,
        {"error": "invalid_grant", "error_description": TIMEFRAME},
        Verdict.REFUSED,
        "invalid_grant: timeframe",
    ),
    (
        "invalid_grant: signature",
        400,
        {"error": "invalid_grant", "error_description": "Invalid JWT Signature."},
        Verdict.REFUSED,
        "invalid_grant: signature",
    ),
    (
        "invalid_grant: account",
        400,
        {"error": "invalid_grant", "error_description": "Invalid grant: account not found"},
        Verdict.REFUSED,
        "invalid_grant: account",
    ),
    (
        "invalid_grant: audience",
        400,
        {"error": "invalid_grant", "error_description": "Invalid JWT: Failed audience check."},
        Verdict.REFUSED,
        "invalid_grant: audience",
    ),
    ("invalid_client", 401, {"error": "invalid_client"}, Verdict.REFUSED, "invalid_client"),
    (
        "unauthorized_client",
        401,
        {"error": "unauthorized_client"},
        Verdict.REFUSED,
        "unauthorized_client",
    ),
    ("invalid_scope", 400, {"error": "invalid_scope"}, Verdict.REFUSED, "invalid_scope"),
    ("HTTP 429", 429, {"error": "rate_limit"}, Verdict.BUSY, "HTTP 429"),
    ("HTTP 3xx, 4xx", 404, b"<html>", Verdict.REFUSED, "HTTP 404"),
    ("HTTP 3xx, 4xx", 302, b"", Verdict.REFUSED, "HTTP 302"),
    ("HTTP 5xx", 503, b"", Verdict.BUSY, "HTTP 503"),
    ("no access token", 200, {"expires_in": 3600}, Verdict.FAILED, "no access token"),
]


@pytest.mark.parametrize(("row", "status", "said", "verdict", "detail"), SEEN)
def test_refusal_is_its_row(
    row: str, status: int, said: Any, verdict: Verdict, detail: str
) -> None:
    """N-05: a clock that is off, a key that was deleted and an account that is gone differ."""
    outcome = refused(status, said)
    assert (outcome.verdict, outcome.detail) == (verdict, f"token endpoint: {detail}")
    assert outcome.advice == GRANTS[row].advice


def test_every_row_is_seen() -> None:
    """N-05: the table has no row that nothing leads to."""
    assert {row for row, *_ in SEEN} == set(GRANTS)


def test_token_is_taken_with_its_life() -> None:
    """RFC 6749 section 5.1."""
    body = b'{"access_token": "ya29.c.abc_-", "expires_in": 3599, "token_type": "Bearer"}'
    assert grant_in(Answer(200, (), body), WALL) == Grant(b"ya29.c.abc_-", 3599)


@pytest.mark.parametrize(("life", "taken"), [(None, 3600), (1e9, 86400), (0.5, 0.5)])
def test_life_is_bounded(life: float | None, taken: float) -> None:
    """RFC 6749 section 5.1: expires_in may be left out; a day is the most that is believed."""
    said = {"access_token": "a"} if life is None else {"access_token": "a", "expires_in": life}
    assert grant_in(Answer(200, (), json.dumps(said).encode()), WALL) == Grant(b"a", taken)


@pytest.mark.parametrize(
    "said",
    [
        {"access_token": "a\r\nX-Evil: 1"},
        {"access_token": "a b"},
        {"access_token": "\u00e9"},
        {"access_token": ""},
        {"access_token": "x" * 4097},
        {"access_token": ["a"]},
        {"access_token": "a", "expires_in": 0},
        {"access_token": "a", "expires_in": -1},
        {"access_token": "a", "expires_in": "3600"},
        {"access_token": "a", "expires_in": True},
        {"access_token": "a", "expires_in": float("nan")},
        [],
        "token",
        None,
        b"<html>Please log in",
        b"[" * 60000,
    ],
)
def test_token_that_is_none_is_not_sent(said: object) -> None:
    """T11: a token goes into a header field; what could break one is no token."""
    assert refused(200, said).verdict is Verdict.FAILED


def test_clock_that_is_off_is_told_first() -> None:
    """N-05: by the Date of the very answer that refuses."""
    date = (b"date", b"Sun, 06 Nov 1994 07:49:37 GMT")
    advice = refused(400, {"error": "invalid_grant"}, date).advice
    assert advice.startswith("this machine's clock is 60 minutes ahead")


@pytest.mark.parametrize("error", [*GRANTS, "", None, 5, ["invalid_grant"]])
def test_only_an_error_is_one(error: object) -> None:
    """T9: rows that it has no name for it cannot choose."""
    known = error in ("invalid_grant", "invalid_client", "unauthorized_client", "invalid_scope")
    detail = str(error) if known else "HTTP 400"
    assert refused(400, {"error": error}).detail == f"token endpoint: {detail}"


def test_retry_after_is_read() -> None:
    """W2: as the token endpoint asks."""
    assert refused(503, b"", (b"retry-after", b"30")).retry_after == 30
    assert refused(503, b"").retry_after is None


def test_no_word_of_the_answer_is_repeated() -> None:
    """T17: whatever it repeats of the assertion."""
    said = {"error": "eyJ-assertion", "error_description": "eyJ-assertion"}
    assert "eyJ" not in repr(refused(400, said))
    assert "secret" not in repr(Grant(b"secret", 1))
