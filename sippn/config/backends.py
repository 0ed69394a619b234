"""What plugins are asked to build: the store, what pushes and understands, what routes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import frozen
from zope.interface import Interface

from sippn.config.factories import Build, Factories
from sippn.config.problems import Loc, Problem
from sippn.interfaces import IBindingStore, IPushDialect, IPushProvider, IRoutingPolicy


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
        build, wrong = factories.parse(makes, _with_whole_paths(table, folder), loc)
        problems.extend(wrong)
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


def _with_whole_paths(table: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """
    A plugin knows no *folder* to which its files are relative: ``path``, ``file`` and
    whatever ends in ``_file`` become absolute, wherever in its table they are.
    """
    return {key: _whole(key, value, folder) for key, value in table.items()}


def _whole(key: str, value: Any, folder: Path) -> Any:
    if isinstance(value, dict):
        return _with_whole_paths(value, folder)
    if isinstance(value, str) and value and (key in ("path", "file") or key.endswith("_file")):
        return str(folder / value)
    return value
