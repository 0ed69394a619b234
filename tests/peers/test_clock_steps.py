"""
The wall clock of a running server is set, and that of one that is down: nobody ends early.

The server runs under Debian's libfaketime, which sets the clock for it alone.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sippn.sip import PushParams
from sippn.testing.ua import ScriptedUA
from sippn.testing.ua_account import Account
from tests.peers.phones import Phones, address_of
from tests.peers.processes import Processes, missing, program
from tests.peers.push import PushService
from tests.peers.server import DOMAIN, IN_A_FILE, NO_PASSWORDS, Configuration, Listen, Server
from tests.peers.waiting import PATIENCE

HOUR, DAY = 3600, 86_400
STEPS = (HOUR, DAY, -HOUR, -DAY)
WAIT = 2  # seconds that a call waits for a phone that does not come
LIVES = 3600
SOME = 8 << 20  # octets (RELIABILITY E1)

ALICE = Account("alice", DOMAIN, push=PushParams("acme", "app", "token-a"))
DESK = Account("desk", DOMAIN)
BOB = Account("bob", DOMAIN)

Start = Callable[[int], Server]


class SystemClock:
    """The wall clock that a server sees; each step is from the time that is right."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "step"
        self.set(0)

    def set(self, step: int) -> None:
        """Let it be *step* seconds ahead."""
        self._file.write_text(f"{step:+d}\n")

    def under(self) -> list[str]:
        """What lets a command see it."""
        program("faketime", package="faketime")
        found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
        if not found:
            missing("there is a faketime, and its library is not where Debian has it")
        return [
            "env",
            f"LD_PRELOAD={found[0]}",
            f"FAKETIME_TIMESTAMP_FILE={self._file}",
            "FAKETIME_NO_CACHE=1",
            "FAKETIME_DONT_FAKE_MONOTONIC=1",
        ]


@pytest.fixture
def system(tmp_path: Path) -> SystemClock:
    return SystemClock(tmp_path)


@pytest.fixture
def start(
    system: SystemClock, processes: Processes, pushes: PushService, tmp_path: Path
) -> Iterator[Start]:
    """Starts a server that sees *system*, on the port that is given."""
    auth = f"{NO_PASSWORDS}\n[push]\nwait = {{ invite = {WAIT} }}"
    running: list[Server] = []

    def start(port: int) -> Server:
        while running:
            running.pop().stop()
        configuration = Configuration(auth=auth, storage=IN_A_FILE, listen=(Listen(port=port),))
        running.append(Server.start(processes, tmp_path, pushes.url, configuration, system.under()))
        return running[0]

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def everybody(phones: Phones, start: Start) -> tuple[Server, list[ScriptedUA], float]:
    """A server, a phone that sleeps and one that does not, and when they have registered."""
    server = start(0)
    two = [phones.make(account, address_of(server)) for account in (ALICE, DESK)]
    for phone in two:
        assert phones.wait(phone.register(LIVES)).status == 200
    two[0].sleep()
    return server, two, time.monotonic()


def test_step_of_a_running_server_ends_no_registration(
    everybody: tuple[Server, list[ScriptedUA], float],
    phones: Phones,
    system: SystemClock,
    pushes: PushService,
) -> None:
    """E1: all live as long as they were told, calls wait as long as ever, nobody is pushed."""
    server, two, since = everybody
    bob = phones.make(BOB, address_of(server))
    before = resident(server)
    for step in STEPS:
        began = time.monotonic()
        call = bob.call(ALICE.aor)
        remain(phones, server, since)  # so the call waits by now
        system.set(step)
        remain(phones, server, since)
        assert phones.wait(call.failed).status == 480
        assert WAIT - 0.1 < time.monotonic() - began < WAIT + PATIENCE
        assert kinds_of_two(pushes) == ["call", "cancel"]
    remain(phones, server, since)
    assert phones.wait(two[1].register(LIVES)).status == 200
    assert pushes.all_taken
    assert resident(server) - before <= SOME


def test_step_while_the_server_is_down_ends_no_registration(
    everybody: tuple[Server, list[ScriptedUA], float],
    phones: Phones,
    system: SystemClock,
    start: Start,
    pushes: PushService,
) -> None:
    """E1: the machine has not been booted, so the server knows what time it really is."""
    server, _, since = everybody
    server.terminate()
    for step in STEPS:
        system.set(step)
        server = start(server.port)
        remain(phones, server, since)
    bob = phones.make(BOB, address_of(server))
    assert phones.wait(bob.call(ALICE.aor).failed).status == 480
    assert kinds_of_two(pushes) == ["call", "cancel"]
    assert pushes.all_taken


def remain(phones: Phones, server: Server, since: float) -> None:
    """Both have what is left of an hour, which began at *since*."""
    for account in (ALICE, DESK):
        asking = phones.make(Account(account.user, DOMAIN), address_of(server))
        answer = phones.wait(asking.query())
        (contact,) = answer.contacts
        left = int(dict(contact.params)["expires"] or 0)
        assert left == pytest.approx(LIVES - (time.monotonic() - since), abs=PATIENCE), account.user


def resident(server: Server) -> int:
    """Octets of memory that *server* has."""
    status = Path(f"/proc/{server.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+([0-9]+) kB", status)
    assert found is not None
    return int(found[1]) << 10


def kinds_of_two(pushes: PushService) -> list[str]:
    """Of the next two: each has a thread of its own there, so either may come first."""
    return sorted(str(pushes.next()["kind"]) for _ in range(2))
