"""A wake queue for each test."""

from __future__ import annotations

import pytest

from tests.wake.scene import Scene, make_scene


@pytest.fixture
def scene() -> Scene:
    """One on a clock of its own."""
    return make_scene()
