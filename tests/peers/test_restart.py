"""
A server that is stopped and started again: what it tells who waits, and what it still knows.

The phones are our own, one thing said once: nothing is lost on the loopback interface but what
comes while no server runs.
"""

from __future__ import annotations

import os
import select
import signal
import stat
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest
from attrs import define, evolve, field
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactor

from sippn.sip import PushParams, Response
from sippn.testing.calls import Call
from sippn.testing.calls_received import answer_at_once
from sippn.testing.endpoints import UDPEndpoint
from sippn.testing.ua import ScriptedUA
from sippn.testing.ua_account import Account
from sippn.transport import Address
from tests.peers.netns import pretended_way_out
from tests.peers.processes import Process, Processes
from tests.peers.push import PushService
from tests.peers.server import DOMAIN, HOST, Configuration, Listen, Server, StartServer
from tests.peers.waiting import wait_for

T = TypeVar("T")

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


@define(eq=False)
class Phones:
    """Phones on real sockets, without a reactor: they hear while somebody waits."""

    _reactor: MemoryReactor = field(factory=MemoryReactor, init=False)

    def make(self, account: Account, server: Address) -> ScriptedUA:
        """The phone of *account*, which answers all calls; no timer of it ever fires."""
        endpoint = UDPEndpoint(self._reactor, HOST)
        phone = ScriptedUA(account, endpoint, server, Clock(), os.urandom, retransmits=False)
        phone.policy = answer_at_once
        return phone

    def wait(self, awaited: Deferred[T]) -> T:
        """What *awaited* fires with."""
        fired: list[T] = []
        awaited.addCallback(fired.append)
        self.wait_until(lambda: awaited.called, "an answer")
        return fired[0]

    def wait_until(self, look: Callable[[], bool], what: str) -> None:
        """Let all phones hear until *look* is true."""

        def heard() -> bool:
            for reader in select.select(self._reactor.getReaders(), [], [], 0)[0]:
                reader.doRead()
            return look()

        wait_for(heard, lambda: what)

    def close(self) -> None:
        """They hear no more."""
        for reader in self._reactor.getReaders():
            reader.stop()


@pytest.fixture
def phones() -> Iterator[Phones]:
    phones = Phones()
    yield phones
    phones.close()


@pytest.fixture
def start(start_server: StartServer) -> Callable[[int], Server]:
    """Starts a server that keeps what it knows in files, on the port that is given."""

    def start(port: int) -> Server:
        return start_server(Configuration(storage=ON_DISK, listen=(Listen(port=port),)))

    return start


def address_of(server: Server) -> Address:
    return Address(HOST, server.port)


def pushed(pushes: PushService, call: Call) -> bool:
    """Wait for the push that announces *call*; what takes back another one may come first."""
    while (push := pushes.next())["kind"] != "call":
        pass
    return bool(push["call_id"] == call.call_id and push["prid"] == "token-a")


def contacts(answer: Response) -> list[str]:
    """Without the push parameters, which nobody is shown but who registers them (T7)."""
    assert answer.status == 200, answer.status
    return [contact.uri_text.partition(";")[0] for contact in answer.contacts]


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
