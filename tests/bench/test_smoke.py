"""The benchmark measures what it says: whether all is done and counted, not how fast."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bench.__main__ import main
from bench.measures import ALL
from bench.plan import Plan
from bench.rounds import absent
from bench.sizes import TINY
from tests.peers.processes import missing

pytestmark = pytest.mark.peer

_BINDINGS, _CALLS = TINY.bindings, TINY.calls
_AT_RATE = int(TINY.rates[0] * TINY.call_seconds)
_DURABLE_AT_RATE = int(TINY.rate * TINY.seconds)
_PUSHED = TINY.pushed
_PROBED = 5 * TINY.probes

EXPECTED: dict[str, Sequence[int | None]] = {
    "register": [2 * _BINDINGS],
    "durable": [2 * _BINDINGS, min(_BINDINGS, _DURABLE_AT_RATE)],
    "wake": [_CALLS, _AT_RATE],
    "webhook": [_CALLS, _AT_RATE],
    "apns": [_PUSHED, _PUSHED],
    "apns-memory": [TINY.pushes],
    "delay": [int(rate * TINY.call_seconds) for rate in (25, TINY.registers / 0.8)],
    "growth": [held + TINY.refreshed for held in TINY.grown],
    "parked": [_PROBED + waiting for waiting in TINY.parked],
    "memory": [TINY.held],
    "restart": [TINY.looked_up + 1],
    "herd": [None],
    "overload": [None, None],
    "outage": [50, 50],
    "slow": [None, None, None],
}
"""Completed operations of each case, by measure; None: some, as many as the machine can do."""

REGISTRARS = ["sippn", "kamailio"]
WAKERS = ["sippn", "kamailio park", "kamailio tsilo"]
ALONE = ["sippn"]
SUBJECTS = {
    "wake": WAKERS,
    "webhook": WAKERS,
    "apns": ALONE,
    "apns-memory": ALONE,
    "delay": WAKERS,
    "parked": WAKERS,
    "restart": ALONE,
    "herd": ALONE,
    "overload": ALONE,
    "outage": ALONE,
    "slow": ALONE,
}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where the figures go; without Kamailio there are none."""
    for why in absent(Plan(TINY, [Path()], tmp_path)).values():
        missing(why)
    return tmp_path / "out"


def test_every_measure_is_expected() -> None:
    """Issue 4, item 1: the smoke runs all there is."""
    assert list(EXPECTED) == [measure.name for measure in ALL]


@pytest.mark.parametrize("measure", EXPECTED)
def test_all_is_done_and_counted(
    measure: str, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Issue 4, item 1: each server completes all that it was asked, and nothing is doubled."""
    assert main([measure, "--tiny", "--out", str(out)]) == 0
    rows = [json.loads(line) for line in (out / "rows.jsonl").read_text().splitlines()]
    subjects = SUBJECTS.get(measure, REGISTRARS)
    assert [row["subject"] for row in rows] == subjects * len(EXPECTED[measure])
    for number, completed in enumerate(EXPECTED[measure]):
        for row in rows[number * len(subjects) :][: len(subjects)]:
            _check(row, completed)
    text = capsys.readouterr().out
    assert text == (out / "table.txt").read_text()
    assert all(row["case"] in text for row in rows)
    assert all(f"  {name}  " in text for row in rows for name in row["figures"])
    assert measure == "overload" or "!" not in text


def _check(row: dict[str, Any], completed: int | None) -> None:
    figures = row["figures"]
    assert figures.get("tracebacks", 0) == 0
    assert figures.get("octets on disk a binding", 1) > 0
    assert figures["completed"] > 0 if completed is None else figures["completed"] == completed
    if row["measure"] != "overload":
        wrong = ("lost", "doubled", "refused", "pushes doubled", "pushes that no call waited for")
        assert [figures.get(name, 0) for name in wrong] == [0] * len(wrong), row
    if row["measure"] == "apns":
        assert figures["pushes that reached a phone"] == completed
        assert figures["of these different ones"] == completed
        assert figures["connections to APNs"] > ("GOAWAY" in row["case"])
    assert all(value is not None for value in figures.values()), row
