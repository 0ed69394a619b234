"""
What follows the call: in-dialog requests over NATs and connections (RFC 5626 section 5.3, P-068).
"""

from __future__ import annotations

import pytest
from attrs import evolve

from sippn.service import ServerSettings
from sippn.sip import NameAddr, Request
from sippn.testing.calls import Call
from sippn.testing.calls_received import ReceivedCall, answer_at_once
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from sippn.transport.settings import ListenSettings

ALICE = "sip:alice@example.com"
HOLD = b"v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
HOLD += b"m=audio 40000 RTP/AVP 0\r\na=sendonly\r\n"
WAYS = [(a, b) for a in ("udp", "tcp") for b in ("udp", "tcp")]


@pytest.fixture
def transport() -> str:
    """There are sockets of both."""
    return "udp"


@pytest.fixture
def settings(settings: ServerSettings) -> ServerSettings:
    """UDP and TCP, on ports of their own."""
    both = (ListenSettings("udp", "192.0.2.1", 5060), ListenSettings("tcp", "192.0.2.1", 5062))
    return evolve(settings, listen=both)


def talking(
    house: House, caller: str, callee: str
) -> tuple[ScriptedUA, Call, ScriptedUA, ReceivedCall]:
    """
    A woken call that was answered, both sides behind NATs that they do not know of.

    :param caller: transport of bob; *callee* that of alice.
    """
    alice = house.phone("alice", "token-a", instance="<urn:uuid:a>", transport=callee)
    bob = house.phone("bob", transport=caller)
    for phone in (alice, bob):
        phone.account = evolve(phone.account, contact_host="10.9.9.9")
    house.get(alice.register())
    alice.sleep("killed")
    house.run()
    call = bob.call(ALICE)
    house.run(1.5)
    alice.policy = answer_at_once
    house.get(alice.wake())
    house.run()
    assert succeeded(call.answered).status == 200
    return bob, call, alice, alice.incoming[0]


def routes(request: Request) -> list[tuple[str, str]]:
    """Port and transport of each Record-Route value, topmost first."""
    uris = [NameAddr.parse(value).uri for value in request.headers.values("Record-Route")]
    return [(str(uri.port), uri.param("transport") or "udp") for uri in uris]


@pytest.mark.parametrize(("caller", "callee"), WAYS)
def test_each_side_is_told_the_socket_that_it_can_reach(
    house: House, caller: str, callee: str
) -> None:
    """RFC 3261 16.6 step 4, RFC 5658: twice where the transport changes, the callee's first."""
    told = {"udp": ("5060", "udp"), "tcp": ("5062", "tcp")}
    _, _, _, got = talking(house, caller, callee)
    sides = [told[callee], told[caller]]
    assert routes(got.invite) == (sides if caller != callee else sides[:1])


@pytest.mark.parametrize(("caller", "callee"), WAYS)
def test_hold_and_resume_from_both_sides(house: House, caller: str, callee: str) -> None:
    """Issue 3: each re-INVITE and each ACK arrives, whatever the Contacts say."""
    _, call, _, got = talking(house, caller, callee)
    assert len(got.acks) == 1
    for _ in ("hold", "resume"):
        assert house.get(call.reinvite(HOLD)).status == 200
        assert house.get(got.reinvite(HOLD)).status == 200
        house.run()
    assert [len(call.reinvites), len(got.reinvites)] == [2, 2]
    assert [len(call.acks), len(got.acks)] == [2, 3]
    assert [each.body for each in got.reinvites] == [HOLD, HOLD]


@pytest.mark.parametrize(("caller", "callee"), WAYS)
@pytest.mark.parametrize("by", ["caller", "callee"])
def test_either_side_hangs_up(house: House, caller: str, callee: str, by: str) -> None:
    """Issue 3: BYE goes the way the call went."""
    _, call, _, got = talking(house, caller, callee)
    assert house.get(call.hang_up() if by == "caller" else got.hang_up()).status == 200
    assert call.ended.called
    assert got.ended.called


def test_dialog_outlives_a_connection_that_can_be_opened_again(house: House) -> None:
    """RFC 5923's case without it: a PBX closes what is idle, and still wants its BYE."""
    alice = house.asleep("alice", "token-a", transport="udp")
    pbx = house.phone("pbx", transport="tcp")
    pbx.wake(endpoint=house.endpoint("tcp", listens=True))
    house.run()
    call = pbx.call(ALICE)
    house.run()
    alice.policy = answer_at_once
    house.get(alice.wake())
    house.run()
    assert succeeded(call.answered).status == 200
    house.network.cut(house.listening["tcp"])
    house.run()
    assert house.get(alice.incoming[0].hang_up()).status == 200
    assert call.ended.called


def test_request_to_who_cannot_be_reached_leaves_the_dialog_alone(house: House) -> None:
    """P-067, RFC 5057: 480 would end the usage; a 500 ends this request."""
    _, call, _, got = talking(house, "tcp", "udp")
    house.network.cut(house.listening["tcp"])
    house.run()
    answer = house.get(got.reinvite(HOLD))
    assert answer.status == 500
    assert answer.headers.get("Retry-After") == "5"
    assert house.get(call.hang_up()).status == 200  # which connects anew
    assert got.ended.called


def test_nobody_is_reached_by_a_contact_of_a_dialog(house: House) -> None:
    """A13: a connection that is gone is opened to the host that it came from, and to no other."""
    bystander = house.phone("carol", transport="tcp")
    bystander.wake(endpoint=house.endpoint("tcp", host="10.9.9.9", listens=True))
    house.run()
    bystander.forget()
    _, _, _, got = talking(house, "tcp", "udp")
    house.network.cut(house.listening["tcp"])
    house.run()
    got.hang_up()
    house.run()
    assert bystander.requests == []
