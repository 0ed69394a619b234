"""
The pictures of ``docs/machines.rst``: ``python -m tests.docs.machines docs/machines``.

Graphviz lays them out.  What leaves a state where it is stands in its box, as in UML: loops
would run through each other's labels.
"""

from __future__ import annotations

import re
import subprocess
import sys
from html import escape
from pathlib import Path

from attrs import define, field

EDGE = re.compile(r'"(.*?)" -> "(.*?)" \[label="(.*?)"\];')

_HEAD = """\
digraph {
    graph [nodesep=0.35, ranksep=0.45, bgcolor="transparent", pad=0.1];
    node [shape=box, style="rounded,filled", fillcolor="#e9eef4", color="#8494a6",
          fontname="sans-serif", fontsize=11, margin="0.1,0.06"];
    edge [color="#1f4e79", fontname="sans-serif", fontsize=9, arrowsize=0.7];
    "" [shape=point, width=0.12, fillcolor="#1f4e79"];
"""


@define
class Graph:
    """
    What a ``.dot`` file says.

    :ivar inner: of each state, the labels of the edges that lead back to it.
    :ivar edges: (from, to, label) of the others.
    """

    inner: dict[str, list[str]] = field(factory=dict)
    edges: list[tuple[str, str, str]] = field(factory=list)

    @classmethod
    def read(cls, text: str) -> Graph:
        """Read what :func:`sippn.transaction.machine.dot` has written."""
        graph = cls()
        for start, end, label in EDGE.findall(text):
            graph.inner.setdefault(end, [])
            if start == end:
                graph.inner[start].append(in_a_line(label))
            else:
                graph.edges.append((start, end, label))
        return graph

    def pretty(self) -> str:
        """The same in DOT, to be looked at."""
        boxes = [f'    "{one}" [label=<{_box(one, does)}>];' for one, does in self.inner.items()]
        edges = [f'    "{start}" -> "{end}" [label="{label}"];' for start, end, label in self.edges]
        return "\n".join([_HEAD + "\n".join(boxes), *edges, "}\n"])


def in_a_line(label: str) -> str:
    """What comes in, and what is done."""
    event, *actions = label.split(r"\n")
    return f"{event}: {', '.join(actions)}"


def _box(state: str, does: list[str]) -> str:
    rows = [f"<tr><td><b>{escape(state)}</b></td></tr>"]
    rows += [
        f'<tr><td align="left"><font point-size="9">{escape(one)}</font></td></tr>' for one in does
    ]
    return f'<table border="0" cellspacing="0" cellpadding="2">{"".join(rows)}</table>'


if __name__ == "__main__":
    for dot in sorted(Path(sys.argv[1]).glob("*.dot")):
        drawn = Graph.read(dot.read_text("utf-8")).pretty().encode()
        command = ["dot", "-Tsvg", "-o", str(dot.with_suffix(".svg"))]
        subprocess.run(command, input=drawn, check=True)
