"""
E4: 256 files may be open, and 400 connections come.

What it costs the others in milliseconds, ``python -m bench slow`` says.
"""

from __future__ import annotations

import socket
import time
from itertools import count
from pathlib import Path

import pytest

from tests.peers.processes import Processes
from tests.peers.server import HOST, Configuration, Server
from tests.peers.waiting import wait_for
from tests.threats.real import BOTH, blunt, dialled, options

FILES, DIALS, ASKED = 256, 400, 100
UNDER = ["sh", "-c", f'ulimit -n {FILES} && exec "$@"', "sh"]
BUSY = 0.2  # of a CPU
UNTIL_BACK = 2.0  # seconds
_FRESH = count(10_000)


@pytest.fixture
def server(processes: Processes, tmp_path: Path) -> Server:
    """One that may have few files open."""
    return Server.start(
        processes, tmp_path, "http://127.0.0.1:9/", Configuration(listen=BOTH), UNDER
    )


def used(server: Server) -> float:
    """Seconds of CPU so far."""
    threads = Path(f"/proc/{server.pid}/task").glob("*/schedstat")
    return sum(int(one.read_text().split()[0]) for one in threads) / 1e9


def files(server: Server) -> int:
    """How many it has open."""
    return len(list(Path(f"/proc/{server.pid}/fd").iterdir()))


def served(server: Server) -> bool | None:
    """Whether a new connection is answered."""
    port = int(server.edge("tcp").address.rpartition(":")[2])
    try:
        with socket.create_connection((HOST, port), 1) as fresh:
            fresh.sendall(options(next(_FRESH), "TCP"))
            return fresh.recv(65536).startswith(b"SIP/2.0 200") or None
    except OSError:
        return None


def test_others_are_served_at_the_limit(server: Server) -> None:
    """E4: UDP throughout, a new connection 2 s after the others are gone; nobody spins."""
    before = files(server)
    with blunt(server) as phone:
        with dialled(server, DIALS):
            for number in range(ASKED):
                assert phone.ask(options(number)).startswith(b"SIP/2.0 200")
            assert before < files(server) <= FILES - 64
            began, cpu = time.monotonic(), used(server)
            time.sleep(1.0)  # nobody asks for anything
            assert (used(server) - cpu) / (time.monotonic() - began) < BUSY
            assert phone.ask(options(ASKED)).startswith(b"SIP/2.0 200")
        released = time.monotonic()
        wait_for(lambda: served(server), lambda: server.log)
        assert time.monotonic() - released < UNTIL_BACK
        assert phone.ask(options(ASKED + 1)).startswith(b"SIP/2.0 200")
    wait_for(lambda: files(server) <= before + 16, lambda: f"{files(server)} files are open")
    assert server.log.count("connections are taken") == 1  # not a line for each
    assert len(server.log.splitlines()) < 60
    server.stop()
