"""What the tests of this room have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any, cast

import pytest
import pytest_twisted  # type: ignore[import-untyped] # it has no py.typed
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher

from sippn.http.origin import Origin, Way
from sippn.http.trust import trust_root
from tests.http.scene import Scene, scene_to_its_end
from tests.http.servers import Server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """An ``async def`` of this room is a test that runs in the reactor."""
    here = Path(__file__).parent
    for item in items:
        function = getattr(item, "obj", None)
        if here in item.path.parents and iscoroutinefunction(function):
            pytest_twisted.ensureDeferred(function)


@pytest.fixture
def scene() -> Iterator[Scene]:
    with scene_to_its_end() as scene:
        yield scene


@pytest.fixture
def log_events() -> Iterator[list[LogEvent]]:
    """What is logged."""
    events: list[LogEvent] = []
    observer = cast("ILogObserver", events.append)
    globalLogPublisher.addObserver(observer)
    yield events
    globalLogPublisher.removeObserver(observer)


@pytest.fixture
def reactor() -> Iterator[Any]:
    """The reactor; whoever leaves a timer behind fails his test."""
    from twisted.internet import reactor  # noqa: PLC0415 - pytest-twisted chooses which

    yield reactor
    assert reactor.getDelayedCalls() == []


@pytest.fixture
def server(reactor: Any) -> Iterator[Server]:
    """One that does not listen yet."""
    server = Server(reactor)
    yield server
    pytest_twisted.blockon(server.stop())


@pytest.fixture
def origin_at(reactor: Any) -> Iterator[Callable[..., Origin]]:
    """Origins, which are closed at the end."""
    made: list[Origin] = []

    def make(server: Server, **way: Any) -> Origin:
        way.setdefault("trust", trust_root(server.made.pem))
        origin = Origin(Way("localhost", server.port, **way), reactor, reactor)
        made.append(origin)
        return origin

    yield make
    for origin in made:
        pytest_twisted.blockon(origin.close())
