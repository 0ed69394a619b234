"""
baresip, which knows nothing of pushes: it calls who sleeps, and rings beside who sleeps.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.peers.account import ALICE, BOB, CALL_FOR_ALICE, PRID, users
from tests.peers.baresip import DeskPhone, StartDeskPhone
from tests.peers.linphone import MakePhone, Phone
from tests.peers.push import PushService, lasting
from tests.peers.server import DOMAIN, Configuration, Edge, StartServer

pytestmark = pytest.mark.peer

MD5 = f"""\
mode = "digest"
realm = "{DOMAIN}"
users = "users.htdigest"
algorithms = ["MD5"]
"""
"""baresip 1.0 gives up when SHA-256 is offered as well."""


@pytest.fixture
def edge(start_server: StartServer, tmp_path: Path) -> Edge:
    """Of a server that asks for passwords."""
    (tmp_path / "users.htdigest").write_text(users(ALICE, BOB))
    return start_server(Configuration(MD5)).edge()


@pytest.fixture
def mobile(make_phone: MakePhone, edge: Edge) -> Phone:
    """Alice's mobile, killed by its system."""
    phone = make_phone(edge, ALICE)
    phone.start()
    phone.wait_until_registered()
    phone.kill()
    return phone


@pytest.fixture
def caller(start_desk_phone: StartDeskPhone, edge: Edge) -> DeskPhone:
    """Bob's phone."""
    return start_desk_phone(edge, BOB, interval=0)


@pytest.fixture
def desk(start_desk_phone: StartDeskPhone, edge: Edge) -> DeskPhone:
    """The phone on Alice's desk, registered beside her mobile."""
    phone = start_desk_phone(edge, ALICE)
    phone.wait_until_registered()
    return phone


def test_baresip_wakes_a_killed_linphone(
    mobile: Phone, caller: DeskPhone, pushes: PushService
) -> None:
    """RFC 8599 5.6.2: push, REGISTER, one INVITE, talk, BYE from the phone that was woken."""
    caller.call("alice")
    assert lasting(pushes.next()) == CALL_FOR_ALICE
    mobile.start()
    mobile.wait_until_call("StreamsRunning")
    caller.wait_until_established()
    mobile.hang_up()
    mobile.wait_until_call("Released")
    caller.wait_until_over()
    assert len(mobile.requests("INVITE")) == 1
    assert PRID not in caller.log
    assert pushes.all_taken


def test_mobile_takes_the_call_from_the_desk(
    mobile: Phone, desk: DeskPhone, caller: DeskPhone, pushes: PushService
) -> None:
    """S-09: the desk rings at once, the woken mobile joins and answers, the desk stops."""
    caller.call("alice")
    desk.wait_until_it_rings()
    assert lasting(pushes.next()) == CALL_FOR_ALICE
    mobile.start()
    mobile.wait_until_call("StreamsRunning")
    desk.wait_until_over()
    assert "CANCEL sip:" in desk.log
    caller.wait_until_established()
    mobile.hang_up()
    mobile.wait_until_call("Released")
    caller.wait_until_over()
    assert len(mobile.requests("INVITE")) == 1


def test_desk_takes_the_call_from_the_mobile(
    mobile: Phone, desk: DeskPhone, caller: DeskPhone, pushes: PushService
) -> None:
    """S-09: the woken mobile rings beside the desk, until that answers."""
    caller.call("alice")
    desk.wait_until_it_rings()
    assert lasting(pushes.next()) == CALL_FOR_ALICE
    mobile.start(answers=False)
    mobile.wait_until_call("IncomingReceived")
    desk.answer()
    desk.wait_until_established()
    mobile.wait_until_call("Released")
    caller.wait_until_established()
    caller.hang_up()
    desk.wait_until_over()
    assert len(mobile.requests("INVITE")) == 1
