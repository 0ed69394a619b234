"""Tests of endpoints on real sockets run in the reactor."""

from __future__ import annotations

from inspect import iscoroutinefunction
from pathlib import Path

import pytest
import pytest_twisted  # type: ignore[import-untyped] # it has no py.typed


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """An ``async def`` of this room is a test that runs in the reactor."""
    here = Path(__file__).parent
    for item in items:
        function = getattr(item, "obj", None)
        if here in item.path.parents and iscoroutinefunction(function):
            pytest_twisted.ensureDeferred(function)
