"""What a run yields, and what several runs come to."""

from __future__ import annotations

import json
import math
import os
import statistics
import time
from collections.abc import Callable, Iterable, Sequence

from attrs import frozen

from bench.servers.setup import Subject

COMPLETED, LOST, DOUBLED = "completed", "lost", "doubled"


@frozen
class Figure:
    """
    One number of one run.

    :ivar digits: behind the point, where it is shown.
    :ivar total: several runs come to their sum, otherwise to their median.
    :ivar ratio: it is what a server costs: columns are compared by it, run by run.
    """

    name: str
    value: float
    digits: int = 1
    total: bool = False
    ratio: bool = False


@frozen
class Case:
    """
    One thing that is measured.

    :ivar run: measures a subject once, with a fresh server.
    :ivar series: cases of one series differ in *at*, a number of something that is meant
        not to matter; each is divided by the one with the lowest.
    """

    title: str
    subjects: Sequence[Subject]
    run: Callable[[Subject], list[Figure]]
    series: str = ""
    at: int = 0


@frozen
class Row:
    """What came of one run of one case."""

    measure: str
    case: str
    subject: str
    round: int
    figures: tuple[Figure, ...]
    series: str = ""
    at: int = 0

    def value(self, name: str) -> float:
        """The figure of that name; not a number if there is none."""
        return next((one.value for one in self.figures if one.name == name), math.nan)


def counts(completed: int, lost: int, doubled: int | None = None) -> list[Figure]:
    """How many operations did and did not come to their end."""
    found = [Figure(COMPLETED, completed, 0, total=True), Figure(LOST, lost, 0, total=True)]
    if doubled is not None:
        found.append(Figure(DOUBLED, doubled, 0, total=True))
    return found


def median(values: Iterable[float]) -> float:
    """Of those that are numbers; not a number if none is."""
    numbers = [value for value in values if not math.isnan(value)]
    return statistics.median(numbers) if numbers else math.nan


def line_of(row: Row) -> str:
    """*row* as a line of JSON, with the time and the load of the machine."""
    line = {
        "measure": row.measure,
        "case": row.case,
        "series": row.series,
        "at": row.at,
        "subject": row.subject,
        "round": row.round,
        "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "load": os.getloadavg()[0],
        "figures": {one.name: _number(one.value) for one in row.figures},
    }
    return json.dumps(line) + "\n"


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
