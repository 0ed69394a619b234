"""A location service on a store that is answered by hand."""

from __future__ import annotations

import pytest
from twisted.internet.task import Clock

from sippn.binding import AOR, Decision
from sippn.location import LocationService
from sippn.testing.desk import T0
from sippn.testing.stores import HandStore


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> HandStore:
    return HandStore()


@pytest.fixture
def location(store: HandStore, clock: Clock) -> LocationService:
    return LocationService(store, clock, lambda: T0)


@pytest.fixture
def told(location: LocationService) -> list[tuple[AOR, Decision]]:
    news: list[tuple[AOR, Decision]] = []
    location.subscribe(lambda aor, decision: news.append((aor, decision)))
    return news
