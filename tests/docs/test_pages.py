"""Whatever file a page names is there."""

from __future__ import annotations

import re
from configparser import ConfigParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(set((ROOT / "docs").glob("*.rst")) - {ROOT / "docs" / "plugins.rst"})  # of others
_HALF = 44  # columns
IN_TESTS = re.compile(r"``((?:tests|fuzz|bench|examples|sippn)(?:/[A-Za-z0-9_.]+)+)/?``")
TEST = re.compile(r"``(test_[a-z0-9_]+\.py)``")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_named_files_exist(page: Path) -> None:
    """Issue 5, 7: whoever looks for what shows it finds it."""
    text = page.read_text("utf-8")
    assert [name for name in IN_TESTS.findall(text) if not (ROOT / name).exists()] == []
    tests = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    assert [name for name in TEST.findall(text) if name not in tests] == []


def test_threats_have_a_heading_each() -> None:
    """RELIABILITY 3: T1 to T18, in order, each with what is done, left, and shown."""
    text = (ROOT / "docs" / "threats.rst").read_text("utf-8")
    assert re.findall(r"^T([0-9]+): .*\n~+$", text, re.MULTILINE) == [str(n) for n in range(1, 19)]
    for said in ("What sippn does", "What is left", "Tests"):
        assert text.count(f":{said}: ") == 18


def test_every_test_of_a_threat_is_named() -> None:
    """A threat that is tested, and of which nobody reads, is half a defence."""
    text = (ROOT / "docs" / "threats.rst").read_text("utf-8")
    there = {path.name for path in (ROOT / "tests" / "threats").glob("test_*.py")}
    assert there
    assert [name for name in sorted(there) if name not in text] == []


def test_floors_are_those_that_are_held() -> None:
    """The page draws the house that ``lint-imports`` insists on."""
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg", "utf-8")
    layers = setup["importlinter:contract:floors"]["layers"].split("\n")[1:]
    page = (ROOT / "docs" / "flows.rst").read_text("utf-8")
    rows = page.partition(".. code-block:: text\n\n")[2].partition("\n\n")[0].split("\n")
    drawn = {name: number for number, row in enumerate(rows) for name in _rooms(row)}
    below = [[drawn[name] for name in re.findall(r"[a-z]+", layer)] for layer in layers]
    assert below == sorted(below)
    assert sum(map(len, below)) == len(drawn)


def _rooms(row: str) -> list[str]:
    """What stands before the description, which has the second half."""
    return row[:_HALF].split()
