"""
A server that is killed while it works: what it had answered is not lost.
"""

from __future__ import annotations

import random
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.peers.crowd import Crowd, Registrant
from tests.peers.processes import Processes
from tests.peers.push import PushService
from tests.peers.server import HOST, Configuration, Listen, Server
from tests.peers.waiting import PATIENCE

KILLS = 10
PHONES = 150
IN_FLIGHT = 60

IN_A_FILE = 'type = "sqlite"\npath = "sippn.db"'


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as endpoint:
        endpoint.bind((HOST, 0))
        endpoint.settimeout(PATIENCE)
        registrants = tuple(Registrant(number) for number in range(PHONES))
        yield Crowd(endpoint, random.Random(3261), 0, registrants)  # noqa: S311 - a test's dice


def test_nothing_that_was_answered_is_lost(
    crowd: Crowd, processes: Processes, pushes: PushService, tmp_path: Path
) -> None:
    """
    D1: kill -9 with 60 REGISTERs in flight, ten times.

    Every acknowledged binding is there, as it was acknowledged last or as it was asked for
    since; what was removed is not resurrected.
    """
    moments = random.Random(5626)  # noqa: S311 - the same ones each time

    def start() -> Server:
        configuration = Configuration(storage=IN_A_FILE, listen=(Listen(port=crowd.port),))
        return Server.start(processes, tmp_path, pushes.url, configuration)

    server = start()
    crowd.port = server.port
    for _ in range(KILLS):
        crowd.register(IN_FLIGHT, answers=moments.randrange(20, 600))
        server.kill()
        crowd.hear_the_last()
        assert any(registrant.waits for registrant in crowd.registrants), "killed while it worked"
        server = start()
        crowd.compare(IN_FLIGHT)
    server.stop()
    with closing(sqlite3.connect(tmp_path / "sippn.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    stored = [r for r in crowd.registrants if r.acknowledged is not None]
    assert 0 < len(stored) < PHONES, "some have left"
