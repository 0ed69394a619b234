"""
Flow B for UAs that are believed awake: hedged, forked again, and never twice (S-03, S-05, S-06).

Over UDP a phone counts as awake for a while after its REGISTER; what connections add is in
``test_streams.py``.
"""

from __future__ import annotations

import pytest
from attrs import evolve

from sippn.binding import PushKind, Verdict
from sippn.proxy import ProxySettings
from sippn.service import ServerSettings
from sippn.testing.calls import Call
from sippn.testing.calls_received import Policy, by_hand, ignore, reject, ring
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from sippn.transport import Address

ALICE = "sip:alice@example.com"


@pytest.fixture
def settings(settings: ServerSettings) -> ServerSettings:
    """Who has registered in the last half minute is sent calls without a push."""
    return evolve(settings, proxy=ProxySettings(awake_after_register=30))


def awake(house: House, policy: Policy) -> tuple[ScriptedUA, Call]:
    """A phone of alice that is awake, and a call to it; *policy* is what it does about one."""
    alice = house.phone("alice", "token-a", instance="<urn:uuid:a>")
    house.get(alice.register())
    alice.policy = policy
    call = house.phone("bob").call(ALICE)
    house.run()
    return alice, call


def sent(house: House, method: str, *to: Address) -> list[int]:
    """How many requests of *method* went to each of *to*, repetitions included."""
    starts = f"{method} "
    return [
        sum(getattr(message, "method", "") == starts.strip() for message in house.sent_to(each))
        for each in to
    ]


def comes_back(house: House, alice: ScriptedUA) -> None:
    """The phone registers from elsewhere, and still hears what comes to where it was."""
    old = alice.endpoint
    house.get(alice.wake(endpoint=house.endpoint()))
    old.receive = alice.endpoint.receive


def test_phone_that_answers_is_not_pushed(house: House) -> None:
    """P-050, S-05: a phone that answers on its connection is not pushed."""
    _, call = awake(house, ring)
    house.run(5)
    assert call.ringing.called
    assert house.pns.jobs == []


def test_trying_is_a_sign_of_life(house: House) -> None:
    """S-05: "no 1xx": a 100 is one; whoever processes an INVITE needs no push."""
    awake(house, by_hand)
    house.run(5)
    assert house.pns.jobs == []


def test_silent_phone_is_pushed_after_a_second(house: House) -> None:
    """S-05: awake it was, suspended it is: the push follows the INVITE."""
    awake(house, ignore)
    house.run(0.9)
    assert house.pns.jobs == []
    house.run(0.1)
    assert [job.kind for job in house.pns.jobs] == [PushKind.CALL]


def test_method_that_wakes_nobody_is_sent_and_not_hedged(house: House) -> None:
    """S-03: an OPTIONS to a phone that is awake arrives, and to a silent one costs no push."""
    alice, _ = awake(house, ring)
    assert house.get(house.phone("bob").request("OPTIONS", ALICE)).status == 200
    assert [request.method for request in alice.requests] == ["OPTIONS"]
    alice.sleep("frozen")
    house.phone("bob").request("OPTIONS", ALICE)
    house.run(5)
    assert house.pns.jobs == []


def test_phone_that_comes_back_elsewhere_gets_the_call_there(house: House) -> None:
    """S-05: the copy on the old flow is abandoned; it is said no more, and rings nowhere."""
    alice, call = awake(house, ignore)
    was = alice.address
    alice.sleep()
    house.run(1)
    alice.policy = ring
    now = house.endpoint()
    before = sent(house, "INVITE", was)
    alice.wake(endpoint=now)
    house.run()
    assert sent(house, "INVITE", now.address) == [1]
    house.run(10)
    assert sent(house, "INVITE", was) == before
    assert call.ringing.called
    alice.incoming[-1].answer()
    house.run()
    assert succeeded(call.answered).status == 200


def test_phone_that_rings_late_is_pushed_no_more(house: House) -> None:
    """S-05, flexisip#255: 18x first: the push is withdrawn, and its REGISTER forks nothing."""
    alice, call = awake(house, ignore)
    house.run(1.5)
    alice.incoming[0].ring()
    house.run(0.5)
    assert call.ringing.called
    assert len(house.pns.withdrawn) == 1
    house.get(alice.wake(endpoint=house.endpoint()))
    house.run()
    assert len(alice.incoming) == 1
    alice.incoming[0].answer()
    house.run()
    assert succeeded(call.answered).status == 200


def test_abandoned_copy_that_rings_late_is_cancelled(house: House) -> None:
    """S-05: CANCEL on the first late 1xx: one phone, one ring."""
    alice, call = awake(house, ignore)
    old = alice.incoming[0]
    house.run(1)
    alice.policy = ring
    comes_back(house, alice)
    assert len(alice.incoming) == 2
    old.ring()
    house.run()
    assert old.cancelled
    assert not alice.incoming[1].cancelled
    alice.incoming[1].answer()
    house.run()
    assert succeeded(call.answered).status == 200


def test_abandoned_copy_that_is_answered_counts(house: House) -> None:
    """S-06: a 2xx is a 2xx; the other copy is taken back, as answered elsewhere."""
    alice, call = awake(house, ignore)
    old = alice.incoming[0]
    house.run(1)
    alice.policy = ring
    house.get(alice.wake(endpoint=house.endpoint()))
    old.answer()
    house.run()
    assert succeeded(call.answered).status == 200
    assert alice.incoming[1].cancelled
    assert len(call.answers) == 1


def test_second_copy_that_is_refused_as_such_leaves_the_first(house: House) -> None:
    """S-06, RFC 3261 8.2.2.2: 482 says that the first copy is there; the caller sees none of it."""
    alice, call = awake(house, ignore)
    house.run(1)
    alice.policy = reject(482)
    house.get(alice.wake(endpoint=house.endpoint()))
    assert len(alice.incoming) == 2
    house.run(2)
    assert not call.failed.called
    first = alice.incoming[0]
    first.ring()
    house.run()
    assert not first.cancelled
    first.answer()
    house.run()
    assert succeeded(call.answered).status == 200


def test_second_copy_that_was_refused_goes_again_once_the_first_is_cancelled(
    house: House,
) -> None:
    """S-06: the first rang too late and was cancelled: nothing is left to merge with."""
    alice, call = awake(house, ignore)
    first = alice.incoming[0]
    house.run(1)
    alice.policy = by_hand
    comes_back(house, alice)
    second = alice.incoming[1]
    first.trying()
    first.ring()
    second.reject(482)
    alice.policy = ring
    house.run()
    assert first.cancelled
    assert len(alice.incoming) == 3
    alice.incoming[2].answer()
    house.run()
    assert succeeded(call.answered).status == 200


def test_phone_that_merges_for_ever_is_not_asked_for_ever(house: House) -> None:
    """S-06: 482 is never the caller's; twice is enough."""
    alice, call = awake(house, ignore)
    first = alice.incoming[0]
    house.run(1)
    alice.policy = reject(482)
    house.get(alice.wake(endpoint=house.endpoint()))
    first.reject(480)
    house.run()
    assert len(alice.incoming) <= 3
    assert succeeded(call.failed).status == 480


def test_silent_phone_is_480_when_the_time_is_up(house: House) -> None:
    """P-046: neither the INVITE nor the push was heard; a copy that is found later is cancelled."""
    alice, call = awake(house, ignore)
    house.run(19.9)
    assert not call.failed.called
    house.run(0.2)
    assert succeeded(call.failed).status == 480
    alice.incoming[0].ring()
    house.run()
    assert alice.incoming[0].cancelled


def test_dead_prid_is_told_and_the_flow_still_counts(house: House) -> None:
    """N-05: the push failed, the phone may answer all the same: it was believed awake."""
    alice, call = awake(house, ignore)
    house.run(1)
    house.pns.answer(Verdict.DEAD)
    house.run(3)
    assert not call.failed.called
    alice.incoming[0].ring()
    alice.incoming[0].answer()
    house.run()
    assert succeeded(call.answered).status == 200


def test_caller_who_gives_up_leaves_nothing_behind(house: House) -> None:
    """B 12: the wait is withdrawn, the copy cancelled as soon as it is heard of."""
    alice, call = awake(house, ignore)
    house.run(1)
    call.cancel()
    house.run()
    alice.incoming[0].ring()
    house.run()
    assert alice.incoming[0].cancelled
    assert succeeded(call.failed).status == 487
    assert len(house.pns.withdrawn) == 1


def test_message_is_hedged_like_a_call(house: House) -> None:
    """S-07: a MESSAGE to a suspended app is delivered when the push has woken it."""
    alice, _ = awake(house, ring)
    alice.sleep("frozen")
    answer = house.phone("bob").message(ALICE, "hello")
    house.run(1)
    assert [job.kind for job in house.pns.jobs] == [PushKind.MESSAGE]
    house.get(alice.wake(endpoint=house.endpoint()))
    house.run()
    assert succeeded(answer).status == 200
