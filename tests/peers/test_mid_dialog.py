"""
A phone falls asleep in the middle of a call, and is woken for what is said in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from attrs import define, evolve

from sippn.sip import PushParams, write
from sippn.testing.endpoints_tcp import TCPEndpoint
from sippn.testing.ua import ScriptedUA
from sippn.testing.ua_account import SDP, Account
from tests.peers.phones import Phones, address_of
from tests.peers.processes import Processes
from tests.peers.push import PushService
from tests.peers.server import DOMAIN, NO_PASSWORDS, Configuration, Listen, Server

ON_DISK = """\
type = "sqlite"
path = "sippn.db"

[keys]
file = "sippn.keys"
"""
WAKES_ALL = f"""\
{NO_PASSWORDS}

[push]
mid_dialog = "all"
"""
PRID = "token-that-nobody-may-see"
ALICE = Account(
    "alice",
    DOMAIN,
    push=PushParams("acme", "app", PRID),
    instance="<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>",
    purr=True,
)
BOB = Account("bob", DOMAIN)
HOLD = SDP.replace(b"a=sendrecv", b"a=sendonly")

Start = Callable[[Server | None], Server]


@pytest.fixture(params=["purr", "all"])
def mode(request: pytest.FixtureRequest) -> str:
    """By the phone's PURR; or by a token of the server's, for a phone that has none."""
    return str(request.param)


@pytest.fixture
def start(processes: Processes, pushes: PushService, tmp_path: Path, mode: str) -> Iterator[Start]:
    """Starts a server that keeps what it knows in files, in the place of one that was killed."""
    servers: list[Server] = []

    def start(before: Server | None) -> Server:
        ports = [address_of(before, it).port if before else 0 for it in ("udp", "tcp")]
        listen = (Listen("udp", port=ports[0]), Listen("tcp", port=ports[1]))
        configuration = Configuration(WAKES_ALL if mode == "all" else NO_PASSWORDS, ON_DISK, listen)
        servers.append(Server.start(processes, tmp_path, pushes.url, configuration))
        return servers[-1]

    yield start
    servers[-1].stop()


@define(eq=False)
class Sleeper:
    """Alice's phone, which comes back from each sleep as another process of the same app."""

    phone: ScriptedUA
    _phones: Phones
    _transport: str

    def sleep(self) -> None:
        """Its app is killed, and its connection with it."""
        endpoint = self.phone.endpoint
        self.phone.sleep("killed")
        if isinstance(endpoint, TCPEndpoint):
            self._phones.wait_until(lambda: not endpoint.connected, "the end of a connection")

    def wake(self, server: Server) -> None:
        """It runs again, on another socket, and registers."""
        endpoint = self._phones.endpoint(address_of(server, self._transport), self._transport)
        woken = self.phone.wake(endpoint=endpoint, restarted=True)
        assert self._phones.wait(woken).status == 200


@pytest.mark.parametrize("killed", [False, True], ids=["", "server killed"])
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_phone_is_woken_for_what_is_said_in_its_call(
    transport: str,
    killed: bool,
    mode: str,
    phones: Phones,
    start: Start,
    pushes: PushService,
) -> None:
    """
    P-065, P-066, P-062, P-071, S-22: a sleeping phone is woken for a hold and for the BYE, also by
    a server that was started after a kill -9, and who talks to it never hears of its PRID.
    """
    server = start(None)
    account = evolve(ALICE, purr=mode == "purr")
    alice = phones.make(account, address_of(server, transport), transport)
    bob = phones.make(BOB, address_of(server))
    assert phones.wait(alice.register()).status == 200
    sleeper = Sleeper(alice, phones, transport)
    sleeper.sleep()
    call = bob.call(ALICE.aor)
    assert pushes.next()["kind"] == "call"
    sleeper.wake(server)
    assert phones.wait(call.answered).status == 200
    assert ("pn-purr=" in call.dialog.target) == account.purr

    for method in ("INVITE", "BYE"):
        sleeper.sleep()
        if killed:
            server.kill()
            server = start(server)
        asked = call.reinvite(HOLD) if method == "INVITE" else call.hang_up()
        push = pushes.next()
        assert (push["kind"], push["method"]) == ("mid-dialog", method)
        assert (push["token"], push["call_id"]) == (PRID, call.call_id)
        assert not asked.called
        sleeper.wake(server)
        assert phones.wait(asked).status == 200

    (received,) = alice.incoming
    phones.wait(received.ended)
    assert [one.body for one in received.reinvites] == [HOLD]
    assert pushes.all_taken
    assert PRID.encode() not in b"".join(map(write, bob.received))
    assert PRID not in server.log
