"""The plugins of the built-in stores."""

from __future__ import annotations

import subprocess
import sys

import pytest
from twisted.internet.task import Clock
from twisted.plugin import IPlugin
from zope.interface.verify import verifyObject

from sippn.errors import ConfigErrors
from sippn.interfaces import IBindingStore, IFactory, Surroundings
from sippn.storage.factories import MemoryStoreFactory

SURROUNDINGS = Surroundings(None, Clock(), lambda: 0.0, bytes)


def test_it_is_a_plugin() -> None:
    """``getPlugins`` finds it, and the configuration knows it by its prefix."""
    factory = MemoryStoreFactory()
    assert verifyObject(IFactory, factory)
    assert IPlugin.providedBy(factory)
    assert factory.makes is IBindingStore
    assert factory.prefix == "memory"


def test_it_builds_an_empty_store() -> None:
    """Each server gets its own."""
    build = MemoryStoreFactory().parse({})
    store = build(SURROUNDINGS)
    assert verifyObject(IBindingStore, store)
    assert build(SURROUNDINGS) is not store


def test_it_takes_no_keys() -> None:
    """Unknown keys are refused, all at once."""
    with pytest.raises(ConfigErrors) as refused:
        MemoryStoreFactory().parse({"path": "x.db", "url": "y"})
    assert [where for where, _ in refused.value.problems] == ["path", "url"]


def test_listing_it_does_not_import_its_store() -> None:
    """A plugin is light until it is used."""
    code = "import sys, sippn.storage.factories; sys.exit('sippn.storage.memory' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
