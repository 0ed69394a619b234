"""SQLite stores for tests, closed in the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from zope.interface import provider

from sippn.storage.sqlite import SQLiteStore
from tests.storage.turns import Opened, Turns


@pytest.fixture
def turns() -> Turns:
    return Turns()


@pytest.fixture
def opened(turns: Turns) -> Iterator[Opened]:
    opened = Opened(turns)
    yield opened
    opened.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sippn.db"


@pytest.fixture
def store(opened: Opened, path: Path) -> SQLiteStore:
    return opened(path)


@pytest.fixture
def said() -> Iterator[list[LogEvent]]:
    """What the store says to the operator."""
    events: list[LogEvent] = []

    @provider(ILogObserver)
    def observe(event: LogEvent) -> None:
        if event.get("log_namespace", "").startswith("sippn.storage"):
            events.append(event)

    globalLogPublisher.addObserver(observe)
    yield events
    globalLogPublisher.removeObserver(observe)
