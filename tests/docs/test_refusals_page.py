"""What the docs say of wrong files is what is said."""

from __future__ import annotations

from pathlib import Path

from tests.config.wrong_files import cases
from tests.docs.refusals import page

DOCS = Path(__file__).parents[2] / "docs"


def test_page_has_the_typical_ones() -> None:
    """Issue 5, 6.  If not: ``python -m tests.docs.refusals docs/refusals.txt``."""
    assert (DOCS / "refusals.txt").read_text("utf-8") == page(cases())
    assert ".. include:: refusals.txt\n" in (DOCS / "configuration.rst").read_text("utf-8")
