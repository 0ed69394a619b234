"""
A server on the open network for each test of a threat.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from sippn.auth.settings import AuthSettings
from sippn.service import ServerSettings
from sippn.storage.factories import MemoryStoreFactory
from sippn.testing.house import House
from sippn.transport.settings import ListenSettings
from tests.flows.push_services import Services, real_services
from tests.peers.processes import Processes
from tests.threats.scene import DOMAIN, PBX, user

NAMES = ("alice", "bob", "mallory", *(f"u{number}" for number in range(21)))


@pytest.fixture(params=["udp", "tcp"])
def transport(request: pytest.FixtureRequest) -> str:
    """What all speak; a test of one transport alone is parametrized with that."""
    return str(request.param)


@pytest.fixture
def settings(transport: str) -> ServerSettings:
    """Users with passwords, a trusted peer, and strangers who may call."""
    return ServerSettings(
        listen=(ListenSettings(transport, "192.0.2.1", 5060),),
        domains=(DOMAIN,),
        storage=MemoryStoreFactory().parse({}),
        providers=(),
        auth=AuthSettings(
            mode="digest",
            realm=DOMAIN,
            users=tuple(user(name) for name in NAMES),
            strangers="budget",
            trusted=(ip_network(f"{PBX}/32"),),
        ),
    )


@pytest.fixture
def house(settings: ServerSettings) -> Iterator[House]:
    """A server by *settings*, running."""
    house = House.built(settings)
    yield house
    house.server.stopService()


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    """All that the test starts; none is left when it is over."""
    processes = Processes(tmp_path)
    yield processes
    processes.kill()


@pytest.fixture
def services(
    settings: ServerSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Services]:
    """A server by *settings* with the real providers, and what they push through."""
    with real_services(settings, tmp_path, monkeypatch) as services:
        yield services
