"""
Two linphones: one calls the other, which sleeps, and is woken through the webhook.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.peers.account import ALICE, BOB, CALL_FOR_ALICE, PRID, users
from tests.peers.certificates import Certificates
from tests.peers.linphone import MakePhone, Phone
from tests.peers.push import PushService, lasting
from tests.peers.server import DOMAIN, Configuration, Listen, Server, StartServer

pytestmark = pytest.mark.peer

DIGEST = f"""\
mode = "digest"
realm = "{DOMAIN}"
users = "users.htdigest"
algorithms = ["SHA-256", "MD5"]
"""


@pytest.fixture
def server(start_server: StartServer, certificates: Certificates, tmp_path: Path) -> Server:
    """One that asks for passwords, and listens for all that linphone can talk."""
    (tmp_path / "users.htdigest").write_text(users(ALICE, BOB))
    everywhere = (Listen("udp"), Listen("tcp"), Listen("tls", certificates=certificates))
    return start_server(Configuration(DIGEST, listen=everywhere))


def register(alice: Phone, bob: Phone) -> None:
    """Switch both on; *alice* is promised that she will be woken."""
    for phone in (alice, bob):
        phone.start()
    for phone in (alice, bob):
        phone.wait_until_registered()
    assert '+sip.pns="fcm"' in alice.log


def talk_and_hang_up(alice: Phone, bob: Phone) -> None:
    """See the call of *bob* answered once, and ended."""
    for phone in (alice, bob):
        phone.wait_until_call("StreamsRunning")
    bob.hang_up()
    for phone in (alice, bob):
        phone.wait_until_call("Released")
    assert len(alice.requests("INVITE")) == 1


@pytest.mark.parametrize(("transport", "callers"), [("udp", "tcp"), ("tcp", "tls"), ("tls", "udp")])
@pytest.mark.parametrize("fall_asleep", [Phone.kill, Phone.quit, Phone.freeze])
def test_call_wakes_a_linphone(
    fall_asleep: Callable[[Phone], None],
    transport: str,
    callers: str,
    server: Server,
    make_phone: MakePhone,
    pushes: PushService,
) -> None:
    """
    RFC 8599 5.6.2: push, REGISTER, one INVITE, talk, BYE, whatever was done to the phone.

    T7: the PRID comes neither to the caller nor into the log.
    """
    alice = make_phone(server.edge(transport), ALICE)
    bob = make_phone(server.edge(callers), BOB)
    register(alice, bob)
    fall_asleep(alice)

    bob.call("alice")
    push = pushes.next()
    assert lasting(push) == CALL_FOR_ALICE
    alice.kill()  # a frozen linphone knows no other way to register anew
    alice.start()
    talk_and_hang_up(alice, bob)

    assert f"Call-ID: {push['call_id']}" in bob.log
    assert pushes.all_taken
    assert "Proxy-Authorization:" in bob.log
    assert PRID not in bob.log
    assert PRID not in server.log


def test_registering_twice_in_a_row_brings_one_invite(
    make_phone: MakePhone, start_server: StartServer, pushes: PushService
) -> None:
    """S-08: over a connection linphone registers twice, with another Contact URI: one phone."""
    edge = start_server(Configuration(listen=(Listen("tcp"),))).edge("tcp")
    alice, bob = make_phone(edge, ALICE), make_phone(edge, BOB)
    register(alice, bob)
    alice.kill()

    bob.call("alice")
    assert lasting(pushes.next()) == CALL_FOR_ALICE
    alice.start()
    talk_and_hang_up(alice, bob)

    assert len(alice.requests("REGISTER")) == 2
    assert pushes.all_taken
