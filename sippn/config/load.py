"""From a TOML file to the settings of a server."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from attrs import frozen
from pydantic import ValidationError

from sippn.auth import User
from sippn.config.backends import backends
from sippn.config.checks import check
from sippn.config.embedded import EMBEDDED
from sippn.config.factories import Factories
from sippn.config.model import Config
from sippn.config.problems import Loc, Problem, explain, key_path, without_echoes
from sippn.config.push_risks import push_risks
from sippn.config.reading import read_text, read_toml
from sippn.config.references import References
from sippn.config.risks import risks
from sippn.config.settings import settings_of
from sippn.config.summary import summary
from sippn.config.unknown import about_unknown
from sippn.config.users import users_of
from sippn.errors import ConfigErrors
from sippn.service.settings import ServerSettings


@frozen
class Checked:
    """
    A configuration in which nothing is wrong.

    :ivar warnings: what is allowed, and should not go unsaid.
    :ivar summary: what it says, in a few lines.
    """

    settings: ServerSettings
    warnings: tuple[str, ...]
    summary: tuple[str, ...]


def load(path: Path | None, environ: Mapping[str, str]) -> Checked:
    """
    Read the file at *path*, or the embedded default without one, in the current folder.

    :param environ: the process's environment, for ``{ env = "X" }``.
    :raises ConfigErrors: everything that is wrong, at once.
    """
    factories = Factories.installed()
    if path is None:
        return read(EMBEDDED, Path.cwd(), environ, factories)
    path = path.absolute()
    try:
        text = read_text(path)
    except ValueError as error:
        raise ConfigErrors([("", str(error))]) from None
    return read(text, path.parent, environ, factories)


def read(text: str, folder: Path, environ: Mapping[str, str], factories: Factories) -> Checked:
    """
    Read *text*, in which relative files are relative to *folder*.

    :raises ConfigErrors: everything that is wrong, at once.
    """
    references = References(folder, environ)
    tree = references.resolve(_toml(text))
    config, guessed, problems = _validate(tree, references.secret)
    guessed |= {str(loc[0]) for loc, _ in references.lost}
    problems += check(config, lambda *tables: guessed.isdisjoint(tables))
    users: tuple[User, ...] = ()
    if "auth" not in guessed:
        users, wrong = _users(config, folder, secret=("auth", "users") in references.secret)
        problems += wrong
    found = backends(tree, folder, factories)
    problems += [*found.problems, *factories.problems]
    lost = [(key_path(loc), what) for loc, what in references.lost]
    problems = lost + without_echoes(problems, [where for where, _ in lost])
    if problems or found.storage is None:
        raise ConfigErrors(problems)
    settings = settings_of(config, folder, users, found, found.storage)
    warnings = (*risks(config), *push_risks(config, folder))
    return Checked(settings, warnings, summary(config, settings, references.secret))


def _toml(text: str) -> dict[str, Any]:
    try:
        return read_toml(text)
    except ValueError as error:
        raise ConfigErrors([("", str(error))]) from None


def _validate(
    tree: dict[str, Any], secret: Collection[Loc]
) -> tuple[Config, set[str], list[Problem]]:
    """The tables, which of them are defaults because the file's are wrong, and what is wrong."""
    try:
        return Config.model_validate(tree), set(), []
    except ValidationError as error:
        errors = error.errors(include_url=False)
    guessed: set[str] = set()
    for one in errors:
        if one["type"] == "extra_forbidden":
            _drop(tree, one["loc"])
        else:
            guessed.add(str(one["loc"][0]))
    rest = {key: value for key, value in tree.items() if key not in guessed}
    problems = [explain(one, secret, about_unknown) for one in errors]
    return Config.model_validate(rest), guessed, problems


def _drop(tree: Any, loc: Loc) -> None:
    *way, key = loc
    for part in way:
        tree = tree[part]
    del tree[key]


def _users(config: Config, folder: Path, *, secret: bool) -> tuple[tuple[User, ...], list[Problem]]:
    try:
        return users_of(config.auth, folder, secret=secret), []
    except ConfigErrors as errors:
        return (), list(errors.problems)
