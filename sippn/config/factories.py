"""Plugins, by the ``type`` that the configuration names them with."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from attrs import define
from twisted.plugin import getPlugins
from zope.interface import Interface

import twisted.plugins
from sippn.config.model import NOT_YET
from sippn.config.problems import Loc, Problem, did_you_mean, key_path, shown
from sippn.errors import ConfigErrors
from sippn.interfaces import IFactory, Surroundings

Build: TypeAlias = Callable[[Surroundings], Any]

_QUOTED = re.compile(r'\."([A-Za-z0-9_-]+)"(?=[.\[]|\Z)')  # in need of no quotes
_CURE = "mend the plugin, or leave the table out"
_LATER = frozenset({"postgres", "redis"})


@define(eq=False)
class Factories:
    """
    Every factory there is.

    :ivar problems: plugins that cannot be used, by no table's fault.
    """

    _known: dict[tuple[type[Interface], str], IFactory]
    problems: tuple[Problem, ...]

    @classmethod
    def installed(cls) -> Factories:
        """Those that ``twisted.plugin`` finds, sippn's own among them."""
        return cls.of(getPlugins(IFactory, twisted.plugins))

    @classmethod
    def of(cls, factories: Iterable[IFactory]) -> Factories:
        """*factories*, each reached by what it makes and its prefix."""
        known: dict[tuple[type[Interface], str], IFactory] = {}
        problems: list[Problem] = []
        for factory in factories:
            try:
                key = (factory.makes, factory.prefix)
                other = known.setdefault(key, factory)
            except Exception as error:  # noqa: BLE001 - a plugin may raise anything
                problems.append(
                    ("plugins", f"{_name(factory)} is broken: {_kind(error)}; mend or remove it")
                )
                continue
            if other is not factory:
                both = f"{_name(other)} and {_name(factory)}"
                problems.append(
                    ("plugins", f"{both} both are type {factory.prefix!r}: remove one of them")
                )
        return cls(known, tuple(problems))

    def parse(
        self, makes: type[Interface], table: Mapping[str, object], loc: Loc
    ) -> tuple[Build | None, list[Problem]]:
        """
        Have the plugin that *table* names check its table.

        :param loc: where the table is.
        :returns: what builds the plugin, or None and everything that is wrong.
        """
        prefix = table.get("type")
        factory = self._known.get((makes, prefix)) if isinstance(prefix, str) else None
        if factory is None:
            return None, [(key_path((*loc, "type")), self._unknown(makes, prefix))]
        theirs = {key: value for key, value in table.items() if key != "type"}
        try:
            return _placed_build(factory, factory.parse(theirs), loc), []
        except ConfigErrors as errors:
            return None, [_placed(loc, where, what) for where, what in errors.problems]
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            what = f"the plugin {_name(factory)} broke on this table: {_kind(error)}; {_CURE}"
            return None, [(key_path(loc), what)]

    def _unknown(self, makes: type[Interface], prefix: object) -> str:
        known = sorted(name for made, name in self._known if made is makes)
        if prefix in _LATER:
            return f"{shown(prefix)}: {NOT_YET}, and no plugin provides it{_there_are(known)}"
        if not known:
            none = "no plugin of this kind is installed"
            return f"{shown(prefix)}: {none}: install one, or leave the table out"
        hint = did_you_mean(str(prefix), known)
        return f"{shown(prefix)}: no plugin provides it{_there_are(known)}{hint}"


def _there_are(known: Sequence[str]) -> str:
    return f"; there are: {', '.join(known)}" if known else ""


def _placed_build(factory: IFactory, build: Build, loc: Loc) -> Build:
    """Building may find more that is wrong, as a file that cannot be read; or break."""

    def build_there(surroundings: Surroundings) -> Any:
        try:
            built = build(surroundings)
        except ConfigErrors as errors:
            placed = [_placed(loc, where, what) for where, what in errors.problems]
            raise ConfigErrors(placed) from None
        except Exception as error:
            what = f"the plugin {_name(factory)} broke when it was built: {_kind(error)}"
            raise ConfigErrors([(key_path(loc), f"{what}; {_CURE}")]) from error
        if not factory.makes.providedBy(built):
            what = f"the plugin {_name(factory)} built no {factory.makes.__name__}: {_name(built)}"
            raise ConfigErrors([(key_path(loc), f"{what}; {_CURE}")])
        return built

    return build_there


def _placed(loc: Loc, where: str, what: str) -> Problem:
    """A plugin may quote more of its keys than TOML wants; each has one path here."""
    inside = where if not where or where.startswith("[") else f".{where}"
    return key_path(loc) + _QUOTED.sub(r".\1", inside), what


def _name(factory: object) -> str:
    return f"{type(factory).__module__}.{type(factory).__qualname__}"


def _kind(error: Exception) -> str:
    """Not its text, in which a secret of the table may stand."""
    return type(error).__name__
