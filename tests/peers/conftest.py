"""
A server, a push service and programs of others for each test.
"""

from __future__ import annotations

import random
import socket
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.peers.baresip import DeskPhone, StartDeskPhone
from tests.peers.certificates import Certificates, make_certificates
from tests.peers.crowd import Crowd, make_crowd
from tests.peers.linphone import MakePhone, Phone
from tests.peers.netns import has_a_way_out, pretended_way_out
from tests.peers.phones import Phones
from tests.peers.processes import Processes, program
from tests.peers.push import PushService, push_service
from tests.peers.server import HOST, Configuration, Server, StartServer


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
    """Starts a server, which must end without a complaint."""
    servers: list[Server] = []

    def start(configuration: Configuration) -> Server:
        servers.append(Server.start(processes, tmp_path, pushes.url, configuration))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def dice(request: pytest.FixtureRequest) -> random.Random:
    """Others each time; a test that fails prints what makes them fall the same way again."""
    seed = int(request.config.getoption("randomly_seed", 3261))
    sys.stdout.write(f"--randomly-seed={seed}\n")
    return random.Random(seed)  # noqa: S311 - a test's dice


@pytest.fixture
def gather(dice: random.Random) -> Iterator[Callable[[int], Crowd]]:
    """Makes a crowd of so many phones."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as endpoint:
        yield partial(make_crowd, endpoint, dice)


@pytest.fixture
def phones() -> Iterator[Phones]:
    """Phones of our own."""
    phones = Phones()
    yield phones
    phones.close()


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    """Those of the server, for TLS."""
    return make_certificates(tmp_path, HOST)


@pytest.fixture(scope="module")
def linphone() -> str:
    """The program."""
    return program("linphone-daemon", package="linphone-cli")


@pytest.fixture(scope="module")
def on_line(linphone: str) -> Iterator[None]:
    """A network that linphone believes in, for all that the test starts."""
    if has_a_way_out():
        yield
    else:
        with pretended_way_out():
            yield


@pytest.fixture
def make_phone(linphone: str, on_line: None, processes: Processes, tmp_path: Path) -> MakePhone:
    """Makes the phone of an account, switched off."""
    return partial(Phone, linphone, processes, tmp_path)


@pytest.fixture
def start_desk_phone(processes: Processes, tmp_path: Path) -> StartDeskPhone:
    """Starts the desk phone of an account."""
    return partial(DeskPhone.start, processes, tmp_path)
