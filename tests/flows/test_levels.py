"""
Bindings that are asked one after the other, by q (RFC 3261 16.6).
"""

from __future__ import annotations

import pytest
from attrs import evolve
from twisted.internet.interfaces import IDelayedCall

from sippn.proxy import ProxySettings, WaitSettings
from sippn.service import ServerSettings
from sippn.sip import Response
from sippn.testing.calls import Call
from sippn.testing.calls_received import answer_at_once, by_hand, ignore, reject, ring
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from tests.flows.preferred import pass_by, phone_with

ALICE = "sip:alice@example.com"


def call_alice(house: House, seconds: float = 0) -> Call:
    """A call that has been under way for so long."""
    call = house.phone("bob").call(ALICE)
    house.run()
    pass_by(house, seconds)
    return call


def rung(*phones: ScriptedUA) -> list[int]:
    """How many INVITEs each of them got."""
    return [len(phone.incoming) for phone in phones]


def waiting(house: House) -> list[IDelayedCall]:
    """The timers of next_after."""
    return [one for one in house.clock.getDelayedCalls() if "Search" in str(one)]


@pytest.mark.parametrize("q", ["", ";q=0.5"])
def test_equal_ones_are_asked_together(house: House, q: str) -> None:
    """RFC 3261 16.6: targets of one q are processed in parallel; no q is a q, too."""
    first = phone_with(house, q, ring, "first")
    second = phone_with(house, q, ring, "second")
    call_alice(house)
    assert rung(first, second) == [1, 1]


def test_lower_q_is_asked_when_all_higher_ones_have_failed(house: House) -> None:
    """RFC 3261 16.6: from the highest q to the lowest; the last refusal, and no timer, decides."""
    low = phone_with(house, ";q=0.2", answer_at_once)
    busy = phone_with(house, ";q=1.0", reject(486), "busy")
    rings = phone_with(house, "", ring, "rings")
    middle = phone_with(house, ";q=0.5", reject(486))
    call = call_alice(house)
    assert rung(low, busy, rings, middle) == [0, 1, 1, 0]
    rings.incoming[0].reject(480)
    house.run()
    assert rung(low, busy, rings, middle) == [1, 1, 1, 1]
    assert succeeded(call.answered).status == 200


def test_ringing_ends_when_the_next_are_asked(house: House) -> None:
    """RFC 3261 16.6, 16.8: after next_after seconds they are cancelled, and their answer is 408."""
    high = phone_with(house, ";q=0.9", ring)
    low = phone_with(house, ";q=0.1", ring)
    call = call_alice(house, 19)
    assert rung(high, low) == [1, 0]
    assert not high.incoming[0].cancelled
    pass_by(house, 1)
    assert high.incoming[0].cancelled
    assert rung(high, low) == [1, 1]
    assert not call.failed.called
    low.incoming[0].answer()
    house.run()
    assert succeeded(call.answered).status == 200


def test_last_level_rings_as_long_as_timer_c(house: House) -> None:
    """RFC 3261 16.8: nobody is cancelled for the sake of nobody."""
    phone_with(house, ";q=0.9", reject(486))
    low = phone_with(house, ";q=0.1", ring)
    call_alice(house, 170)
    assert not low.incoming[0].cancelled


def test_best_answer_of_all_levels_is_given(house: House) -> None:
    """RFC 3261 16.7, step 6: what the first said counts when the last one has ended."""
    phone_with(house, ";q=0.9", reject(486))
    phone_with(house, ";q=0.5", ignore)
    phone_with(house, ";q=0.1", reject(500))
    call = call_alice(house)
    assert not call.failed.called
    pass_by(house, 20)
    assert succeeded(call.failed).status == 486


@pytest.mark.parametrize("status", [603, 600])
def test_decline_ends_the_search(house: House, status: int) -> None:
    """RFC 3261 16.7, step 5: no new branch after a 6xx."""
    phone_with(house, ";q=0.9", reject(status))
    low = phone_with(house, ";q=0.1", ring)
    call = call_alice(house)
    assert succeeded(call.failed).status == status
    pass_by(house, 25)
    assert rung(low) == [0]


def test_answer_ends_the_search(house: House) -> None:
    """RFC 3261 16.7, step 10: nobody else is asked after a 2xx."""
    high = phone_with(house, ";q=0.9", by_hand)
    low = phone_with(house, ";q=0.1", ring)
    call_alice(house, 1)
    assert waiting(house)
    high.incoming[0].answer()
    house.run()
    assert not waiting(house)
    pass_by(house, 25)
    assert rung(low) == [0]


def test_cancel_ends_the_search(house: House) -> None:
    """RFC 3261 16.10: whoever waits for his turn is not asked any more."""
    high = phone_with(house, ";q=0.9", ring)
    low = phone_with(house, ";q=0.1", ring)
    call = call_alice(house, 5)
    call.cancel()
    house.run()
    assert succeeded(call.failed).status == 487
    assert high.incoming[0].cancelled
    pass_by(house, 25)
    assert rung(low) == [0]


def test_sleeper_has_its_whole_wait_when_it_is_its_turn(house: House) -> None:
    """S-14: push.wait counts from where its level begins; nobody is pushed before."""
    phone_with(house, ";q=0.9", ring)
    sleeper = phone_with(house, ";q=0.1", answer_at_once, prid="token-s")
    call = call_alice(house, 19)
    assert house.pns.jobs == []
    pass_by(house, 16)
    assert len(house.pns.jobs) == 1
    assert not call.failed.called
    house.get(sleeper.wake())
    house.run()
    assert succeeded(call.answered).status == 200


def test_sleeper_of_a_lower_q_that_stays_silent_ends_it(house: House) -> None:
    """P-046: each wait has its end, and the last one is the end of the request."""
    phone_with(house, ";q=0.9", ring)
    phone_with(house, ";q=0.1", ring, prid="token-s")
    call = call_alice(house, 39)
    assert not call.failed.called
    pass_by(house, 2)
    assert succeeded(call.failed).status == 480


@pytest.mark.parametrize("transport", ["udp"])  # over TCP it would be noticed to be gone
def test_message_is_answered_before_its_sender_gives_up(house: House) -> None:
    """P-047: however many levels there are, the 480 comes within 30 seconds."""
    answers: list[Response] = []
    gone = phone_with(house, ";q=0.9", ring)
    gone.sleep()
    phone_with(house, ";q=0.5", ring, prid="token-s")
    never = phone_with(house, ";q=0.1", ring)
    house.phone("bob").message(ALICE, "hello").addCallback(answers.append)
    house.run()
    pass_by(house, 19)
    assert house.pns.jobs == []
    pass_by(house, 10)
    assert len(house.pns.jobs) == 1
    pass_by(house, 1.5)
    assert [answer.status for answer in answers] == [480]
    pass_by(house, 30)
    assert never.requests == []


def test_who_comes_late_waits_for_its_turn(house: House) -> None:
    """S-09, RFC 3261 16.5: a new location joins the level that it belongs to."""
    phone_with(house, ";q=0.5", ring)
    call_alice(house, 1)
    equal = phone_with(house, ";q=0.5", ring, "equal")
    higher = phone_with(house, ";q=0.7", ring)
    lower = phone_with(house, ";q=0.3", ring)
    assert rung(equal, higher, lower) == [1, 1, 0]
    pass_by(house, 18)
    assert rung(lower) == [0]
    pass_by(house, 1)
    assert rung(lower) == [1]
    assert equal.incoming[0].cancelled


@pytest.mark.parametrize("late_join", [True, False])
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_who_moves_before_its_turn_is_asked_where_it_is(
    settings: ServerSettings, late_join: bool
) -> None:
    """P-002: on the flow of its last REGISTER, and once."""
    house = House.built(evolve(settings, proxy=ProxySettings(late_join=late_join)))
    phone_with(house, ";q=0.9", ring)
    low = phone_with(house, ";q=0.1", ring)
    call_alice(house, 1)
    old, heard = low.endpoint, []
    house.get(low.wake(endpoint=house.endpoint()))
    old.receive = lambda octets, _: heard.append(octets)
    assert rung(low) == [0]
    pass_by(house, 20)
    assert rung(low) == [1]
    assert heard == []
    house.server.stopService()


def test_who_leaves_before_its_turn_is_not_asked(house: House) -> None:
    """RFC 3261 16.5: the location service is monitored while the request is processed."""
    high = phone_with(house, ";q=0.9", ring)
    low = phone_with(house, ";q=0.1", ring)
    call = call_alice(house, 1)
    house.get(low.unregister())
    pass_by(house, 25)
    assert rung(low) == [0]
    assert not high.incoming[0].cancelled
    high.incoming[0].reject(486)
    house.run()
    assert succeeded(call.failed).status == 486


def test_who_has_rung_for_its_time_is_not_rung_again(settings: ServerSettings) -> None:
    """S-08: its refresh is no reason; a phone that slept through its time may still come."""
    house = House.built(evolve(settings, proxy=ProxySettings(wait=WaitSettings(invite=30))))
    rang = phone_with(house, ";q=0.9", ring)
    slept = phone_with(house, ";q=0.8", ring, prid="token-s")
    low = phone_with(house, ";q=0.1", ring)
    call_alice(house, 45)
    assert rung(rang, slept, low) == [1, 0, 1]
    house.get(rang.register())
    house.get(slept.wake())
    house.run()
    assert rung(rang, slept, low) == [1, 1, 1]
    house.server.stopService()


@pytest.mark.parametrize("transport", ["tcp"])  # reg-id is for connections
def test_device_with_two_flows_is_asked_once(house: House) -> None:
    """RFC 5626 section 7: one copy for each instance, whatever the q of its flows."""
    first = phone_with(house, ";q=0.9;reg-id=1", reject(486), "device")
    second = phone_with(house, ";q=0.1;reg-id=2", ring, "device")
    call = call_alice(house)
    assert rung(first, second) == [1, 0]
    assert succeeded(call.failed).status == 486


@pytest.mark.parametrize("transport", ["tcp"])
def test_second_flow_of_a_device_that_waits_takes_the_place_of_the_first(house: House) -> None:
    """RFC 5626 section 7: also when it comes while the device waits for its turn."""
    phone_with(house, ";q=0.9", ring)
    first = phone_with(house, ";q=0.5;reg-id=1", ring, "device")
    call_alice(house, 1)
    second = phone_with(house, ";q=0.4;reg-id=2", ring, "device")
    pass_by(house, 45)
    assert rung(first, second) == [0, 1]


def test_operator_says_how_long_the_others_wait(settings: ServerSettings) -> None:
    """ProxySettings.next_after: seconds."""
    house = House.built(evolve(settings, proxy=ProxySettings(next_after=5)))
    phone_with(house, ";q=0.9", ring)
    low = phone_with(house, ";q=0.1", ring)
    call_alice(house, 4)
    assert rung(low) == [0]
    pass_by(house, 1)
    assert rung(low) == [1]
    house.server.stopService()


def test_nothing_of_a_search_is_left(house: House) -> None:
    """RELIABILITY W5: no timer, no watch, no place of a request that is over."""
    phone_with(house, ";q=0.9", ring)
    phone_with(house, ";q=0.5", ring, prid="token-s")
    low = phone_with(house, ";q=0.1", ring)
    call = call_alice(house, 25)
    call.cancel()
    house.run()
    pass_by(house, 300)
    before = len(house.clock.getDelayedCalls())
    call_alice(house, 5).cancel()
    pass_by(house, 300)
    assert len(house.clock.getDelayedCalls()) <= before
    assert rung(low) == [0]
