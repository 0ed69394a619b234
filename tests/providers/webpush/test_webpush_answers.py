"""N-05: what each answer of a push service does."""

from __future__ import annotations

import pytest

from sippn.binding import Verdict
from sippn.http import Answer
from sippn.providers.webpush.answers import ROWS, outcome_of_answer

WALL = 784111777.0
NOW = (b"date", b"Sun, 06 Nov 1994 08:49:37 GMT")
SECRET = b'{"reason":"https://push.example.com/secret"}'

EVERY_ROW = {
    "HTTP 200": Verdict.ACCEPTED,
    "HTTP 201": Verdict.ACCEPTED,
    "HTTP 202": Verdict.ACCEPTED,
    "HTTP 2xx": Verdict.ACCEPTED,
    "HTTP 3xx": Verdict.REFUSED,
    "HTTP 400": Verdict.REFUSED,
    "HTTP 401": Verdict.REFUSED,
    "HTTP 403": Verdict.REFUSED,
    "HTTP 404": Verdict.DEAD,
    "HTTP 406": Verdict.BUSY,
    "HTTP 408": Verdict.BUSY,
    "HTTP 410": Verdict.DEAD,
    "HTTP 413": Verdict.REFUSED,
    "HTTP 429": Verdict.BUSY,
    "HTTP 4xx": Verdict.REFUSED,
    "HTTP 5xx": Verdict.BUSY,
}
STATUSES = {"2xx": [204, 299], "3xx": [301, 302, 307, 308], "4xx": [402, 405, 411, 499]}
STATUSES["5xx"] = [500, 502, 503, 504, 599]
CASES = [
    (status, row)
    for row in EVERY_ROW
    for status in STATUSES.get(row.removeprefix("HTTP "), [row.removeprefix("HTTP ")])
]


def test_every_row_is_tested() -> None:
    """N-05: the table has no row that the tests below do not see."""
    assert {row: found.verdict for row, found in ROWS.items()} == EVERY_ROW


@pytest.mark.parametrize(("status", "row"), CASES)
def test_row(status: int | str, row: str) -> None:
    """N-05: 2xx is taken, 404 and 410 are dead, 429 and 5xx wait, the rest is the operator's."""
    outcome = outcome_of_answer(Answer(int(status), (NOW,), SECRET), WALL)
    assert outcome.verdict is EVERY_ROW[row]
    assert outcome.detail == f"HTTP {status}"
    assert outcome.advice == ROWS[row].advice
    assert "secret" not in repr(outcome)


@pytest.mark.parametrize("status", [406, 408, 429, 500, 503])
@pytest.mark.parametrize(
    ("field", "seconds"),
    [
        (b"7", 7.0),
        (b"Sun, 06 Nov 1994 08:50:37 GMT", 60.0),
        (b"999999", 3600.0),
        (b"soon", None),
        (b"-1", None),
        (None, None),
    ],
)
def test_retry_after(status: int, field: bytes | None, seconds: float | None) -> None:
    """G-11: whoever asks for time gets it, up to an hour."""
    fields = () if field is None else ((b"retry-after", field),)
    assert outcome_of_answer(Answer(status, fields), WALL).retry_after == seconds


@pytest.mark.parametrize("status", [401, 403])
def test_clock_that_is_off(status: int) -> None:
    """G-10: where our signature is refused and the clocks differ, that is said first."""
    said = outcome_of_answer(Answer(status, (NOW,)), WALL + 900)
    assert said.advice.startswith("this machine's clock is 15 minutes ahead")
    assert "vapid_key_file" in said.advice
    assert "clock" not in outcome_of_answer(Answer(status, (NOW,)), WALL).advice
    assert "clock" not in outcome_of_answer(Answer(400, (NOW,)), WALL + 900).advice


def test_every_row_says_what_to_do() -> None:
    """N-05: what only the operator can mend says how."""
    for row in ROWS.values():
        assert row.meaning
        assert bool(row.cure) is (row.verdict is Verdict.REFUSED)
