"""
A server for each test of a flow.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sippn.service import ServerSettings
from sippn.storage.factories import MemoryStoreFactory
from sippn.testing.house import House
from sippn.transport.settings import ListenSettings
from tests.flows.push_services import Services, real_services


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


@pytest.fixture
def services(
    settings: ServerSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Services]:
    """A server by *settings* with the real providers, and what they push through."""
    with real_services(settings, tmp_path, monkeypatch) as services:
        yield services
