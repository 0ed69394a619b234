"""What the log says of plugins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import pytest

from tests.containment.wicked import PRID

Blamed: TypeAlias = Callable[[], list[str]]


@pytest.fixture
def blamed(logged: list[str]) -> Iterator[Blamed]:
    """The first line of each complaint so far; at the end, the log is looked through for PRIDs."""

    def lines() -> list[str]:
        found = [line.partition("\n")[0] for line in logged if line.startswith("the plugin ")]
        return [line.removeprefix("the plugin ") for line in found]

    yield lines
    assert not [line for line in logged if PRID in line]
