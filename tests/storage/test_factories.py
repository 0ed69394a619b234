"""The plugins of the built-in stores."""

from __future__ import annotations

import subprocess
import sys

import pytest
from twisted.internet.task import Clock
from twisted.plugin import IPlugin, getPlugins
from zope.interface.verify import verifyObject

import twisted.plugins
from sippn.errors import ConfigErrors
from sippn.interfaces import IBindingStore, IFactory, Surroundings
from sippn.storage.factories import MemoryStoreFactory, SQLiteStoreFactory

SURROUNDINGS = Surroundings(None, Clock(), lambda: 0.0, bytes)


@pytest.mark.parametrize("prefix", ["memory", "sqlite"])
def test_it_is_a_plugin(prefix: str) -> None:
    """``getPlugins`` finds it, and the configuration knows it by its prefix."""
    (factory,) = (f for f in getPlugins(IFactory, twisted.plugins) if f.prefix == prefix)
    assert verifyObject(IFactory, factory)
    assert IPlugin.providedBy(factory)
    assert factory.makes is IBindingStore


@pytest.mark.parametrize(
    ("factory", "table"),
    [(MemoryStoreFactory(), {}), (SQLiteStoreFactory(), {"path": "/nowhere/sippn.db"})],
)
def test_it_builds_an_empty_store(factory: IFactory, table: dict[str, object]) -> None:
    """Each server gets its own; no file is touched before it starts."""
    build = factory.parse(table)
    store = build(SURROUNDINGS)
    assert verifyObject(IBindingStore, store)
    assert build(SURROUNDINGS) is not store


def test_it_takes_no_keys() -> None:
    """Unknown keys are refused, all at once."""
    with pytest.raises(ConfigErrors) as refused:
        MemoryStoreFactory().parse({"path": "x.db", "url": "y"})
    assert [where for where, _ in refused.value.problems] == ["path", "url"]


@pytest.mark.parametrize("path", [None, "", 5, ["a"], "a\0b"])
def test_a_file_needs_a_name(path: object) -> None:
    """Every key that is wrong is told at once."""
    with pytest.raises(ConfigErrors) as refused:
        SQLiteStoreFactory().parse({"url": "x", **({} if path is None else {"path": path})})
    assert [where for where, _ in refused.value.problems] == ["url", "path"]


@pytest.mark.parametrize("module", ["sippn.storage.memory", "sippn.storage.sqlite", "sqlite3"])
def test_listing_it_does_not_import_its_store(module: str) -> None:
    """A plugin is light until it is used."""
    code = f"import sys, sippn.storage.factories; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
