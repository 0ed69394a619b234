"""
A server for each test of a flow.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sippn.service import ServerSettings
from sippn.storage.factories import MemoryStoreFactory
from sippn.testing.house import House
from sippn.transport.settings import ListenSettings


@pytest.fixture(params=["udp", "tcp"])
def transport(request: pytest.FixtureRequest) -> str:
    """What all phones speak; a test of one transport alone is parametrized with that."""
    return str(request.param)


@pytest.fixture
def settings(transport: str) -> ServerSettings:
    """One domain, one socket, no authentication; a test module may have its own."""
    return ServerSettings(
        listen=(ListenSettings(transport, "192.0.2.1", 5060),),
        domains=("example.com",),
        storage=MemoryStoreFactory().parse({}),
        providers=(),
    )


@pytest.fixture
def house(settings: ServerSettings) -> Iterator[House]:
    """A server by *settings*, running."""
    house = House.built(settings)
    yield house
    house.server.stopService()
