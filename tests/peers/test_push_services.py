"""
A linphone that is woken through Apple's push service, Google's, or sylk-pushserver's way in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from attrs import evolve

from sippn.testing.push_server import Device
from tests.peers.account import BOB, Account
from tests.peers.linphone import MakePhone, Phone
from tests.peers.push import PushService
from tests.peers.push_services import Pushing, PushServices, push_services
from tests.peers.server import DOMAIN, Listen, Server, StartServer

pytestmark = pytest.mark.peer

APP = "com.example.phone"
VOIP, REMOTE = "5c1f0a96e3b07d44" * 4, "b07d44ee215c1f0a" * 4
ALICE = Account(
    "alice",
    "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
    push_params=f"pn-provider=apns;pn-param=TEAMID1234.{APP}.voip&remote"
    f";pn-prid={VOIP}:voip&{REMOTE}:remote",
)
SANDBOX = evolve(ALICE, push_params=ALICE.push_params.replace("apns", "apns.dev"))
REGISTRATION = "fMEP0vJqS6u:APA91bHun4MxP5egoKMwt2KZFBaFUH-1RYqx"
ANDROID = evolve(ALICE, push_params=f"pn-provider=fcm;pn-param=123456789012;pn-prid={REGISTRATION}")
SYLK = '[[push.provider]]\ntype = "webhook"\npreset = "sylk"\nurl = "{url}"\n'
LISTEN = (Listen("udp"), Listen("tcp"))


@pytest.fixture
def services(tmp_path: Path) -> Iterator[PushServices]:
    """Apple's and Google's."""
    with push_services(tmp_path) as services:
        yield services


@pytest.fixture
def server(start_server: StartServer, services: PushServices) -> Server:
    """One that pushes through them, and asks for no passwords."""
    return start_server(Pushing(listen=LISTEN, providers=services.tables))


def register(alice: Phone, bob: Phone) -> None:
    """Switch both on; *alice* is promised that she will be woken."""
    for phone in (alice, bob):
        phone.start()
    for phone in (alice, bob):
        phone.wait_until_registered()
    assert "+sip.pns=" in alice.log


def wake(alice: Phone, bob: Phone) -> None:
    """The push has come: *alice* starts anew, answers once, and *bob* hangs up."""
    alice.kill()  # a frozen linphone knows no other way to register anew
    alice.start()
    for phone in (alice, bob):
        phone.wait_until_call("StreamsRunning")
    bob.hang_up()
    for phone in (alice, bob):
        phone.wait_until_call("Released")
    assert len(alice.requests("INVITE")) == 1


def see_no_token(*logs: str) -> None:
    """T7: none is in any of them."""
    for log in logs:
        for token in (VOIP, REMOTE, REGISTRATION):
            assert token not in log


@pytest.mark.parametrize("fall_asleep", [Phone.kill, Phone.freeze])
@pytest.mark.parametrize("account", [ALICE, SANDBOX], ids=["apns", "apns.dev"])
def test_call_wakes_a_linphone_through_apns(
    account: Account,
    fall_asleep: Callable[[Phone], None],
    make_phone: MakePhone,
    server: Server,
    services: PushServices,
) -> None:
    """N-04, B 17, D-02: a linphone of Apple's is woken by a VoIP push of its VoIP token."""
    if account is SANDBOX:
        services.server.sandbox.devices |= {
            token: Device(APP, sandbox=True) for token in (VOIP, REMOTE)
        }
    alice, bob = make_phone(server.edge("tcp"), account), make_phone(server.edge(), BOB)
    register(alice, bob)
    fall_asleep(alice)

    bob.call("alice")
    push = services.next_apns()
    assert (push.token, push.topic, push.push_type) == (VOIP, f"{APP}.voip", "voip")
    assert push.priority == 10
    assert push.sandbox == (account is SANDBOX)
    assert push.payload["sippn"]["kind"] == "call"
    assert BOB.user not in str(push.payload)
    wake(alice, bob)

    assert services.all_taken
    see_no_token(bob.log, server.log)


def test_call_that_is_given_up_is_taken_back_through_apns(
    make_phone: MakePhone, server: Server, services: PushServices
) -> None:
    """S-12, R-04: the end of a call is no VoIP push: it goes to the other token, in silence."""
    alice, bob = make_phone(server.edge("tcp"), ALICE), make_phone(server.edge(), BOB)
    register(alice, bob)
    alice.kill()

    bob.call("alice")
    call = services.next_apns()
    assert (call.token, call.push_type) == (VOIP, "voip")
    bob.hang_up()
    cancel = services.next_apns()
    assert (cancel.token, cancel.topic) == (REMOTE, APP)
    assert cancel.push_type in ("alert", "background")
    assert cancel.payload["sippn"]["id"] == call.payload["sippn"]["id"]
    bob.wait_until_call("Released")
    assert services.all_taken
    see_no_token(bob.log, server.log)


@pytest.mark.parametrize("fall_asleep", [Phone.kill, Phone.freeze])
def test_call_wakes_a_linphone_through_fcm(
    fall_asleep: Callable[[Phone], None],
    make_phone: MakePhone,
    server: Server,
    services: PushServices,
) -> None:
    """N-04: a linphone on Android, which names its project by number, gets a data message."""
    alice, bob = make_phone(server.edge("tcp"), ANDROID), make_phone(server.edge(), BOB)
    register(alice, bob)
    fall_asleep(alice)

    bob.call("alice")
    push = services.next_fcm()
    assert (push.project, push.token) == ("example-project", REGISTRATION)
    assert push.data["kind"] == "call"
    assert "notification" not in push.message
    assert push.android["priority"].lower() == "high"
    wake(alice, bob)

    assert services.all_taken
    see_no_token(bob.log, server.log)


def test_call_wakes_a_linphone_through_a_gateway_like_sylks(
    make_phone: MakePhone, start_server: StartServer, pushes: PushService
) -> None:
    """N-04, R-04: sylk-pushserver is told of a call in its own words."""
    server = start_server(Pushing(listen=LISTEN, providers=SYLK))
    alice, bob = make_phone(server.edge("tcp"), ALICE), make_phone(server.edge(), BOB)
    register(alice, bob)
    alice.kill()

    bob.call("alice")
    push = pushes.next()
    said = {name: push[name] for name in ("app-id", "platform", "event", "media-type")}
    assert said == {
        "app-id": APP,
        "platform": "apple",
        "event": "incoming_session",
        "media-type": "audio",
    }
    assert (push["token"], push["from"], push["to"]) == (VOIP, f"bob@{DOMAIN}", f"alice@{DOMAIN}")
    assert f"Call-ID: {push['call-id']}" in bob.log
    wake(alice, bob)

    assert pushes.all_taken
    see_no_token(bob.log, server.log)
