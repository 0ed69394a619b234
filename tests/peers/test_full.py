"""
A disk that is full: what can't be stored is not acknowledged, and all else goes on.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sippn.sip import PushParams
from sippn.testing.ua_account import Account
from tests.peers.crowd import Crowd
from tests.peers.full import Disk, Limit, small_disk
from tests.peers.phones import Phones, address_of
from tests.peers.processes import Processes
from tests.peers.push import PushService
from tests.peers.server import DOMAIN, IN_A_FILE, Configuration, Listen, Server

PHONES = 100
IN_FLIGHT = 20
ANSWERS = 300
FEW = 100  # answers after which SQLite's log still grows; it has a thousand pages
MANY = 2000  # answers after which it has its full size, and is written over: that takes no space
UNTIL_BACK = 5.0  # seconds
UNTIL_ENDED = 5.0  # seconds

ALICE = Account("alice", DOMAIN, push=PushParams("acme", "app", "token-a"), instance="<urn:uuid:1>")
DESK = Account("desk", DOMAIN)
BOB = Account("bob", DOMAIN)

Start = Callable[[int], Server]


@pytest.fixture(params=["limit", "disk"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    """One that is not full yet."""
    if request.param == "limit":
        yield Limit(tmp_path)
    else:
        with small_disk(tmp_path / "disk") as disk:
            yield disk


@pytest.fixture
def log() -> str:
    """Where the log goes: it is printed."""
    return ""


@pytest.fixture
def start(disk: Disk, log: str, pushes: PushService) -> Iterator[Start]:
    """Starts a server, on the port that is given, that has all its files on *disk*."""
    processes = Processes(disk.folder)

    def start(port: int) -> Server:
        configuration = Configuration(storage=IN_A_FILE, listen=(Listen(port=port),))
        return Server.start(processes, disk.folder, pushes.url, configuration, log=log)

    yield start
    processes.kill()


@pytest.fixture
def crowd(gather: Callable[[int], Crowd]) -> Crowd:
    """Phones that have no server yet."""
    return gather(PHONES)


@pytest.mark.parametrize("log", ["", "sippn.log"])
def test_full_disk_costs_a_500_and_passes(
    disk: Disk, start: Start, crowd: Crowd, phones: Phones
) -> None:
    """
    E2: REGISTER gets a 500 with Retry-After, and never a 200 that is not stored.

    Look-ups and calls go on; so does the server, whose log is on that disk too.  Five seconds
    after there is space again all is as before.
    """
    server = start(0)
    crowd.port = server.port
    desk, bob = (phones.make(account, address_of(server)) for account in (DESK, BOB))
    phones.wait(desk.register())
    assert refused(crowd, FEW) == 0

    disk.fill(server)
    assert refused(crowd) > ANSWERS / 2
    crowd.compare(IN_FLIGHT, crashed=False)
    call = bob.call(DESK.aor)
    assert phones.wait(call.answered).status == 200
    assert phones.wait(call.hang_up()).status == 200

    disk.free(server)
    freed, told = time.monotonic(), crowd.told
    while crowd.told == told:
        assert time.monotonic() - freed < UNTIL_BACK
        crowd.register(1, 1)
        crowd.finish()
    assert refused(crowd) == 0
    crowd.compare(IN_FLIGHT, crashed=False)
    server.stop()
    assert "is in order again" in server.log


def test_call_outlasts_a_full_disk(
    disk: Disk, start: Start, crowd: Crowd, phones: Phones, pushes: PushService
) -> None:
    """E2: the phone that it woke can't be stored, and asks again; the call has waited for that."""
    server = start(0)
    crowd.port = server.port
    alice, bob = (phones.make(account, address_of(server)) for account in (ALICE, BOB))
    phones.wait(alice.register())
    alice.sleep()

    disk.fill(server)
    assert refused(crowd) > ANSWERS / 2
    call = bob.call(ALICE.aor)
    assert pushes.next()["kind"] == "call"
    assert phones.wait(alice.wake()).status == 500
    assert not alice.incoming

    disk.free(server)
    assert phones.wait(alice.register()).status == 200
    assert phones.wait(call.answered).status == 200
    server.stop()


@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_server_may_end_on_a_full_disk(
    how: str, disk: Disk, start: Start, crowd: Crowd, dice: random.Random
) -> None:
    """E2, D1, D6: what was acknowledged before, or is meanwhile, is there when it starts again."""
    server = start(0)
    crowd.port = server.port
    assert refused(crowd, dice.randrange(MANY)) == 0

    disk.fill(server)
    refused(crowd)
    crowd.register(IN_FLIGHT, 0)
    if how == "killed":
        server.kill()
    else:
        began = time.monotonic()
        assert server.terminate() == -signal.SIGTERM
        assert time.monotonic() - began < UNTIL_ENDED
    crowd.hear_the_last()
    disk.free(server)
    server = start(crowd.port)
    crowd.compare(IN_FLIGHT, crashed=True)
    server.stop()


def refused(crowd: Crowd, answers: int = ANSWERS) -> int:
    """Let them register for a while; how many of them could not be stored."""
    before = crowd.refused
    crowd.register(IN_FLIGHT, answers)
    crowd.finish()
    return crowd.refused - before
