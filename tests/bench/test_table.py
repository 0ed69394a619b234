"""What several runs come to, in text and drawn."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench.load.asking import percentile
from bench.plan import Plan
from bench.report.figures import Figure, Row
from bench.report.plot import plot
from bench.report.table import growth, table
from bench.sizes import TINY


def row(subject: str, number: int, cost: float, *, lost: int = 0, at: int = -1) -> Row:
    """One run of one case, of a series if *at* is given."""
    figures = (Figure("cpu us", cost, ratio=True), Figure("lost", lost, 0, total=True))
    series = "bindings held" if at >= 0 else ""
    return Row("measure", f"case {at}", subject, number, figures, series, max(at, 0))


def cells(text: str, name: str) -> list[str]:
    """The line that begins with *name*, column by column."""
    line = next(line for line in text.splitlines() if line.startswith(f"  {name}  "))
    return re.split(r" {2,}", line.strip())[1:]


def test_median_has_its_spread() -> None:
    """Issue 4, item 1: medians of at least three, with what lay around them."""
    rows = [row("sippn", n, cost) for n, cost in enumerate((30.0, 10.0, 20.0))]
    assert cells(table(rows, {}), "cpu us") == ["20.0 (10.0-30.0)"]


def test_figure_with_losses_says_so() -> None:
    """Issue 4, item 1: who loses half is not twice as fast."""
    text = table([row("sippn", 0, 30.0, lost=2), row("kamailio", 0, 10.0)], {})
    assert cells(text, "cpu us") == ["30.0!", "10.0"]
    assert "some were lost" in text


def test_servers_are_compared_round_by_round() -> None:
    """Issue 4, item 1: the median of the pairs, not the pair of the medians."""
    costs = [(10.0, 5.0), (40.0, 10.0), (60.0, 20.0)]
    rows = [row("sippn", n, ours) for n, (ours, _) in enumerate(costs)]
    rows += [row("kamailio", n, theirs) for n, (_, theirs) in enumerate(costs)]
    assert "cpu us: sippn / kamailio x3.00 (2.00-4.00)" in table(rows, {})


def test_later_tree_is_compared_with_the_first() -> None:
    """Issue 4, item 1: before and after, as a reader asks."""
    rows = [row("sippn base", 0, 20.0), row("sippn main", 0, 10.0)]
    assert "cpu us: sippn main / sippn base x0.50" in table(rows, {})


def test_server_that_is_not_there_has_an_empty_column_and_a_reason() -> None:
    """Issue 4, item 1: a table without Kamailio says why."""
    nothing = Row("measure", "case -1", "kamailio", 0, ())
    text = table([row("sippn", 0, 20.0), nothing], {"kamailio": "apt-get install kamailio"})
    assert cells(text, "cpu us") == ["20.0", "-"]
    assert text.endswith("kamailio: apt-get install kamailio\n")
    assert " / kamailio" not in text


def test_growth_is_over_the_fewest_of_the_same_round() -> None:
    """Issue 4, the table of what it must show: median of interleaved pairs."""
    rows = [row("sippn", n, 10.0 * (n + 1), at=5) for n in range(3)]
    rows += [row("sippn", n, 11.0 * (n + 1), at=50) for n in range(3)]
    assert growth(rows, "bindings held") == {
        "sippn": {5: [1.0, 1.0, 1.0], 50: pytest.approx([1.1, 1.1, 1.1])}
    }
    assert "50 over 5  x1.10 (1.10-1.10)" in table(rows, {})


def test_plot_has_a_line_for_each_server_and_the_target() -> None:
    """Issue 4, item 1: a plot of the growth; it is XML that a browser reads."""
    rows = [row(name, 0, 10.0 + at, at=at) for name in ("sippn", "a & b") for at in (0, 5)]
    drawing = ET.fromstring(plot(rows))  # noqa: S314 - our own
    lines = [one for one in drawing.iter() if one.tag.endswith("polyline")]
    texts = {one.text for one in drawing.iter() if one.tag.endswith("text")}
    assert len(lines) == 2
    assert {"sippn", "a & b", "bindings held", "target: at most x1.2"} <= texts


def test_nothing_grown_is_nothing_drawn() -> None:
    """Issue 4, item 1: a run without a series has no plot."""
    assert plot([row("sippn", 0, 10.0)]) == ""


def test_percentile_of_few() -> None:
    """Issue 4, item 1: the 99th of a hundred is the last but one, of ten the last."""
    assert percentile(range(100), 0.99) == 99
    assert percentile(range(1000), 0.99) == 990
    assert percentile(range(10), 0.5) == 5


def test_trees_of_one_name_have_a_column_each(tmp_path: Path) -> None:
    """Issue 4, item 1: before and after are two, wherever their checkouts are."""
    trees = [tmp_path / "before" / "sippn", tmp_path / "after" / "sippn"]
    assert len({subject.name for subject in Plan(TINY, trees, tmp_path).sippns()}) == 2
    assert [one.name for one in Plan(TINY, trees[:1], tmp_path).sippns()] == ["sippn"]
