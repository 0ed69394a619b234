"""What the docs say of RFC 8599 is what the tests say, and nothing is said that no test shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.claims import TESTS, Claim, claims, docstrings, names_in
from tests.docs.rfc8599 import Requirement, Section, escaped, page, sections

DOCS = Path(__file__).parents[2] / "docs"
SECTIONS = sections()
CLAIMS = claims()
REQUIREMENTS = [one for section in SECTIONS for one in section.requirements]


def claimed() -> dict[str, list[str]]:
    """Of each name, the places of the tests that have it."""
    found: dict[str, list[str]] = {}
    for claim in CLAIMS:
        for name in claim.names:
            found.setdefault(name, []).append(claim.place)
    return found


def test_page_is_what_the_tests_say() -> None:
    """Issue 6, 8.  If not: ``python -m tests.docs.rfc8599 docs/rfc8599.rst``."""
    assert (DOCS / "rfc8599.rst").read_text("utf-8") == page(SECTIONS, CLAIMS)
    assert "\n   rfc8599\n" in (DOCS / "index.rst").read_text("utf-8")


def test_what_is_built_is_shown() -> None:
    """Issue 6, 8: a requirement that no test names is not known to be met."""
    shown = claimed()
    assert [one.name for one in REQUIREMENTS if not one.absent and one.name not in shown] == []


def test_what_is_not_built_is_not_shown() -> None:
    """Issue 6, 8: and a test that names what is said not to be there is wrong, or the page is."""
    shown = claimed()
    assert {
        one.name: shown[one.name] for one in REQUIREMENTS if one.absent and one.name in shown
    } == {}


def test_every_requirement_is_known() -> None:
    """Issue 6, 8: a docstring with a number that is none has a misprint."""
    known = {one.name for one in REQUIREMENTS}
    unknown = {
        path.relative_to(TESTS).as_posix(): sorted({*names_in(docstrings(path))} - known)
        for path in sorted(TESTS.rglob("*.py"))
    }
    assert {path: names for path, names in unknown.items() if names} == {}


def test_each_is_there_once() -> None:
    """Two rows for one requirement would each tell half of it."""
    names = [one.name for one in REQUIREMENTS]
    assert sorted(names) == sorted(set(names))
    assert len(names) > 90


def test_every_vector_has_a_file() -> None:
    """Issue 6: those of this issue; a file that is there is one of the page."""
    files = {path.name[12:14] for path in (TESTS / "vectors").glob("test_vector_*.py")}
    numbers = (*range(1, 21), 23, 25)
    assert files >= {f"{number:02}" for number in numbers}
    for name in files:
        shown = claimed()[f"Vector {int(name)}"]
        assert [place for place in shown if place.startswith(f"vectors/test_vector_{name}")]


@pytest.mark.parametrize(
    ("docstring", "names", "sentence"),
    [
        ("P-041, P-002: it goes out once.", ["P-041", "P-002"], "It goes out once."),
        ("Vector 8, Q-02: it does.", ["Vector 8", "Q-02"], "It does."),
        ("Appendix B 2, 17, F-01: one each.", ["Vector 2", "Vector 17", "F-01"], "One each."),
        ("INTEROP 3, S-10, P-002: no fork.", ["P-002"], "No fork."),
        ("Nobody's `*` stands for all (Q-01).", ["Q-01"], "Nobody's `*` stands for all."),
        ("G-04.", ["G-04"], "Name of the test."),
        ("P-001: it is in the path.\n\n    And so on.", ["P-001"], "It is in the path."),
        ("Says this: that (P-007).", ["P-007"], "Says this: that."),
    ],
)
def test_docstrings_are_read(
    tmp_path: Path, docstring: str, names: list[str], sentence: str
) -> None:
    """Issue 6, 8: in the forms that there are."""
    text = f'def test_name_of_the_test():\n    """{docstring}"""\n'
    (tmp_path / "test_file.py").write_text(text)
    (claim,) = claims(tmp_path)
    assert list(claim.names) == names
    assert claim.sentence == sentence
    assert claim.place == "test_file.py::test_name_of_the_test"


@pytest.mark.parametrize(
    ("text", "rst"),
    [
        ("a * b", "a \\* b"),
        ("a ``*;`` b", "a ``*;`` b"),
        ("a `*` b", "a ``*`` b"),
        ("a_ b_c", "a\\_ b_c"),
        ("a|b\\c", "a\\|b\\\\c"),
    ],
)
def test_signs_mean_nothing(text: str, rst: str) -> None:
    """A docstring is no reStructuredText but for its literals."""
    assert escaped(text) == rst


def test_row_shows_the_best_tests_and_counts_the_others() -> None:
    """Issue 6, 8: those of a whole server, and about nothing else, first."""
    names = ("P-041",)
    some = [Claim("wake/test_a.py", n, f"test_{n}", names, f"Room {n}.") for n in range(3)]
    best = Claim("vectors/test_vector_08.py", 9, "test_it", names, "Whole.")
    made = page([Section("Calls", (Requirement("P-041", "5", "Asks."),))], [*some, best])
    assert made.index("* Whole.") < made.index("* Room 0.") < made.index("* Room 1.")
    assert "* Room 2." not in made
    assert "and 1 more." in made
