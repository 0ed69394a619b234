"""
A server, a push service and programs of others for each test.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.processes import Processes
from tests.peers.push import PushService, push_service
from tests.peers.server import Server, StartServer


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    """All that the test starts; none is left when it is over."""
    processes = Processes(tmp_path)
    yield processes
    processes.kill()


@pytest.fixture
def pushes() -> Iterator[PushService]:
    """The push service of all phones."""
    with push_service() as service:
        yield service


@pytest.fixture
def start_server(
    processes: Processes, pushes: PushService, tmp_path: Path
) -> Iterator[StartServer]:
    """Starts a server whose ``[auth]`` has the given lines; it must end without a complaint."""
    servers: list[Server] = []

    def start(auth: str) -> Server:
        servers.append(Server.start(processes, tmp_path, pushes.url, auth))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
