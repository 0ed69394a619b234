"""Tests of endpoints on real sockets run in the reactor."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted  # type: ignore[import-untyped] # it has no py.typed
from twisted.internet.defer import Deferred

from sippn.testing.push_server import PushServer
from tests.testing.push_client import Caller


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """An ``async def`` of this room is a test that runs in the reactor."""
    here = Path(__file__).parent
    for item in items:
        function = getattr(item, "obj", None)
        if here in item.path.parents and iscoroutinefunction(function):
            pytest_twisted.ensureDeferred(function)


@pytest.fixture
def push_server() -> Iterator[PushServer]:
    """Push services that listen."""
    from twisted.internet import reactor  # noqa: PLC0415 - pytest-twisted chooses which

    there: Any = reactor
    server = PushServer(there)
    server.start()
    yield server
    pytest_twisted.blockon(server.stop())
    assert there.getDelayedCalls() == []


@pytest.fixture
def caller(push_server: PushServer) -> Iterator[Caller]:
    """Whoever connects to them."""
    caller = Caller(push_server.reactor, push_server)
    yield caller
    pytest_twisted.blockon(Deferred.fromCoroutine(caller.hang_up()))
