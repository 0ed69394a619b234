"""Runs cases, so that what changes with the hour changes for all of them."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator

from bench.measures import Measure
from bench.plan import Plan
from bench.report.figures import Case, Figure, Row
from bench.servers.running import CannotStart
from bench.servers.setup import Subject


def absent(plan: Plan) -> dict[str, str]:
    """Servers that cannot be measured here, and why; they have rows without figures."""
    return {one.name: one.why_not() for one in plan.registrars() if one.why_not()}


def run(measures: Iterable[Measure], plan: Plan) -> Iterator[Row]:
    """
    All cases of *measures*, each server in turn, the order turned round each time.

    :raises CannotStart: a server that is there does not come up.
    """
    for measure in measures:
        cases = measure.cases(plan)
        for number in range(measure.rounds(plan.sizes)):
            for case in cases:
                for subject in _in_turn(case, number):
                    yield _run(measure, case, subject, number)


def _in_turn(case: Case, number: int) -> list[Subject]:
    return list(case.subjects if number % 2 == 0 else case.subjects[::-1])


def _run(measure: Measure, case: Case, subject: Subject, number: int) -> Row:
    figures = () if subject.why_not() else _measured(case, subject)
    return Row(measure.name, case.title, subject.name, number, figures, case.series, case.at)


def _measured(case: Case, subject: Subject) -> tuple[Figure, ...]:
    gc.collect()
    gc.disable()  # the driver's own pauses are nobody's latency
    try:
        return tuple(case.run(subject))
    except CannotStart as error:
        raise CannotStart(f"{case.title}, {subject.name}: {error}") from None
    finally:
        gc.enable()


def in_place(rows: Iterable[Row], measures: Iterable[Measure], plan: Plan) -> list[Row]:
    """*rows* in the order of the cases and of their columns, however they were run."""
    names = [one.name for one in (*plan.wakers(), *plan.registrars())]
    cases = [(measure.name, case.title) for measure in measures for case in measure.cases(plan)]
    return sorted(
        rows, key=lambda row: (cases.index((row.measure, row.case)), names.index(row.subject))
    )
