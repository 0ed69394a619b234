"""
What every test gets whether it asks or not.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator

import hypothesis
import pytest
from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from zope.interface import provider

# a busy machine is slow, not wrong
hypothesis.settings.register_profile("sippn", deadline=None)
hypothesis.settings.load_profile("sippn")


def pytest_collection_finish() -> None:
    """Set aside what the imports made, or each test's collection looks at all of it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def nothing_fails_unseen() -> Iterator[list[LogEvent]]:
    """
    Fail the test that leaves a failure in the log, an unhandled one included.

    A test that means to log one asks for this fixture and clears the list.
    """
    failures: list[LogEvent] = []

    @provider(ILogObserver)
    def observe(event: LogEvent) -> None:
        if "log_failure" in event:
            failures.append(event)

    globalLogPublisher.addObserver(observe)
    yield failures
    gc.collect()  # a Deferred reports its unhandled error when it dies
    gc.freeze()  # what is still there stays: caches, modules
    globalLogPublisher.removeObserver(observe)
    assert failures == []


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """The lines that are logged."""
    lines: list[str] = []

    @provider(ILogObserver)
    def observe(event: LogEvent) -> None:
        lines.append(formatEvent(event))

    globalLogPublisher.addObserver(observe)
    yield lines
    globalLogPublisher.removeObserver(observe)
