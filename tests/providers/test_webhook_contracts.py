"""Tests for :mod:`sippn.providers.webhook_contracts`: every row of the generic table."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from attrs import evolve

from sippn.binding import PushJob, PushKind, Verdict
from sippn.http import Answer
from sippn.providers.webhook_contracts import CONTRACTS, GENERIC, ROWS

WALL = 784111777.0  # Sun, 06 Nov 1994 08:49:37 GMT, as in RFC 9110

SEEN = [
    ("HTTP 2xx", 200, Verdict.ACCEPTED),
    ("HTTP 2xx", 202, Verdict.ACCEPTED),
    ("HTTP 404, 410", 404, Verdict.DEAD),
    ("HTTP 404, 410", 410, Verdict.DEAD),
    ("HTTP 429", 429, Verdict.BUSY),
    ("HTTP 5xx", 500, Verdict.BUSY),
    ("HTTP 5xx", 503, Verdict.BUSY),
    ("HTTP 401, 403", 401, Verdict.REFUSED),
    ("HTTP 401, 403", 403, Verdict.REFUSED),
    ("HTTP 3xx", 301, Verdict.REFUSED),
    ("HTTP 3xx", 307, Verdict.REFUSED),
    ("HTTP 4xx", 400, Verdict.REFUSED),
    ("HTTP 4xx", 413, Verdict.REFUSED),
]


@pytest.mark.parametrize(("row", "status", "verdict"), SEEN)
def test_status_is_its_row(row: str, status: int, verdict: Verdict) -> None:
    """N-05: a dead PRID, a gateway that is tired and a wrong configuration are told apart."""
    outcome = GENERIC.outcome(Answer(status), WALL)
    assert (outcome.verdict, outcome.detail) == (verdict, f"HTTP {status}")
    assert outcome.advice == ROWS[row].advice


def test_every_row_is_seen() -> None:
    """N-05: the table has no row that nothing leads to."""
    assert {row for row, *_ in SEEN} == set(ROWS)


def test_every_status_has_a_row() -> None:
    """T9: whatever a gateway answers is an outcome."""
    for contract in CONTRACTS.values():
        for status in range(200, 600):
            assert contract.outcome(Answer(status), WALL).detail.startswith(f"HTTP {status}")


@pytest.mark.parametrize("contract", CONTRACTS.values())
def test_refusal_says_what_to_do(contract: object) -> None:
    """N-05: what only the operator can mend is told with its cure."""
    rows = getattr(contract, "rows", {}).values()
    assert all(row.cure for row in rows if row.verdict is Verdict.REFUSED)


@pytest.mark.parametrize(
    ("status", "seconds"), [(429, 7), (503, 7), (200, None), (404, None), (400, None)]
)
def test_retry_after_counts_where_it_is_tried_again(status: int, seconds: float | None) -> None:
    """DESIGN section 5: 429 and 5xx."""
    answer = Answer(status, ((b"retry-after", b"7"),))
    assert GENERIC.outcome(answer, WALL).retry_after == seconds


def test_cancel_says_why(make_job: Callable[..., PushJob]) -> None:
    """S-12: a call that was taken elsewhere is no missed one; other pushes have no such word."""
    call = make_job()
    cancel = evolve(call, kind=PushKind.CANCEL, reason="SIP;cause=200")
    assert json.loads(GENERIC.write(cancel, "", "t", 9))["reason"] == "SIP;cause=200"
    assert "reason" not in json.loads(GENERIC.write(call, "", "t", 9))


def test_nothing_is_said_of_the_caller(make_job: Callable[..., PushJob]) -> None:
    """RFC 8599 section 13, T7: a gateway need not know who calls."""
    job = evolve(make_job(), caller='"Mallory" <sip:mallory@example.net>;tag=1')
    assert b"allory" not in GENERIC.write(job, "", "t", 9)
