"""SQLite stores for tests, closed in the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.storage.turns import Opened, Turns


@pytest.fixture
def turns() -> Turns:
    return Turns()


@pytest.fixture
def opened(turns: Turns) -> Iterator[Opened]:
    opened = Opened(turns)
    yield opened
    opened.close()
