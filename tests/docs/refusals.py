"""The table of typical refusals: ``python -m tests.docs.refusals docs/refusals.txt``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from tests.config.wrong_files import Case, cases

_HEAD = """\
.. list-table::
    :header-rows: 1
    :widths: 30 70

    * - What is wrong
      - What is said
"""


def page(of: Iterable[Case]) -> str:
    """The typical ones *of* these, as a table in reStructuredText."""
    return _HEAD + "".join(_row(case) for case in of if case.typical)


def _row(case: Case) -> str:
    said = [line.strip() for line in case.says.splitlines()]
    lines = [line for line in said if not line.endswith("in /etc/sippn/sippn.toml")]
    first, *others = (f"| ``{line}``" for line in lines)
    name = case.name[0].upper() + case.name[1:]
    return "\n".join(
        [f"    * - {name}", f"      - {first}", *(f"        {one}" for one in others), ""]
    )


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(cases()), encoding="utf-8")
