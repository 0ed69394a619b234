"""
A server that serves whatever hostile messages name, and whom they call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.hostile.callee import Callee
from tests.hostile.lines import hosts
from tests.hostile.torture_server import DATABASE, start_server
from tests.peers.certificates import make_certificates
from tests.peers.processes import Processes
from tests.peers.server import HOST, Server


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of all servers; each has one of its own in it."""
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="session")
def start(folder: Path) -> Iterator[Callable[[str], Server]]:
    """
    The server for a transport, one each for all tests; ``cares`` is one that wants passwords.

    The same request over another transport would be a retransmission for half a minute (RFC 3261
    section 17.2.3 knows no transport).
    """
    certificates = make_certificates(folder, HOST)
    processes = Processes(folder)
    servers: dict[str, Server] = {}

    def server_for(transport: str) -> Server:
        if transport not in servers:
            own = folder / transport
            servers[transport] = start_server(
                processes, own, certificates, cares=transport == "cares"
            )
        return servers[transport]

    yield server_for
    try:
        for server in servers.values():
            server.stop()
    finally:
        processes.kill()


@pytest.fixture
def database(folder: Path, server: Server, transport: str) -> Path:
    """Where the server keeps what it knows."""
    return folder / transport / DATABASE


@pytest.fixture
def server(start: Callable[[str], Server], transport: str) -> Iterator[Server]:
    """It has nothing to complain of."""
    server = start(transport)
    yield server
    assert "Traceback" not in server.log
    assert "Unhandled" not in server.log


@pytest.fixture
def callee(server: Server) -> Iterator[Callee]:
    """Whoever is called."""
    callee = Callee.at((HOST, server.port))
    yield callee
    callee.close()


@pytest.fixture(scope="session")
def host() -> str:
    """Where UDP messages come from."""
    return next(hosts())
