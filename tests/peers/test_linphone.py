"""
Two linphones: one calls the other, which was killed, and is woken through the webhook.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.peers.linphone import Account, Phone
from tests.peers.netns import has_a_way_out, pretended_way_out
from tests.peers.processes import Processes, program
from tests.peers.push import PushService, lasting
from tests.peers.server import DOMAIN, NO_PASSWORDS, Server, StartServer

pytestmark = pytest.mark.peer

PRID = "ZTY4ZDJlMzODE1:alice-token"
ALICE = Account(
    "alice",
    "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
    "alice's secret",
    f"pn-provider=fcm;pn-param=org.example.app;pn-prid={PRID}",
)
BOB = Account("bob", "3b1c2f8e-5a0d-4f6e-9d38-0f5f0f4c7a11", "bob's secret")
CALL_FOR_ALICE = {
    "kind": "call",
    "provider": "fcm",
    "param": "org.example.app",
    "prid": PRID,
    "aor": f"sip:alice@{DOMAIN}",
    "method": "INVITE",
}
DIGEST = f"""\
mode = "digest"
realm = "{DOMAIN}"
users = "users.htdigest"
algorithms = ["SHA-256", "MD5"]
"""

MakePhone = Callable[[Server, Account], Phone]


@pytest.fixture(scope="module")
def linphone() -> str:
    """The program."""
    return program("linphone-daemon", package="linphone-cli")


@pytest.fixture(scope="module", autouse=True)
def on_line(linphone: str) -> Iterator[None]:
    """A network that linphone believes in."""
    if has_a_way_out():
        yield
    else:
        with pretended_way_out():
            yield


@pytest.fixture
def make_phone(linphone: str, processes: Processes, tmp_path: Path) -> MakePhone:
    """Makes the phone of an account, switched off, for a server."""
    return lambda server, account: Phone(linphone, processes, tmp_path, server.address, account)


def users() -> str:
    """A users file: everybody by both algorithms."""
    lines = []
    for account in (ALICE, BOB):
        start = f"{account.user}:{DOMAIN}:"
        octets = f"{start}{account.password}".encode()
        lines.append(start + hashlib.sha256(octets).hexdigest())
        lines.append(start + hashlib.md5(octets).hexdigest())  # noqa: S324 - RFC 3261 wants it
    return "\n".join(lines)


@pytest.mark.parametrize("auth", [NO_PASSWORDS, DIGEST], ids=["open", "digest"])
def test_call_wakes_a_killed_linphone(
    auth: str,
    make_phone: MakePhone,
    start_server: StartServer,
    pushes: PushService,
    tmp_path: Path,
) -> None:
    """
    RFC 8599 5.6.2: push, REGISTER, one INVITE, talk, BYE.

    T7: the PRID comes neither to the caller nor into the log.
    """
    (tmp_path / "users.htdigest").write_text(users())
    server = start_server(auth)
    alice, bob = make_phone(server, ALICE), make_phone(server, BOB)
    for phone in (alice, bob):
        phone.start()
    for phone in (alice, bob):
        phone.wait_until_registered()
    assert '+sip.pns="fcm"' in alice.log
    alice.kill()

    bob.call("alice")
    push = pushes.next()
    assert lasting(push) == CALL_FOR_ALICE
    alice.start()
    for phone in (alice, bob):
        phone.wait_until_call("StreamsRunning")
    bob.hang_up()
    for phone in (alice, bob):
        phone.wait_until_call("Released")

    assert len(alice.invites) == 1
    assert f"Call-ID: {push['call_id']}" in bob.log
    assert pushes.all_taken
    assert ("Proxy-Authorization:" in bob.log) is (auth == DIGEST)
    assert PRID not in bob.log
    assert PRID not in server.log
