"""Tests for :mod:`sippn.providers.rows`."""

from __future__ import annotations

from sippn.binding import PushOutcome, Verdict
from sippn.providers.rows import Row


def test_row_says_what_it_means_and_what_to_do() -> None:
    """N-05: the operator reads both; where there is nothing to do, the meaning alone."""
    assert Row(Verdict.DEAD, "it is gone", "forget it").advice == "it is gone: forget it"
    assert Row(Verdict.ACCEPTED, "it is taken").advice == "it is taken"


def test_row_without_a_cure_reads_well() -> None:
    """N-05: why there is nothing to do is told, and not that nothing is to be done."""
    row = Row(Verdict.BUSY, "it is busy", "nothing: sippn asks again")
    assert row.advice == "it is busy; sippn asks again"


def test_outcome_has_all_that_the_answer_said() -> None:
    """N-05: the verdict is the row's, the rest is of this answer."""
    row = Row(Verdict.BUSY, "it is busy", "wait")
    assert row.outcome("503 Busy", "id-1", 7.0, 1000.5) == PushOutcome(
        Verdict.BUSY, "id-1", "503 Busy", 7.0, 1000.5, "it is busy: wait"
    )
    assert row.outcome("503") == PushOutcome(Verdict.BUSY, detail="503", advice="it is busy: wait")
