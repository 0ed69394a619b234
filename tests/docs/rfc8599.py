"""
The page that says what sippn makes of RFC 8599: ``python -m tests.docs.rfc8599 docs/rfc8599.rst``.

It is made of what the tests say of themselves, so that it says nothing that no test shows.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

from tests.docs.claims import Claim, claims

DATA = Path(__file__).with_suffix(".toml")
VECTORS = "Test vectors: whole stories"
_SHOWN = 3  # tests for each requirement; the others are counted

_HEAD = """\
RFC 8599, line by line
======================

What :rfc:`8599` asks of a server that pushes, what sippn does, and the test that shows it.  The
words are those of the tests (``tests`` in the repository), from which this page is made; a test of
its own fails when they differ.  A number alone is a section of the RFC.
"""

_TABLE = """\
.. list-table::
    :header-rows: 1
    :widths: 34 66

    * - Asked for
      - What sippn does, and what shows it
"""


@frozen
class Requirement:
    """
    One row of the page.

    :ivar rfc: the section of RFC 8599, or another document.
    :ivar absent: why nothing is done about it; empty: something is.
    """

    name: str
    rfc: str
    asks: str
    note: str = ""
    absent: str = ""


@frozen
class Section:
    """Requirements that belong together."""

    title: str
    requirements: tuple[Requirement, ...]


def sections(data: Path = DATA) -> list[Section]:
    """All of the file *data*; the vectors are the last."""
    tables = tomllib.loads(data.read_text("utf-8"))
    by_title = [(one["title"], one["requirement"]) for one in tables["section"]]
    vectors = [{**one, "id": f"Vector {one['number']}"} for one in tables["vector"]]
    return [
        Section(title, tuple(map(_requirement, rows)))
        for title, rows in (*by_title, (VECTORS, vectors))
    ]


def page(of: Sequence[Section], shown_by: Sequence[Claim]) -> str:
    """The page, in reStructuredText."""
    by_name: dict[str, list[Claim]] = {}
    for claim in shown_by:
        for name in claim.names:
            by_name.setdefault(name, []).append(claim)
    parts = [_HEAD]
    for section in of:
        rows = [_row(one, by_name.get(one.name, [])) for one in section.requirements]
        parts += ["\n", section.title, "\n", "-" * len(section.title), "\n\n", _TABLE, *rows]
    return "".join(parts)


def _requirement(table: dict[str, str]) -> Requirement:
    absent = table.get("missing") or table.get("not_ours") or ""
    rfc, note = table.get("rfc", ""), table.get("note", "")
    return Requirement(table["id"], rfc, table["asks"], note, absent)


def _row(one: Requirement, of: Sequence[Claim]) -> str:
    said = f"**{one.name}** ({one.rfc})" if one.rfc else f"**{one.name}**"
    ranked = sorted(of, key=lambda claim: claim.rank(one.name))
    done: list[str] = []
    for claim in ranked[:_SHOWN]:
        done += [f"* {escaped(claim.sentence)}", f"  ``{claim.path}`` ``{claim.test}``"]
    if len(ranked) > _SHOWN:
        done += ["", f"and {len(ranked) - _SHOWN} more."]
    for text in (one.note, one.absent):
        if text:
            done += ["", f"*{text}*" if "``" not in text else text]
    return _cell("    * - ", [said, "", one.asks]) + _cell("      - ", done)


def _cell(bullet: str, lines: Sequence[str]) -> str:
    indent = " " * len(bullet)
    text = "\n".join(f"{indent}{line}" if line else "" for line in lines)
    return f"{bullet}{text.strip()}".rstrip() + "\n"


def escaped(text: str) -> str:
    """*text* of a docstring, whose signs mean nothing to reStructuredText but in literals."""
    parts = re.split(r"(``.+?``)", text)
    return "".join(one if one.startswith("``") else _plain(one) for one in parts)


def _plain(text: str) -> str:
    text = re.sub(r"`([^`]+)`", r"``\1``", text)
    parts = re.split(r"(``.+?``)", text)
    return "".join(
        one if one.startswith("``") else re.sub(r"([*|`\\])|(_)(?=\W|\Z)", r"\\\1\2", one)
        for one in parts
    )


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(sections(), claims()), encoding="utf-8")
