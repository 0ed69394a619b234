"""
Kamailio as a PBX that is trusted: a call from it to a phone that sleeps.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.account import ALICE, BOB, CALL_FOR_ALICE, users
from tests.peers.baresip import StartDeskPhone
from tests.peers.kamailio import Pbx
from tests.peers.linphone import MakePhone
from tests.peers.processes import Processes
from tests.peers.push import PushService, lasting
from tests.peers.server import DOMAIN, HOST, Configuration, Listen, Server, StartServer

pytestmark = pytest.mark.peer

PBX_IS_TRUSTED = f"""\
mode = "digest"
realm = "{DOMAIN}"
users = "users.htdigest"

[[trusted]]
address = "{HOST}/32"
"""
ELSEWHERE = "127.0.0.2"  # on the same machine; nobody is trusted there


@pytest.fixture
def server(start_server: StartServer, tmp_path: Path) -> Server:
    """One that asks all but the PBX for passwords."""
    (tmp_path / "users.htdigest").write_text(users(ALICE))
    return start_server(Configuration(PBX_IS_TRUSTED, listen=(Listen("udp"), Listen("tcp"))))


@pytest.fixture
def pbx(processes: Processes, server: Server, tmp_path: Path) -> Iterator[Pbx]:
    """One that runs."""
    pbx = Pbx(processes, tmp_path, server.edge("tcp"))
    pbx.start()
    yield pbx
    pbx.stop()


def test_bye_finds_back_to_a_pbx_that_was_restarted(
    server: Server,
    pbx: Pbx,
    make_phone: MakePhone,
    start_desk_phone: StartDeskPhone,
    pushes: PushService,
) -> None:
    """RFC 3261 16.6, step 7: where the connection is gone, the Route says where to open one."""
    alice = make_phone(server.edge("udp"), ALICE, ELSEWHERE)
    bob = start_desk_phone(pbx.edge, BOB, interval=0)
    alice.start()
    alice.wait_until_registered()
    alice.kill()

    bob.call("alice")
    assert lasting(pushes.next()) == CALL_FOR_ALICE
    alice.start()
    alice.wait_until_call("StreamsRunning")
    bob.wait_until_established()
    pbx.stop()
    pbx.start()
    alice.hang_up()
    alice.wait_until_call("Released")
    bob.wait_until_over()

    assert "Proxy-Authenticate" not in bob.log
    assert len(alice.requests("INVITE")) == 1
    assert pushes.all_taken
