"""The rules of the house that no other tool holds."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from zope.interface.interface import InterfaceClass

from sippn import interfaces

ROOT = Path(__file__).parent.parent
OURS = sorted((ROOT / "sippn").rglob("*.py"))

LINES_OF_A_FILE = 400
LINES_OF_A_FUNCTION = 60

SOCKETS = [
    socket
    for socket in vars(interfaces).values()
    if isinstance(socket, InterfaceClass) and socket.__module__ == interfaces.__name__
]


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method in the file at *path*, nested ones too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_file_can_be_read_in_one_go() -> None:
    """STYLE 3.8: a file that grows beyond the limit holds more than one thing."""
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in OURS
    }
    assert {path: n for path, n in lengths.items() if n > LINES_OF_A_FILE} == {}


def test_function_fits_on_a_screen() -> None:
    """STYLE 3.8: docstring included."""
    too_long = [
        f"{path.relative_to(ROOT)}: {function.name}"
        for path in OURS
        for function in functions(path)
        if (function.end_lineno or 0) - function.lineno >= LINES_OF_A_FUNCTION
    ]
    assert too_long == []


@pytest.mark.parametrize("socket", SOCKETS, ids=lambda socket: str(socket.__name__))
def test_socket_says_what_it_asks_for(socket: InterfaceClass) -> None:
    """STYLE 3.8: the author of a plugin has these docstrings and nothing else."""
    silent = [name for name in socket.names() if not socket[name].getDoc()]
    assert silent == []


def test_plugin_folders_are_no_packages() -> None:
    """DESIGN 2: an __init__.py there would hide Twisted's own plugins, or ours."""
    assert list((ROOT / "twisted").rglob("__init__.py")) == []
