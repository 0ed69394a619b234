"""Tests for :mod:`sippn.providers.dates`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sippn.http import Answer
from sippn.providers.dates import clock_advice, minutes_off, when

WALL = 784111777.0  # Sun, 06 Nov 1994 08:49:37 GMT, as in RFC 9110
DATE = b"Sun, 06 Nov 1994 08:49:37 GMT"


def _dated(date: bytes) -> Answer:
    return Answer(403, ((b"date", date),))


@pytest.mark.parametrize(
    "date", [DATE, b"Sunday, 06-Nov-94 08:49:37 GMT", b"Sun Nov  6 08:49:37 1994"]
)
def test_three_forms_are_read(date: bytes) -> None:
    """RFC 9110 section 5.6.7: what is sent, and what was sent of old."""
    assert when(date) == WALL


@given(st.binary(max_size=80))
def test_no_date_breaks_us(date: bytes) -> None:
    """T9: it is a time, or none."""
    assert isinstance(when(date), (float, type(None)))


@pytest.mark.parametrize(
    ("ahead", "minutes", "advice"),
    [
        (0, None, ""),
        (120, None, ""),
        (-120, None, ""),
        (121, 2, "this machine's clock is 2 minutes ahead of the push service's: set it by NTP"),
        (-121, -2, "this machine's clock is 2 minutes behind the push service's: set it by NTP"),
        (
            7200,
            120,
            "this machine's clock is 120 minutes ahead of the push service's: set it by NTP",
        ),
    ],
)
def test_clock_that_is_off_is_told(ahead: float, minutes: int | None, advice: str) -> None:
    """N-05: by how much and to which side, from two minutes on."""
    assert minutes_off(_dated(DATE), WALL + ahead) == minutes
    assert clock_advice(_dated(DATE), WALL + ahead) == advice


@pytest.mark.parametrize("answer", [Answer(403), _dated(b""), _dated(b"now"), _dated(b"x" * 999)])
def test_answer_without_a_date_says_nothing(answer: Answer) -> None:
    """N-05: nobody is told to set a clock that may be right."""
    assert minutes_off(answer, WALL) is None
    assert clock_advice(answer, WALL) == ""
