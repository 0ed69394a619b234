"""
A server for each test of a proxied request.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sippn.service import ServerSettings
from sippn.storage.factories import MemoryStoreFactory
from sippn.testing.house import House
from sippn.transport.settings import ListenSettings


@pytest.fixture
def plain_settings() -> ServerSettings:
    """One domain over UDP, no authentication."""
    return ServerSettings(
        listen=(ListenSettings("udp", "192.0.2.1", 5060),),
        domains=("example.com",),
        storage=MemoryStoreFactory().parse({}),
        providers=(),
    )


@pytest.fixture
def plain_house(plain_settings: ServerSettings) -> Iterator[House]:
    """A server by *plain_settings*, running."""
    house = House.built(plain_settings)
    yield house
    house.server.stopService()
