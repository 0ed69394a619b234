"""``python -m bench``: see docs/benchmarks.rst."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.measures import ALL
from bench.options import parser, plan_of
from bench.report.figures import Row, line_of
from bench.report.plot import plot
from bench.report.table import table
from bench.rounds import absent, in_place, run
from bench.servers.running import CannotStart


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print the table: 1 if a server did not start, of what there is then."""
    options = parser().parse_args(arguments)
    measures = [one for one in ALL if "all" in options.measure or one.name in options.measure]
    with tempfile.TemporaryDirectory(dir=options.scratch, prefix="bench-") as scratch:
        plan = plan_of(options, Path(scratch))
        rows: list[Row] = []
        status = 0
        try:
            for row in run(measures, plan):
                print(f"{row.case}: {row.subject}, {row.round + 1}", file=sys.stderr, flush=True)
                rows.append(row)
                _keep(options.out, "rows.jsonl", line_of(row))
        except CannotStart as error:
            print(error, file=sys.stderr)
            status = 1
        rows = in_place(rows, measures, plan)
        text = table(rows, absent(plan))
    print(text, end="")
    _keep(options.out, "table.txt", text, "w")
    _keep(options.out, "growth.svg", plot(rows), "w")
    return status


def _keep(out: Path | None, name: str, text: str, mode: str = "a") -> None:
    """Add *text* to a file in the folder *out*, if there is to be one."""
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        with (out / name).open(mode, encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    sys.exit(main())
