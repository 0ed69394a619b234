"""
A server for each test vector, over UDP and over TCP.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sippn.auth.settings import AuthSettings
from sippn.binding import Capability, service_for
from sippn.service import ServerSettings
from sippn.storage.factories import MemoryStoreFactory
from sippn.testing.house import House
from sippn.transport.settings import ListenSettings
from tests.flows.push_services import Services, real_services
from tests.threats.scene import user
from tests.vectors.scene import DOMAIN


@pytest.fixture(params=["udp", "tcp"])
def transport(request: pytest.FixtureRequest) -> str:
    """What all speak; a test of one transport alone is parametrized with that."""
    return str(request.param)


@pytest.fixture
def settings(transport: str) -> ServerSettings:
    """One domain, one socket, no passwords; a vector that needs more has its own."""
    return ServerSettings(
        listen=(ListenSettings(transport, "192.0.2.1", 5060),),
        domains=(DOMAIN,),
        storage=MemoryStoreFactory().parse({}),
        providers=(),
    )


@pytest.fixture
def passwords() -> AuthSettings:
    """Users who have to prove who they are."""
    users = tuple(user(name) for name in ("alice", "bob", "carol", "mallory"))
    return AuthSettings(mode="digest", realm=DOMAIN, users=users)


@pytest.fixture
def house(settings: ServerSettings) -> Iterator[House]:
    """
    A server by *settings*, running, whose push service speaks for three.

    It can push what has a token that is good for it, as every provider of ours.
    """
    house = House.built(settings)
    pns = house.pns
    pns.capabilities = [Capability("acme"), Capability("apns"), Capability("fcm")]
    pns.can = lambda target, kind: (
        target.provider in {one.pns for one in pns.capabilities}
        and service_for(target, kind) is not None
    )
    yield house
    house.server.stopService()


@pytest.fixture
def services(
    settings: ServerSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Services]:
    """A server by *settings* with the real providers, and what they push through."""
    with real_services(settings, tmp_path, monkeypatch) as services:
        yield services
