"""
A linphone whose network goes away, and which comes back from another address.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.peers.account import ALICE, BOB, CALL_FOR_ALICE
from tests.peers.baresip import StartDeskPhone
from tests.peers.linphone import MakePhone
from tests.peers.netns import GATEWAY, Hotspot, hotspot, pretended_way_out
from tests.peers.push import PushService, lasting
from tests.peers.server import NO_PASSWORDS, Configuration, Listen, StartServer

pytestmark = pytest.mark.peer

OPEN = f"{NO_PASSWORDS}\nallow_open = true"


@pytest.fixture(scope="module", autouse=True)
def apart() -> Iterator[None]:
    """Nothing of this comes near the network of the machine."""
    with pretended_way_out():
        yield


@pytest.fixture
def elsewhere() -> Iterator[Hotspot]:
    """Where the phone is."""
    with hotspot() as network:
        yield network


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_call_reaches_a_linphone_that_was_off_line(
    transport: str,
    elsewhere: Hotspot,
    make_phone: MakePhone,
    start_desk_phone: StartDeskPhone,
    start_server: StartServer,
    pushes: PushService,
) -> None:
    """P-043: a push waits for a phone, and the call with it; it may register from elsewhere."""
    server = start_server(Configuration(OPEN, listen=(Listen(), Listen(transport, GATEWAY))))
    home, abroad = server.edges
    alice = make_phone(abroad, ALICE, "0.0.0.0", elsewhere.joined)
    bob = start_desk_phone(home, BOB, interval=0)
    elsewhere.connect(2)
    alice.start()
    alice.wait_until_registered()
    elsewhere.disconnect()

    bob.call("alice")
    assert lasting(pushes.next()) == CALL_FOR_ALICE
    elsewhere.connect(3)
    alice.wait_until_call("StreamsRunning")
    bob.wait_until_established()
    alice.hang_up()
    alice.wait_until_call("Released")
    bob.wait_until_over()

    assert len(alice.requests("INVITE")) == 1
    assert pushes.all_taken
