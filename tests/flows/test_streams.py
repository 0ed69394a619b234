"""
Flow B and F over connections, which live, are cut, and lie about it (S-03, S-05, S-08, P-002).
"""

from __future__ import annotations

import pytest
from attrs import evolve

from sippn.binding import Verdict
from sippn.service import ServerSettings
from sippn.testing.calls import Call
from sippn.testing.calls_received import answer_at_once, ignore, ring
from sippn.testing.endpoints import Suspension
from sippn.testing.endpoints_stream import StreamEndpoint
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from sippn.transport.settings import ListenSettings, StreamLimits

ALICE = "sip:alice@example.com"


@pytest.fixture
def transport() -> str:
    """There are sockets of both."""
    return "udp"


@pytest.fixture
def settings(settings: ServerSettings) -> ServerSettings:
    """UDP for callers, TCP for phones that sleep."""
    both = tuple(ListenSettings(each, "192.0.2.1", 5060) for each in ("udp", "tcp"))
    return evolve(settings, listen=both, streams=StreamLimits(idle_timeout=60))


def connected(house: House, prid: str | None = "token-a") -> ScriptedUA:
    """A phone of alice with a connection; called, it rings."""
    alice = house.phone("alice", prid, instance="<urn:uuid:a>", transport="tcp")
    assert house.get(alice.register()).status == 200
    alice.policy = ring
    return alice


def call_alice(house: House) -> Call:
    """A call of bob that is under way."""
    call = house.phone("bob").call(ALICE)
    house.run()
    return call


def bindings(house: House) -> list[str]:
    """What alice has registered."""
    answer = house.get(house.phone("alice").query())
    return [contact.uri_text for contact in answer.contacts]


def test_phone_with_a_live_connection_is_called_without_a_push(house: House) -> None:
    """S-03: LIVE: it has said something a moment ago, and it answers."""
    alice = connected(house)
    call = call_alice(house)
    house.run(5)
    assert call.ringing.called
    assert house.pns.jobs == []
    alice.incoming[0].answer()
    house.run()
    assert succeeded(call.answered).status == 200


def test_lost_connection_deletes_no_binding(house: House) -> None:
    """Issue 3, F: the way is gone, the phone is not: the next call pushes it."""
    alice = connected(house)
    before = bindings(house)
    house.network.cut(alice.address)
    house.run()
    assert bindings(house) == before != []
    call_alice(house)
    assert len(house.pns.jobs) == 1


@pytest.mark.parametrize("how", ["killed", "frozen", "gone"])
def test_suspended_phone_is_woken_and_called_once(house: House, how: Suspension) -> None:
    """S-05: however it went to sleep, it comes back by another connection and rings once."""
    alice = connected(house)
    alice.sleep(how)
    house.run()
    call = call_alice(house)
    house.run(1)
    assert len(house.pns.jobs) == 1
    alice.policy = answer_at_once
    house.get(alice.wake(endpoint=house.endpoint("tcp"), restarted=True))
    house.run()
    assert succeeded(call.answered).status == 200
    assert len(alice.incoming) == 1


def test_frozen_phone_that_thaws_has_the_call_already(house: House) -> None:
    """S-05: its kernel kept the INVITE; the REGISTER comes by the same connection: no second."""
    alice = connected(house)
    alice.sleep("frozen")
    call = call_alice(house)
    house.run(1)
    assert len(house.pns.jobs) == 1
    alice.policy = answer_at_once
    assert house.get(alice.wake()).status == 200
    house.run()
    assert succeeded(call.answered).status == 200
    assert len(alice.incoming) == 1


def test_open_connection_on_which_nobody_answers_costs_a_second(house: House) -> None:
    """RELIABILITY "half-open sockets lie": not the 32 s of a transaction."""
    alice = connected(house)
    alice.sleep("gone")
    house.run(100)
    call_alice(house)
    house.run(0.9)
    assert house.pns.jobs == []
    house.run(0.1)
    assert len(house.pns.jobs) == 1


def test_connection_that_is_cut_under_a_call_is_a_push_at_once(house: House) -> None:
    """S-08, transport error of a branch: nobody waits for a timer."""
    alice = connected(house)
    alice.policy = ignore
    call = call_alice(house)
    house.network.cut(alice.address)
    house.run()
    assert len(house.pns.jobs) == 1
    alice.policy = answer_at_once
    house.get(alice.wake(endpoint=house.endpoint("tcp")))
    house.run()
    assert succeeded(call.answered).status == 200


def test_phone_that_loses_its_connection_while_it_rings_is_found_again(house: House) -> None:
    """S-08, LI#255: it changed the network: pushed, back, and rung where it is now."""
    alice = connected(house)
    call = call_alice(house)
    assert call.ringing.called
    house.network.cut(alice.address)
    house.run()
    assert len(house.pns.jobs) == 1
    house.get(alice.wake(endpoint=house.endpoint("tcp")))
    house.run()
    assert len(alice.incoming) == 2
    alice.incoming[1].answer()
    house.run()
    assert succeeded(call.answered).status == 200


def test_dead_prid_is_no_matter_while_the_connection_lives(house: House) -> None:
    """S-03: UNPUSHABLE is who has a dead PRID and no live flow."""
    alice = connected(house)
    alice.sleep("frozen")
    first = call_alice(house)
    house.run(1)
    house.pns.answer(Verdict.DEAD)
    first.cancel()
    house.run(35)
    assert succeeded(call_alice(house).failed).status == 480
    alice.endpoint.resume()
    house.run()
    alice.endpoint.send(b"\r\n\r\n", house.listening["tcp"])
    second = call_alice(house)
    house.run(5)
    assert len(house.pns.jobs) == 1
    assert not second.failed.called


def test_method_that_wakes_nobody_reaches_who_is_awake(house: House) -> None:
    """S-03: OPTIONS to a live phone passes; half a minute of silence later it is 480."""
    alice = connected(house)
    assert house.get(house.phone("bob").request("OPTIONS", ALICE)).status == 200
    alice.sleep("gone")
    house.run(31)
    assert house.get(house.phone("bob").request("OPTIONS", ALICE)).status == 480
    assert house.pns.jobs == []


def test_connection_with_a_binding_is_left_open(house: House) -> None:
    """limits.idle_timeout: a phone that is registered may be silent for as long as it is."""
    alice = connected(house)
    for _ in range(30):
        house.run(10)
    call = call_alice(house)
    assert call.ringing.called
    assert house.pns.jobs == []
    assert len(alice.incoming) == 1


def test_connection_without_a_binding_is_not(house: House) -> None:
    """A4: whoever connects and says nothing of use is cut, pings or not."""
    endpoint = StreamEndpoint(house.network, "192.0.2.99")
    stranger = house.phone("mallory", transport="tcp")
    stranger.wake(endpoint=endpoint, expires=0)
    for _ in range(5):
        endpoint.ping(house.listening["tcp"])
        house.run(10)
    assert endpoint.connected
    assert endpoint.pongs == 5
    house.run(11)
    assert not endpoint.connected


def test_connection_of_a_call_is_left_open(house: House) -> None:
    """Issue 3: who only talks says nothing in SIP for an hour; then it hangs up."""
    alice = connected(house)
    alice.policy = answer_at_once
    bob = house.phone("bob", transport="tcp")
    call = bob.call(ALICE)
    house.run()
    for _ in range(60):
        house.run(60)
    assert house.get(alice.incoming[0].hang_up()).status == 200
    assert call.ended.called


def test_desk_phone_whose_connection_is_gone_is_connected_to(house: House) -> None:
    """P-002: no flow is left, and no NAT before it: its Contact is where it came from."""
    alice = house.phone("alice", transport="tcp")
    alice.wake(endpoint=house.endpoint("tcp", listens=True))
    house.run()
    house.network.cut(house.listening["tcp"])
    house.run()
    call = call_alice(house)
    assert len(alice.incoming) == 1
    assert succeeded(call.answered).status == 200
    assert house.get(call.hang_up()).status == 200


def test_phone_behind_a_nat_whose_connection_is_gone_is_480(house: House) -> None:
    """P-002, T8: a Contact that names another host makes us connect nowhere."""
    alice = house.phone("alice", transport="tcp")
    target = house.phone("carol", transport="tcp")
    target.wake(endpoint=house.endpoint("tcp", host="10.9.9.9", listens=True))
    alice.account = evolve(alice.account, contact_host="10.9.9.9")
    house.get(alice.register())
    house.network.cut(house.listening["tcp"])
    house.run()
    assert succeeded(call_alice(house).failed).status == 480
    assert target.incoming == []


def test_message_over_a_connection_that_is_cut_is_delivered_later(house: House) -> None:
    """S-07: the same for what is no call."""
    alice = connected(house)
    alice.sleep("frozen")
    answer = house.phone("bob").message(ALICE, "hello")
    house.run(1)
    house.network.cut(alice.address)
    house.run()
    house.get(alice.wake(endpoint=house.endpoint("tcp")))
    house.run()
    assert succeeded(answer).status == 200


def test_sips_leads_to_no_phone_without_tls(house: House) -> None:
    """RFC 5630: who asks for TLS on each hop gets that or nothing."""
    connected(house, None)
    call = house.phone("bob").call("sips:alice@example.com")
    house.run()
    assert succeeded(call.failed).status == 480


def test_phone_that_reconnects_all_day_is_not_refused(house: House) -> None:
    """RFC 5626 section 6: without an instance each port is another phone; those gone make room."""
    for _ in range(25):
        phone = house.phone("alice", transport="tcp")
        assert house.get(phone.register()).status == 200
        house.network.cut(phone.address)
        house.run()
    assert len(bindings(house)) <= 10
