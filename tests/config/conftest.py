"""Plugins that need nothing, and a way to read a configuration with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field
from twisted.plugin import IPlugin
from zope.interface import Interface, implementer

from sippn.config import Checked, Factories, read
from sippn.errors import ConfigErrors
from sippn.interfaces import (
    IBindingStore,
    IFactory,
    IPushDialect,
    IPushProvider,
    IRoutingPolicy,
    Surroundings,
)

Reads = Callable[..., Checked]  # a text that is right, and variables of the environment
Refuses = Callable[..., dict[str, str]]  # one that is wrong; its problems by key path


@implementer(IPlugin, IFactory)
@define(eq=False)
class FakeFactory:
    """
    A plugin that keeps what it was given to parse.

    :ivar wrong: raised by :meth:`parse`, if it is not None.
    :ivar broken: raised by what it returns.
    """

    makes: type[Interface]
    prefix: str
    help: str = ""
    wrong: Exception | None = None
    broken: Exception | None = None
    parsed: list[Mapping[str, object]] = field(factory=list)

    def parse(self, table: Mapping[str, object]) -> Callable[[Surroundings], Any]:
        """Keep *table*, or raise."""
        self.parsed.append(table)
        if self.wrong is not None:
            raise self.wrong
        return self._build

    def _build(self, _: Surroundings) -> Any:
        if self.broken is not None:
            raise self.broken
        return self


class Plugins:
    """One plugin of each kind, and what else a test adds."""

    def __init__(self) -> None:
        self.memory = FakeFactory(IBindingStore, "memory")
        self.sqlite = FakeFactory(IBindingStore, "sqlite")
        self.log = FakeFactory(IPushProvider, "log")
        self.webhook = FakeFactory(IPushProvider, "webhook")
        self.services = [FakeFactory(IPushProvider, name) for name in ("apns", "fcm", "webpush")]
        self.barring = FakeFactory(IRoutingPolicy, "barring")
        self.x_push = FakeFactory(IPushDialect, "x-push")
        self.more: list[FakeFactory] = []

    def found(self) -> Factories:
        """All of them, as the configuration finds them."""
        stores, pushes = [self.memory, self.sqlite], [self.log, self.webhook, self.x_push]
        return Factories.of([*stores, *pushes, *self.services, self.barring, *self.more])


@pytest.fixture
def plugins() -> Plugins:
    return Plugins()


@pytest.fixture
def reads(plugins: Plugins, tmp_path: Path) -> Reads:
    def reads(text: str, **environ: str) -> Checked:
        return read(text, tmp_path, environ, plugins.found())

    return reads


@pytest.fixture
def refuses(plugins: Plugins, tmp_path: Path) -> Refuses:
    def refuses(text: str, **environ: str) -> dict[str, str]:
        with pytest.raises(ConfigErrors) as caught:
            read(text, tmp_path, environ, plugins.found())
        problems = dict(caught.value.problems)
        assert len(problems) == len(caught.value.problems), "two problems at one key"
        return problems

    return refuses
