"""The one table: a block for each case, a column for each server."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from bench.report.figures import LOST, Figure, Row, median

_MISSING = "-"


def table(rows: Sequence[Row], absent: Mapping[str, str]) -> str:
    """
    All of *rows*, medians with the spread in brackets.

    :param absent: servers that could not be measured, and why; their rows have no figures.
    """
    notes = [f"{name}: {why}" for name, why in absent.items()]
    if any(row.value(LOST) > 0 for row in rows):
        notes.append("!: some were lost, and what is said of the others is too good")
    return "\n\n".join([*map(_block, _by_case(rows)), *_growth(rows), *notes]) + "\n"


def _by_case(rows: Iterable[Row]) -> list[list[Row]]:
    cases: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        cases.setdefault((row.measure, row.case), []).append(row)
    return list(cases.values())


def _block(rows: Sequence[Row]) -> str:
    """One case: its figures line by line, then the ratios."""
    of: dict[str, list[Row]] = {}
    for row in rows:
        of.setdefault(row.subject, []).append(row)
    rounds = max(len(found) for found in of.values())
    lines = [[f"{rows[0].case} ({rounds} x)", *of]]
    lines += [
        ["  " + figure.name, *(_cell(found, figure) for found in of.values())]
        for figure in _figures(rows)
    ]
    text = _aligned(lines)
    for figure in _figures(rows):
        if figure.ratio:
            text += "".join(_ratios(of, figure))
    return text


def _figures(rows: Iterable[Row]) -> list[Figure]:
    return list({figure.name: figure for row in rows for figure in row.figures}.values())


def _cell(rows: Sequence[Row], figure: Figure) -> str:
    values = [row.value(figure.name) for row in rows]
    values = sorted(value for value in values if not math.isnan(value))
    if not values:
        return _MISSING
    if figure.total:
        return f"{sum(values):,.{figure.digits}f}"
    text = f"{median(values):,.{figure.digits}f}"
    if len(values) > 1:
        text += f" ({values[0]:,.{figure.digits}f}-{values[-1]:,.{figure.digits}f})"
    return text + ("!" if any(row.value(LOST) > 0 for row in rows) else "")


def _ratios(of: dict[str, list[Row]], figure: Figure) -> Iterable[str]:
    """Each column over those to its right, by the median of the rounds."""
    names = [name for name, rows in of.items() if any(row.figures for row in rows)]
    for number, name in enumerate(names):
        for other in names[number + 1 :]:
            if not _same_kind(name, other):
                yield f"\n  {figure.name}: {name} / {other} {_ratio(of[name], of[other], figure)}"
            elif name.startswith("sippn"):
                yield f"\n  {figure.name}: {other} / {name} {_ratio(of[other], of[name], figure)}"


def _same_kind(one: str, other: str) -> bool:
    return one.partition(" ")[0] == other.partition(" ")[0]


def _ratio(rows: Sequence[Row], others: Sequence[Row], figure: Figure) -> str:
    by_round = {other.round: other.value(figure.name) for other in others}
    return _times(
        row.value(figure.name) / by_round[row.round] for row in rows if by_round.get(row.round)
    )


def _times(ratios: Iterable[float]) -> str:
    found = sorted(ratio for ratio in ratios if not math.isnan(ratio))
    if not found:
        return _MISSING
    return f"x{median(found):.2f} ({found[0]:.2f}-{found[-1]:.2f})"


def growth(rows: Iterable[Row], series: str) -> dict[str, dict[int, list[float]]]:
    """
    By server and number: what one with that many costs over one with the fewest, a round each.
    """
    of: dict[str, dict[int, dict[int, float]]] = {}
    for row in rows:
        if row.series == series and row.figures:
            cost = next((one.value for one in row.figures if one.ratio), math.nan)
            of.setdefault(row.subject, {}).setdefault(row.at, {})[row.round] = cost
    return {
        subject: {at: _over(costs, by_number[min(by_number)]) for at, costs in by_number.items()}
        for subject, by_number in of.items()
    }


def _over(costs: dict[int, float], base: dict[int, float]) -> list[float]:
    return [cost / base[number] for number, cost in costs.items() if base.get(number)]


def _growth(rows: Sequence[Row]) -> list[str]:
    blocks = []
    for series in dict.fromkeys(row.series for row in rows if row.series):
        lines = []
        found = growth(rows, series)
        for subject, by_number in found.items():
            fewest, *others = sorted(by_number)
            for at in others:
                times = _times(by_number[at])
                lines.append(["  " + subject, f"{at:,} over {fewest:,}", times])
        if lines:
            blocks.append(f"cost by {series}, pairs of one round\n" + _aligned(lines))
    return blocks


def _aligned(lines: Sequence[Sequence[str]]) -> str:
    widths = [max(len(line[n]) for line in lines) for n in range(len(lines[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
