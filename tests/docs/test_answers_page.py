"""What the docs say of the answers of push services is what is done."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sippn.binding import Verdict
from sippn.providers.rows import Row
from tests.docs.answers import TABLES, page

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
_TABLE = re.compile(r"^(\w+): Final\[Mapping\[.*Row\]\]", re.MULTILINE)


@pytest.mark.parametrize("name", TABLES)
def test_page_is_the_table_of_the_provider(name: str) -> None:
    """
    N-05: each answer is documented as sippn takes it.

    If not: ``python -m tests.docs.answers docs/answers``.
    """
    assert (DOCS / "answers" / f"{name}.txt").read_text("utf-8") == page(TABLES[name])
    assert f".. include:: answers/{name}.txt\n" in (DOCS / "push.rst").read_text("utf-8")


def test_no_table_is_left_out() -> None:
    """N-05: whoever adds a table of answers is told to document it."""
    files = (ROOT / "sippn" / "providers").rglob("*.py")
    tables = [name for file in files for name in _TABLE.findall(file.read_text("utf-8"))]
    assert len(tables) == len(TABLES) + 1  # APNs has two


def test_answers_of_one_meaning_are_one_line() -> None:
    """N-05: a reader looks for the status, and finds what it has in common with others."""
    one = Row(Verdict.BUSY, "it is tired", "wait")
    text = page({"HTTP 429": one, (503, "Shutdown"): one, 400: Row(Verdict.DEAD, "gone")})
    assert text.endswith(
        "    * - ``HTTP 429``, ``503 Shutdown``\n      - busy\n      - It is tired. Wait.\n"
        "    * - ``400, any other``\n      - dead\n      - Gone.\n"
    )
