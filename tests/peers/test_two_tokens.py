"""
A linphone as Apple's phones have it: one token for calls, the other one for all else.
"""

from __future__ import annotations

import time

import pytest
from attrs import evolve

from tests.peers.account import BOB, Account
from tests.peers.linphone import MakePhone, Phone
from tests.peers.push import Push, PushService
from tests.peers.server import DOMAIN, NO_PASSWORDS, Configuration, Listen, Server, StartServer

pytestmark = pytest.mark.peer

VOIP, REMOTE = "5C1F0A96E3-voip", "B07D44EE21-remote"
ALICE = Account(
    "alice",
    "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
    push_params="pn-provider=apns;pn-param=ABCD1234.com.x.voip&remote"
    f";pn-prid={VOIP}:voip&{REMOTE}:remote",
)
SANDBOX = evolve(ALICE, push_params=ALICE.push_params.replace("apns", "apns.dev"))
VOIP_ALONE = evolve(
    ALICE, push_params=f"pn-provider=apns;pn-param=ABCD1234.com.x.voip;pn-prid={VOIP}:voip"
)
HINTS = {
    "pn-silent": "1",
    "pn-msg-str": "IM_MSG",
    "pn-call-str": "IC_MSG",
    "pn-groupchat-str": "GC_MSG",
    "pn-call-snd": "notes_of_the_optimistic.caf",
    "pn-msg-snd": "msg.caf",
}
"""What linphone says of its own accord; ``pn-timeout=0`` is none: sippn does it."""

REFRESHED_SOON = f"""\
{NO_PASSWORDS}

[push]
expires_min = 599
refresh_lead = 595
"""
WAKES_ALL = f"""\
{NO_PASSWORDS}

[push]
mid_dialog = "all"
"""
HEDGED_LATE = f"""\
{NO_PASSWORDS}

[push]
hedge = 10
"""


@pytest.fixture
def server(start_server: StartServer) -> Server:
    """One that asks for no passwords."""
    return start_server(Configuration(listen=(Listen("udp"), Listen("tcp"))))


def register(alice: Phone, bob: Phone) -> None:
    """Switch both on."""
    for phone in (alice, bob):
        phone.start()
    for phone in (alice, bob):
        phone.wait_until_registered()
    assert "+sip.pns=" in alice.log
    assert "pn-timeout=0" in alice.log


def fits(push: Push, kind: str, service: str) -> bool:
    """Whether *push* is of this *kind*, and goes to the token for *service*."""
    token = {"voip": VOIP, "remote": REMOTE}[service]
    assert (push["provider"], push["app"], push["hints"]) == ("apns", "com.x", HINTS)
    return (push["kind"], push["service"], push["token"]) == (kind, service, token)


def see_no_token(*logs: str) -> None:
    """T7: neither token is in any of them."""
    for log in logs:
        assert VOIP not in log
        assert REMOTE not in log


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("account", [ALICE, SANDBOX], ids=["apns", "apns.dev"])
def test_calls_go_to_one_token_and_their_ends_to_the_other(
    account: Account,
    transport: str,
    make_phone: MakePhone,
    server: Server,
    pushes: PushService,
) -> None:
    """B 17, N-29, R-04: of a linphone's two tokens a call uses one, and its cancel the other."""
    alice, bob = make_phone(server.edge(transport), account), make_phone(server.edge(), BOB)
    register(alice, bob)
    alice.kill()

    bob.call("alice")
    call = pushes.next()
    assert fits(call, "call", "voip")
    assert call["sandbox"] == (account is SANDBOX)
    bob.hang_up()
    assert fits(pushes.next(), "cancel", "remote")
    bob.wait_until_call("Released")

    bob.call("alice")
    assert fits(pushes.next(), "call", "voip")
    alice.start()
    for phone in (alice, bob):
        phone.wait_until_call("StreamsRunning")
    bob.hang_up()
    alice.wait_until_call("Released")

    # the first call, too: whether iOS brought the push to the other token nobody knows
    assert len(alice.requests("INVITE")) == 2
    assert pushes.all_taken
    see_no_token(bob.log, server.log)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_refresh_goes_to_the_other_token(
    transport: str, make_phone: MakePhone, start_server: StartServer, pushes: PushService
) -> None:
    """B 17, N-29: a linphone that is to register again is pushed by its remote token."""
    server = start_server(Configuration(REFRESHED_SOON, listen=(Listen(transport),)))
    alice = make_phone(server.edge(transport), ALICE)
    alice.start()
    alice.wait_until_registered()
    alice.kill()

    refresh = pushes.next()
    assert fits(refresh, "refresh", "remote")
    assert refresh["aor"] == f"sip:alice@{DOMAIN}"
    see_no_token(server.log)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_one_push_refreshes_all_accounts_of_a_phone(
    transport: str, make_phone: MakePhone, start_server: StartServer, pushes: PushService
) -> None:
    """P-003, N-28: one push makes a linphone with two accounts register both."""
    server = start_server(Configuration(REFRESHED_SOON, listen=(Listen(transport),)))
    alice = make_phone(server.edge(transport), ALICE, others=[evolve(ALICE, user="anne")])
    alice.start()
    alice.wait_until_registered()
    alice.kill()

    refresh = pushes.next()
    assert fits(refresh, "refresh", "remote")
    alice.start()
    alice.wait_until_registered()
    assert pushes.all_taken
    for user in ("alice", "anne"):
        assert f"From: <sip:{user}@{DOMAIN}>" in alice.log
    see_no_token(server.log)


def test_call_that_nothing_can_take_back_is_shown_as_missed(
    make_phone: MakePhone, server: Server, pushes: PushService
) -> None:
    """B 12, S-12: with a VoIP token alone it gets the INVITE late, and a CANCEL behind it."""
    alice, bob = make_phone(server.edge("tcp"), VOIP_ALONE), make_phone(server.edge(), BOB)
    register(alice, bob)
    alice.kill()

    bob.call("alice")
    assert fits(pushes.next(), "call", "voip")
    bob.hang_up()
    bob.wait_until_call("Released")
    alice.start(answers=False)
    alice.wait_until_call("IncomingReceived")
    alice.wait_until_call("Released")

    assert len(alice.requests("CANCEL")) == 1
    assert pushes.all_taken
    see_no_token(bob.log, server.log)


def test_phone_that_wants_no_delay_is_pushed_beside_its_connection(
    make_phone: MakePhone, start_server: StartServer, pushes: PushService
) -> None:
    """D-05, S-05: ``pn-timeout=0`` has a linphone pushed at once, beside its connection."""
    server = start_server(Configuration(HEDGED_LATE, listen=(Listen("udp"), Listen("tcp"))))
    alice, bob = make_phone(server.edge("tcp"), ALICE), make_phone(server.edge(), BOB)
    register(alice, bob)

    began = time.monotonic()
    bob.call("alice")
    assert fits(pushes.next(), "call", "voip")
    assert time.monotonic() - began < 8, "it waits for no hedge"
    for phone in (alice, bob):
        phone.wait_until_call("StreamsRunning")
    bob.hang_up()
    alice.wait_until_call("Released")

    assert len(alice.requests("INVITE")) == 1
    assert pushes.all_taken


def test_end_of_a_call_goes_to_the_other_token(
    make_phone: MakePhone, start_server: StartServer, pushes: PushService
) -> None:
    """S-22, R-04: a linphone that was frozen in a call, and knows no PURR, is woken for the BYE."""
    server = start_server(Configuration(WAKES_ALL, listen=(Listen("udp"), Listen("tcp"))))
    alice, bob = make_phone(server.edge("tcp"), ALICE), make_phone(server.edge(), BOB)
    register(alice, bob)
    bob.call("alice")
    assert fits(pushes.next(), "call", "voip")
    for phone in (alice, bob):
        phone.wait_until_call("StreamsRunning")
    alice.freeze()

    bob.hang_up()
    bye = pushes.next()
    assert fits(bye, "mid-dialog", "remote")
    assert bye["method"] == "BYE"
    alice.thaw()
    for phone in (alice, bob):
        phone.wait_until_call("Released")

    assert pushes.all_taken
    see_no_token(bob.log, server.log)
