"""The pictures of ``docs/machines.rst`` have the states and edges of the tables."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.docs.machines import Graph

DOCS = Path(__file__).parents[2] / "docs"
PICTURES = DOCS / "machines"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("dot", sorted(PICTURES.glob("*.dot")), ids=lambda path: path.stem)
def test_picture_is_that_of_its_graph(dot: Path) -> None:
    """
    Issue 5, 7: another test compares the graph with the table.

    If not: ``python -m tests.docs.machines docs/machines``.
    """
    graph = Graph.read(dot.read_text("utf-8"))
    assert len(graph.edges) > 3
    picture = ET.parse(dot.with_suffix(".svg")).getroot()  # noqa: S314 - our own
    assert _words(picture, "edge") == Counter(
        (f"{start}->{end}", *label.split(r"\n")) for start, end, label in graph.edges
    )
    assert _words(picture, "node") == Counter(
        [("",), *((state, state, *does) for state, does in graph.inner.items())]
    )


def test_every_picture_is_on_the_page() -> None:
    """A graph that nobody shows helps nobody."""
    shown = re.findall(r"image:: machines/(.+)\.svg", (DOCS / "machines.rst").read_text("utf-8"))
    assert sorted(shown) == sorted(dot.stem for dot in PICTURES.glob("*.dot"))


def _words(picture: ET.Element, kind: str) -> Counter[tuple[str, ...]]:
    """Of each edge, or node: its name, and the lines of its label."""
    return Counter(
        tuple(one.text or "" for one in group.iter() if one.tag in (f"{SVG}title", f"{SVG}text"))
        for group in picture.iter(f"{SVG}g")
        if group.get("class") == kind
    )
