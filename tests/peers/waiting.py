"""
Waiting for somebody else's program: for a condition, never for a time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds until a program counts as hanging; on a busy machine everything takes its time."""

_LOOK_AGAIN = 0.02  # seconds


def wait_for(look: Callable[[], T | None], what: Callable[[], str]) -> T:
    """
    What *look* finds, as soon as that is true.

    :param what: tells for the error what was awaited, and what is there instead.
    :raises AssertionError: nothing true for too long; or whatever *look* raises.
    """
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {PATIENCE:g} s: {what()}")
        time.sleep(_LOOK_AGAIN)
    return found
