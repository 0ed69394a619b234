"""
Who may make phones ring, and how often (RELIABILITY T1, W5, A9, A13).
"""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from attrs import evolve

from sippn.auth.settings import AuthSettings
from sippn.service import ServerSettings
from sippn.sip import Request, Response, read
from sippn.testing.calls import Call
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from sippn.wake.settings import ParkingLimits

ALICE = "sip:alice@example.com"


@pytest.fixture
def settings(settings: ServerSettings) -> ServerSettings:
    """Small numbers, and one trusted peer."""
    return evolve(
        settings,
        parking=ParkingLimits(
            parked=6, parked_per_callee=2, parked_per_caller=3, pushes_per_hour_stranger=4
        ),
        auth=AuthSettings(trusted=(ip_network("192.0.2.200/32"),)),
    )


def statuses(*calls: Call) -> list[int]:
    """How each of *calls* failed so far; 0: it did not."""
    return [succeeded(call.failed).status if call.failed.called else 0 for call in calls]


def test_callee_has_so_many_places(house: House) -> None:
    """W5: the next for the same callee is 480 with Retry-After, without a push, at once."""
    house.asleep("alice", "token-a")
    calls = [house.phone(f"caller{number}").call(ALICE) for number in range(3)]
    house.run()
    assert statuses(*calls) == [0, 0, 480]
    assert succeeded(calls[2].failed).headers.get("Retry-After") == "5"
    assert len(house.pns.jobs) == 1


def test_caller_has_so_many_places(house: House) -> None:
    """W5: one caller cannot fill the bucket."""
    for number in range(4):
        house.asleep(f"user{number}", f"token-{number}")
    bob = house.phone("bob")
    calls = [bob.call(f"sip:user{number}@example.com") for number in range(4)]
    house.run()
    assert statuses(*calls) == [0, 0, 0, 480]


def test_all_places_taken_is_503(house: House) -> None:
    """W5: only the global bound is a 503."""
    for number in range(7):
        house.asleep(f"user{number}", f"token-{number}")
    calls = [house.phone(f"c{number}").call(f"sip:user{number}@example.com") for number in range(7)]
    house.run()
    assert statuses(*calls) == [0] * 6 + [503]
    assert succeeded(calls[6].failed).headers.get("Retry-After")


def test_place_is_free_again_when_the_wait_is_over(house: House) -> None:
    """T5: CANCEL, answer and time-out all free it."""
    alice = house.asleep("alice", "token-a")
    gone, woken = house.phone("one").call(ALICE), house.phone("two").call(ALICE)
    house.run()
    gone.cancel()
    house.run()
    alice.wake()
    house.run()
    assert succeeded(woken.answered).status == 200
    alice.sleep()
    calls = [house.phone(f"caller{number}").call(ALICE) for number in range(2)]
    house.run()
    assert statuses(*calls) == [0, 0]
    house.run(20)
    assert statuses(*calls) == [480, 480]


def test_place_is_one_for_all_devices(house: House) -> None:
    """W5: a call to two sleeping devices takes one place."""
    for number in range(2):
        house.asleep("alice", f"token-{number}", instance=f"<urn:uuid:{number}>")
    calls = [house.phone(f"caller{number}").call(ALICE) for number in range(2)]
    house.run()
    assert statuses(*calls) == [0, 0]


def test_forty_invites_are_one_push_and_forty_answers(house: House) -> None:
    """A9: 40 INVITEs in 2 s at one sleeping device."""
    house.asleep("alice", "token-a")
    calls = []
    for number in range(40):
        calls.append(house.phone(f"caller{number}").call(ALICE))
        house.run(0.05)
    assert len(house.pns.jobs) == 1
    house.run(20)
    assert statuses(*calls) == [480] * 40


def test_stranger_runs_out_of_pushes(house: House) -> None:
    """T1, A9: so many an hour; then 480 without a push; an hour later again."""
    alice, stranger = house.asleep("alice", "token-a"), house.phone("x", domain="elsewhere.example")
    for _ in range(6):
        stranger.call(ALICE)
        house.run(1)
        alice.wake()
        house.run()
        alice.sleep()
    assert len(house.pns.jobs) == 4
    house.run(3600)
    alice.wake()
    house.run()
    alice.sleep()
    stranger.call(ALICE)
    house.run()
    assert len(house.pns.jobs) == 5


def test_trusted_peer_is_not_budgeted(house: House) -> None:
    """DESIGN 5: a PBX of the operator's is neither challenged nor budgeted."""
    alice, pbx = house.asleep("alice", "token-a"), house.phone("pbx")
    pbx.wake(endpoint=house.endpoint(host="192.0.2.200"))
    house.run()
    for _ in range(6):
        pbx.call(ALICE)
        house.run()
        alice.wake()
        house.run()
        alice.sleep()
    assert len(house.pns.jobs) == 6


def answers_to(house: House, phone: ScriptedUA) -> list[int]:
    """The status codes that *phone* was sent, whether it expected them or not."""
    return [m.status for m in house.sent_to(phone.address) if isinstance(m, Response)]


def relays(house: House) -> list[Request]:
    """Requests that left for anybody but the phones we know, who all connect by themselves."""
    assert {to.host for to in house.network.reactor.dialled} <= {house.address.host}
    here = house.address.host
    carried = [read(sent.octets) for sent in house.network.carried if sent.source.host == here]
    return [message for message in carried if isinstance(message, Request)]


@pytest.mark.parametrize("method", ["INVITE", "MESSAGE", "OPTIONS", "BYE"])
@pytest.mark.parametrize(
    "target",
    [
        "sip:victim@198.51.100.7",
        "sip:victim@198.51.100.7:5080;transport=udp",
        "sip:victim@elsewhere.example",
        "sip:victim@198.51.100.7?Route=%3Csip:198.51.100.8%3E",
        "sip:alice@example.com;maddr=198.51.100.7",
    ],
)
def test_stranger_cannot_use_us_as_a_relay(house: House, method: str, target: str) -> None:
    """A13: nothing for foreign targets leaves, by whatever spelling."""
    answer = house.get(house.phone("x").request(method, target))
    assert answer.status in {400, 403, 480}
    assert relays(house) == []


def test_route_is_no_relay_either(house: House) -> None:
    """A13: a Route of the sender's own that leads elsewhere is refused."""
    stranger = house.phone("x")
    stranger.endpoint.send(
        b"MESSAGE sip:alice@example.com SIP/2.0\r\n"
        b"Via: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bKroute\r\n"
        b"Route: <sip:192.0.2.1:5060;lr>, <sip:198.51.100.7;lr>\r\n"
        b"Max-Forwards: 70\r\nFrom: <sip:x@example.com>;tag=1\r\nTo: <sip:alice@example.com>\r\n"
        b"Call-ID: route\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n",
        house.address,
    )
    house.run()
    assert answers_to(house, stranger) == [403]
    assert relays(house) == []


def test_forged_dialog_is_no_relay(house: House) -> None:
    """A13: a To tag alone opens nothing; only our own Record-Route token does."""
    stranger = house.phone("x")
    stranger.endpoint.send(
        b"BYE sip:victim@198.51.100.7 SIP/2.0\r\n"
        b"Via: SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bKforged\r\n"
        b"Route: <sip:Zm9yZ2Vk@192.0.2.1:5060;lr>\r\n"
        b"Max-Forwards: 70\r\nFrom: <sip:x@example.com>;tag=1\r\n"
        b"To: <sip:victim@198.51.100.7>;tag=2\r\n"
        b"Call-ID: forged\r\nCSeq: 2 BYE\r\nContent-Length: 0\r\n\r\n",
        house.address,
    )
    house.run()
    assert answers_to(house, stranger) == [403]
    assert relays(house) == []
