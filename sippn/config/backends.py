"""What plugins are asked to build: the store, what pushes and understands, what routes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import frozen
from zope.interface import Interface

from sippn.config.factories import Build, Factories
from sippn.config.problems import Loc, Problem, key_path
from sippn.interfaces import IBindingStore, IPushDialect, IPushProvider, IRoutingPolicy

_FILES = ("path", "file")
_NO_FILES_IN = ("headers", "payload")  # what these have is for others to read


@frozen
class Backends:
    """How to build each of them; *problems* is not empty where one cannot be built."""

    storage: Build | None
    providers: tuple[Build, ...]
    dialects: tuple[Build, ...]
    policies: tuple[Build, ...]
    problems: tuple[Problem, ...]


def backends(tree: Mapping[str, Any], folder: Path, factories: Factories) -> Backends:
    """
    Ask every plugin that *tree* names.

    It reads the file's own tables, not the checked ones, so that what is wrong inside a
    provider is told together with what is wrong around it.
    """
    problems: list[Problem] = []

    def one(makes: type[Interface], table: object, loc: Loc) -> Build | None:
        if not isinstance(table, dict) or not isinstance(table.get("type"), str):
            return None  # the model complains of that
        no_names = [
            (key_path(where), "expected the name of a file, not what is in it")
            for where, name in files_in(table, loc)
            if not _may_be_a_name(name)
        ]
        build, wrong = factories.parse(makes, _with_whole_paths(table, folder), loc)
        problems.extend((*no_names, *wrong))
        return build

    def many(makes: type[Interface], tables: object, loc: Loc) -> tuple[Build, ...]:
        if not isinstance(tables, list):
            return ()
        found = (one(makes, table, (*loc, number)) for number, table in enumerate(tables))
        return tuple(build for build in found if build is not None)

    push = tree.get("push")
    if not isinstance(push, dict):
        push = {}
    return Backends(
        storage=one(IBindingStore, tree.get("storage", {"type": "memory"}), ("storage",)),
        providers=many(IPushProvider, push.get("provider"), ("push", "provider")),
        dialects=many(IPushDialect, push.get("dialect"), ("push", "dialect")),
        policies=many(IRoutingPolicy, tree.get("policy"), ("policy",)),
        problems=tuple(problems),
    )


def files_in(table: Mapping[str, Any], loc: Loc) -> Iterator[tuple[Loc, str]]:
    """The names of files in a plugin's *table* and the tables in it, and where they stand."""
    for key, value in table.items():
        if isinstance(value, dict) and key not in _NO_FILES_IN:
            yield from files_in(value, (*loc, key))
        elif _names_file(key, value):
            yield (*loc, key), value


def _with_whole_paths(table: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """
    A plugin knows no *folder* to which its files are relative: they become absolute,
    wherever in its table they are.
    """
    return {key: _whole(key, value, folder) for key, value in table.items()}


def _whole(key: str, value: Any, folder: Path) -> Any:
    if isinstance(value, dict) and key not in _NO_FILES_IN:
        return _with_whole_paths(value, folder)
    return str(folder / value) if _names_file(key, value) else value


def _names_file(key: str, value: object) -> bool:
    if not value or not isinstance(value, str):
        return False
    if key == "service_account":
        return not value.lstrip().startswith("{")  # what is in the file, from the environment
    return key in _FILES or key.endswith("_file")


def _may_be_a_name(name: str) -> bool:
    """Not the key itself, put where its file belongs: then no message may show it."""
    return name.isprintable() and "-----BEGIN" not in name
