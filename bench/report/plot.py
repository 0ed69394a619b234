"""A drawing of what does not grow: SVG, written by hand, for it is two panels of lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from attrs import frozen

from bench.report.figures import Row, median
from bench.report.table import growth

TARGET = 1.2
"""Times what the cost may be with the most, over that with the fewest."""

_COLOURS = ("#1d5fa8", "#c8641b", "#7d8b99", "#3c8d5a")
_FAINT, _GOAL = "#d9dfe5", "#b3261e"

_STYLE = """\
text { font: 13px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: #26303a }
.title { font-size: 17px; font-weight: 600 }
.axis { fill: #5b6773 }
.goal { fill: #b3261e }
"""

_HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"
     width="{width}" height="{height}" role="img">"""

_WIDTH, _HEIGHT = 940, 430


@frozen
class Panel:
    """
    One drawing area, in pixels; *top* and *bottom* are its costs.

    :ivar numbers: below the axis, at equal distances.
    """

    left: float
    right: float
    high: float
    low: float
    top: float
    bottom: float
    numbers: Sequence[int]

    def x(self, number: int) -> float:
        """Where *number* is."""
        place = self.numbers.index(number) + 0.5
        return self.left + (self.right - self.left) * place / len(self.numbers)

    def y(self, cost: float) -> float:
        """Where *cost* is."""
        share = (cost - self.bottom) / (self.top - self.bottom)
        return self.low - (self.low - self.high) * share


Growth = dict[str, dict[int, list[float]]]


def plot(rows: Sequence[Row]) -> str:
    """An SVG of each series among *rows*, or nothing if there is none."""
    series = list(dict.fromkeys(row.series for row in rows if row.series))
    found = {name: growth(rows, name) for name in series}
    if not found:
        return ""
    subjects = list(dict.fromkeys(name for one in found.values() for name in one))
    colours = {name: _COLOURS[n % len(_COLOURS)] for n, name in enumerate(subjects)}
    top = _top(found.values())
    wide = (_WIDTH - 30) / len(found)
    parts = [
        _HEAD.format(width=_WIDTH, height=_HEIGHT),
        f"<style>{_STYLE}</style>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        _text(62, 34, "CPU time of a refresh, relative to the one with the fewest", "title"),
        *_legend(colours),
    ]
    for place, (name, one) in enumerate(found.items()):
        numbers = sorted({number for costs in one.values() for number in costs})
        left = 62 + place * wide
        panel = Panel(left, left + wide - 62, 92, _HEIGHT - 62, top, 0.0, numbers)
        parts += _frame(panel, name)
        parts += [
            part
            for n, (subject, costs) in enumerate(one.items())
            for part in _line(panel, costs, colours[subject], (n - (len(one) - 1) / 2) * 7)
        ]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _top(found: Iterable[Growth]) -> float:
    """The cost at the upper edge: above all that was measured, and above the target."""
    highest = [max(costs) for one in found for by in one.values() for costs in by.values() if costs]
    return max([TARGET + 0.3, *(cost * 1.08 for cost in highest)])


def _frame(panel: Panel, name: str) -> Iterable[str]:
    """Grid, axes, and the target."""
    step = _step(panel.top)
    for n in range(int(panel.top / step) + 1):
        y = panel.y(n * step)
        yield _stroke(panel.left, y, panel.right, y, _FAINT)
        yield _text(panel.left - 8, y + 4, f"x{n * step:g}", "axis", "end")
    for number in panel.numbers:
        yield _text(panel.x(number), panel.low + 22, f"{number:,}", "axis", "middle")
    yield _text((panel.left + panel.right) / 2, panel.low + 46, name, "", "middle")
    goal = panel.y(TARGET)
    yield _stroke(panel.left, goal, panel.right, goal, _GOAL, 'stroke-dasharray="6 5"')
    yield _text(panel.left + 4, goal - 7, f"target: at most x{TARGET:g}", "goal")


def _step(top: float) -> float:
    """Between two lines of the grid."""
    return next((step for step in (0.25, 0.5, 1.0, 2.0, 5.0, 10.0) if top / step <= 8), 50.0)


def _line(panel: Panel, costs: dict[int, list[float]], colour: str, aside: float) -> Iterable[str]:
    """The medians, each with what lay between its least and its most."""
    there = [(panel.x(n) + aside, sorted(costs[n])) for n in sorted(costs) if costs[n]]
    points = [(x, panel.y(median(values))) for x, values in there]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.2"/>'
    for x, values in there:
        least, most = panel.y(values[0]), panel.y(values[-1])
        yield _stroke(x, least, x, most, colour, 'stroke-width="5" stroke-opacity="0.28"')
    for x, y in points:
        yield _dot(x, y, colour)


def _legend(colours: dict[str, str]) -> Iterable[str]:
    x = 62.0
    for name, colour in colours.items():
        yield _dot(x + 6, 60, colour)
        yield _text(x + 18, 64.5, name)
        x += 40 + 7.4 * len(name)
    yield _text(x, 64.5, "dots: median of the rounds; bars: the least and the most", "axis")


def _text(x: float, y: float, text: str, style: str = "", anchor: str = "start") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}"'
    return f'<text {place} class="{style}" text-anchor="{anchor}">{escape(text)}</text>'


def _dot(x: float, y: float, colour: str) -> str:
    place = f'cx="{x:.1f}" cy="{y:.1f}" r="4.6"'
    return f'<circle {place} fill="{colour}" stroke="#ffffff" stroke-width="1.4"/>'


def _stroke(x1: float, y1: float, x2: float, y2: float, colour: str, more: str = "") -> str:
    place = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {place} stroke="{colour}" {more}/>'
