"""
Which requirements the tests show, and what they say that the server does: by their docstrings.

A docstring names them before its first colon, ``P-041, P-002: what the server does``, or
anywhere in it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"

_REQUIREMENT = re.compile(r"\b([PUFGDQ]-[0-9]{2,3})\b")
_VECTOR = re.compile(r"\b(?:[Vv]ector|[Aa]ppendix B|B) ([0-9]{1,2}(?:, [0-9]{1,2}\b)*)")
_PREFIX = re.compile(r"([^:]{1,90}):\s+(.*)", re.DOTALL)
_ASIDE = re.compile(r"\s*\([^()]*\b[PUFGDQ]-[0-9]{2,3}\b[^()]*\)")
_WHOLE_SERVER = ("vectors", "flows", "threats", "conformance", "peers")
_TOOLS = ("testing", "fuzz", "bench", "docs")


@frozen
class Claim:
    """
    What one test shows.

    :ivar path: of its file, below ``tests``; *line*: where in it.
    :ivar names: of requirements and vectors, as ``P-041`` and ``Vector 8``, in its order.
    :ivar sentence: what the server does.
    """

    path: str
    line: int
    test: str
    names: tuple[str, ...]
    sentence: str

    @property
    def place(self) -> str:
        """Where it is, as pytest is told."""
        return f"{self.path}::{self.test}"

    def rank(self, name: str) -> tuple[bool, bool, int, str, int]:
        """The less, the better it tells of *name*: a story of a whole server, and about that."""
        about = [one for one in self.names if name.startswith("Vector") or one[:1] != "V"]
        room = self.path.split("/")[0]
        others = len(_WHOLE_SERVER) + (room in _TOOLS)
        whole = _WHOLE_SERVER.index(room) if room in _WHOLE_SERVER else others
        return (room != "vectors", about[:1] != [name], whole, self.path, self.line)


def claims(folder: Path = TESTS) -> list[Claim]:
    """All there are in the tests in *folder*."""
    return [
        claim
        for path in sorted(folder.rglob("test_*.py"))
        for claim in _of_file(path.read_text("utf-8"), path.relative_to(folder).as_posix())
    ]


def docstrings(path: Path) -> str:
    """All that the file at *path* says of itself, its classes and its functions."""
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    return "\n".join(ast.get_docstring(n) or "" for n in nodes if isinstance(n, documented))


def _of_file(text: str, path: str) -> Iterator[Claim]:
    module = ast.parse(text)
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node)
            if node.name.startswith("test_") and docstring and names_in(docstring):
                said = _sentence(docstring) or _words(node.name)
                yield Claim(path, node.lineno, node.name, names_in(docstring), said)


def names_in(docstring: str) -> tuple[str, ...]:
    """The requirements and vectors that it names, each once."""
    found: list[str] = []
    for numbers in _VECTOR.findall(docstring):
        found += [f"Vector {int(number)}" for number in numbers.split(", ")]
    return tuple(dict.fromkeys([*found, *_REQUIREMENT.findall(docstring)]))


def _sentence(docstring: str) -> str:
    """What follows the names, in the first paragraph; empty: nothing does."""
    said = " ".join(docstring.partition("\n\n")[0].split())
    prefix = _PREFIX.fullmatch(said)
    if prefix and names_in(prefix[1]):
        said = prefix[2]
    said = _ASIDE.sub("", said)
    if not _REQUIREMENT.sub("", _VECTOR.sub("", said)).strip(" .,:;"):
        return ""
    first = said.split()[0]
    return said[0].upper() + said[1:] if first.strip(",;:").isalpha() else said


def _words(test: str) -> str:
    """The name of a *test*, as words."""
    said = test.removeprefix("test_").replace("_", " ")
    return f"{said[0].upper()}{said[1:]}."
