"""What most tests of the stack begin with."""

from __future__ import annotations

import pytest

from tests.stack.bench import Bench


@pytest.fixture
def bench() -> Bench:
    return Bench()
