"""
A server that is stopped and started again: what it tells who waits, and what it still knows.
"""

from __future__ import annotations

import os
import signal
import stat
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from attrs import evolve

from sippn.sip import PushParams
from sippn.testing.calls import Call
from sippn.testing.ua_account import Account
from sippn.transport import Address
from tests.peers.netns import pretended_way_out
from tests.peers.phones import Phones, address_of, contacts
from tests.peers.processes import Process, Processes
from tests.peers.push import PushService
from tests.peers.server import DOMAIN, HOST, Configuration, Listen, Server, StartServer

ON_DISK = """\
type = "sqlite"
path = "sippn.db"

[keys]
file = "sippn.keys"
"""
ALICE = Account(
    "alice",
    DOMAIN,
    push=PushParams("acme", "app", "token-a"),
    instance="<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>",
)
BOB = Account("bob", DOMAIN)
USUAL_PORT = 5060


@pytest.fixture
def start(start_server: StartServer) -> Callable[[int], Server]:
    """Starts a server that keeps what it knows in files, on the port that is given."""

    def start(port: int) -> Server:
        return start_server(Configuration(storage=ON_DISK, listen=(Listen(port=port),)))

    return start


def pushed(pushes: PushService, call: Call) -> bool:
    """Wait for the push that announces *call*; what takes back another one may come first."""
    while (push := pushes.next())["kind"] != "call":
        pass
    return bool(push["call_id"] == call.call_id and push["prid"] == "token-a")


def test_parked_call_is_refused_at_once_when_the_server_stops(
    phones: Phones, start: Callable[[int], Server], pushes: PushService
) -> None:
    """D6: 503 with Retry-After within a second, and the process ends within five."""
    server = start(0)
    alice = phones.make(ALICE, address_of(server))
    bob = phones.make(BOB, address_of(server))
    phones.wait(alice.register())
    alice.sleep()
    call = bob.call(ALICE.aor)
    assert pushed(pushes, call)

    with ThreadPoolExecutor(1) as pool:
        began = time.monotonic()
        stopping = pool.submit(server.stop)
        refused = phones.wait(call.failed)
        assert time.monotonic() - began < 1
        stopping.result()
        assert time.monotonic() - began < 5

    assert refused.status == 503
    assert int(refused.headers.get("Retry-After") or 0) > 0


def test_phone_that_sleeps_is_woken_by_the_next_server(
    phones: Phones, start: Callable[[int], Server], pushes: PushService
) -> None:
    """D1: it was registered, so it is, and a call after the restart wakes it."""
    server = start(0)
    alice = phones.make(ALICE, address_of(server))
    bob = phones.make(BOB, address_of(server))
    registered = contacts(phones.wait(alice.register()))
    assert len(registered) == 1
    alice.sleep()
    server.stop()
    start(server.port)

    asking = phones.make(evolve(ALICE, push=None), address_of(server))
    assert contacts(phones.wait(asking.query())) == registered
    call = bob.call(ALICE.aor)
    assert pushed(pushes, call)
    assert contacts(phones.wait(alice.wake())) == registered
    assert phones.wait(call.answered).status == 200
    assert len(alice.incoming) == 1
    phones.wait(alice.incoming[0].acked)


@pytest.mark.parametrize("who", ["caller", "callee"])
def test_call_outlives_a_restart(who: str, phones: Phones, start: Callable[[int], Server]) -> None:
    """RFC 3261 16.6, step 4: the next server knows its Record-Route, for it has the same keys."""
    server = start(0)
    alice = phones.make(evolve(ALICE, push=None), address_of(server))
    bob = phones.make(BOB, address_of(server))
    phones.wait(alice.register())
    call = bob.call(ALICE.aor)
    assert phones.wait(call.answered).status == 200
    (received,) = alice.incoming
    phones.wait(received.acked)
    server.stop()
    start(server.port)

    hangs_up, other = (call, received) if who == "caller" else (received, call)
    assert phones.wait(hangs_up.hang_up()).status == 200
    phones.wait(other.ended)


@pytest.fixture
def apart() -> Iterator[None]:
    """Nobody else has a port here."""
    with pretended_way_out():
        yield


@pytest.mark.peer
def test_server_without_a_configuration_keeps_its_phones(
    apart: None, phones: Phones, processes: Processes, tmp_path: Path
) -> None:
    """D1, T17: its files are in the current folder, and nobody else may read them."""
    alice = phones.make(ALICE, Address(HOST, USUAL_PORT))
    server = start_without_configuration(processes)
    registered = contacts(phones.wait(alice.register()))
    end(server)
    for name in ("sippn.db", "sippn.keys"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600, name

    server = start_without_configuration(processes)
    assert contacts(phones.wait(alice.query())) == registered
    end(server)


def start_without_configuration(processes: Processes) -> Process:
    command = [sys.executable, "-c", "from twisted.scripts.twistd import run; run()", "-n", "sippn"]
    variables = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = processes.start("sippn", command, variables=variables)
    process.wait_until_printed(rf"listening on udp {HOST}:{USUAL_PORT}")
    return process


def end(server: Process) -> None:
    server.terminate()
    assert server.wait() == -signal.SIGTERM, server.last_words()
    assert "Traceback" not in server.printed
