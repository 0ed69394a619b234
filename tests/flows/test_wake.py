"""
Flow B: a call wakes a sleeping phone.  bench/README section 7 lists how the peers fail at it.
"""

from __future__ import annotations

import pytest
from attrs import evolve

from sippn.binding import PushOutcome, Verdict
from sippn.events import WakeReleased
from sippn.sip import PushParams, summary, write
from sippn.testing.calls_received import reject, ring
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA

ALICE = "sip:alice@example.com"


def invites(house: House, *phones: ScriptedUA) -> list[int]:
    """How many INVITEs reached each of *phones*."""
    house.run()
    return [len(phone.incoming) for phone in phones]


def test_call_wakes_a_phone_is_answered_and_hung_up(house: House) -> None:
    """P-040, P-041: a call to a sleeper waits, its phone is pushed, registers, and is called."""
    alice, bob = house.asleep("alice", "token-a"), house.phone("bob")
    call = bob.call(ALICE)
    house.run()
    assert [response.status for response in call.provisionals] == [100]
    assert [(job.aor, job.call_id) for job in house.pns.jobs] == [(ALICE, call.call_id)]
    assert alice.missed == 0
    house.push_accepted()
    house.run(2)
    assert house.get(alice.wake()).status == 200
    assert succeeded(call.answered).status == 200
    assert alice.incoming[0].acked.called
    assert house.get(call.hang_up()).status == 200
    assert invites(house, alice) == [1]
    assert [event.waited for event in house.news if isinstance(event, WakeReleased)] == [2]


def test_register_is_answered_before_the_call_comes(house: House) -> None:
    """S-13 b: a phone may drop an INVITE that outruns the 200 to its REGISTER."""
    alice, bob = house.asleep("alice", "token-a"), house.phone("bob")
    bob.call(ALICE)
    house.run()
    alice.forget()
    alice.wake()
    house.run()
    heard = [type(message).__name__ for message in alice.received[:2]]
    assert heard == ["Response", "Request"]


@pytest.mark.parametrize("transport", ["udp"])
def test_call_in_the_very_moment_of_a_register_waits_for_the_next(house: House) -> None:
    """P-041: a REGISTER that was there before the call does not release it."""
    alice, bob = house.phone("alice", "token-a"), house.phone("bob")
    alice.register()
    bob.call(ALICE)
    for _ in range(5):
        house.clock.advance(0)
    assert invites(house, alice) == [0]
    assert len(house.pns.jobs) == 1
    alice.wake()
    assert invites(house, alice) == [1]


def test_request_goes_out_on_the_flow_of_the_register(house: House) -> None:
    """P-002, B 7: what waited goes to where the phone came back, and nothing where it was."""
    alice, bob = house.asleep("alice", "token-a", instance="<urn:uuid:a>"), house.phone("bob")
    was, now = alice.address, house.endpoint()
    before = len(house.sent_to(was))
    bob.call(ALICE)
    house.run()
    alice.wake(endpoint=now)
    assert invites(house, alice) == [1]
    assert str(alice.incoming[0].invite.request_uri.host) == now.address.host
    assert len(house.sent_to(was)) == before


def test_push_parameters_are_not_in_the_request_uri(house: House) -> None:
    """P-053: the Request-URI that the woken phone gets has no push parameter."""
    alice, bob = house.asleep("alice", "token-a"), house.phone("bob")
    bob.call(ALICE)
    house.run()
    alice.wake()
    house.run()
    assert b"token-a" not in write(alice.incoming[0].invite)
    assert not [message for message in bob.received if b"token-a" in write(message)]


def test_cancel_while_it_waits(house: House) -> None:
    """B 12, section 7: CANCEL of a call that waits is 200, the call 487; no REGISTER rings then."""
    alice, bob = house.asleep("alice", "token-a"), house.phone("bob")
    call = bob.call(ALICE)
    house.run()
    assert house.get(call.cancel()).status == 200
    assert succeeded(call.failed).status == 487
    assert house.get(alice.wake()).status == 200
    assert invites(house, alice) == [0]


def test_lost_push_is_480_when_the_time_is_up(house: House) -> None:
    """B 11, P-046, section 7: 480, not 408, and not before."""
    house.asleep("alice", "token-a")
    call = house.phone("bob").call(ALICE)
    house.run()
    house.push_accepted()
    house.run(19.9)
    assert not call.failed.called
    house.run(0.1)
    assert succeeded(call.failed).status == 480


def test_phone_that_wakes_too_late_is_registered_and_not_called(house: House) -> None:
    """Section 7: the caller is gone; a call that rings now is a ghost."""
    alice, bob = house.asleep("alice", "token-a"), house.phone("bob")
    bob.call(ALICE)
    house.run()
    house.run(20)
    assert house.get(alice.wake()).status == 200
    assert invites(house, alice) == [0]


def test_retransmitted_invite_is_pushed_once(house: House) -> None:
    """Section 7: 100 again, no second push."""
    house.asleep("alice", "token-a")
    bob = house.phone("bob")
    call = bob.call(ALICE)
    house.run()
    bob.endpoint.send(write(call.invite), house.address)
    house.run()
    assert [response.status for response in call.provisionals] == [100, 100]
    assert len(house.pns.jobs) == 1


def test_two_calls_to_one_phone_are_both_delivered(house: House) -> None:
    """S-04, section 7: one push, one wake, each call its own INVITE."""
    alice = house.asleep("alice", "token-a")
    first, second = house.phone("bob").call(ALICE), house.phone("carol").call(ALICE)
    house.run()
    assert len(house.pns.jobs) == 1
    alice.wake()
    assert invites(house, alice) == [2]
    assert succeeded(first.answered).status == succeeded(second.answered).status == 200


def test_two_devices_ring_and_one_answers(house: House) -> None:
    """Section 7: each is pushed; the other is cancelled properly."""
    phone = house.asleep("alice", "token-1", instance="<urn:uuid:1>")
    tablet = house.asleep("alice", "token-2", instance="<urn:uuid:2>")
    call = house.phone("bob").call(ALICE)
    phone.policy = tablet.policy = ring
    house.run()
    assert {job.target.prid for job in house.pns.jobs} == {"token-1", "token-2"}
    phone.wake()
    tablet.wake()
    assert invites(house, phone, tablet) == [1, 1]
    phone.incoming[0].answer()
    house.run()
    assert succeeded(call.answered).status == 200
    assert tablet.incoming[0].cancelled
    assert not phone.incoming[0].cancelled
    assert len(call.answers) == 1


def test_device_that_wakes_after_the_answer_is_not_rung(house: House) -> None:
    """Section 7: answered elsewhere; the late one registers, and that is all."""
    phone = house.asleep("alice", "token-1", instance="<urn:uuid:1>")
    tablet = house.asleep("alice", "token-2", instance="<urn:uuid:2>")
    call = house.phone("bob").call(ALICE)
    house.run()
    phone.wake()
    house.run()
    assert succeeded(call.answered).status == 200
    assert house.get(tablet.wake()).status == 200
    assert invites(house, phone, tablet) == [1, 0]


def test_busy_device_does_not_end_the_wait_for_the_other(house: House) -> None:
    """Section 7: 486 of one, the other still asleep: the call succeeds."""
    phone = house.asleep("alice", "token-1", instance="<urn:uuid:1>")
    tablet = house.asleep("alice", "token-2", instance="<urn:uuid:2>")
    phone.policy = reject(486)
    call = house.phone("bob").call(ALICE)
    house.run()
    phone.wake()
    house.run()
    assert not call.failed.called
    tablet.wake()
    house.run()
    assert succeeded(call.answered).status == 200
    assert invites(house, phone, tablet) == [1, 1]


def test_decline_ends_it_for_all(house: House) -> None:
    """S-11, RFC 3261 16.7: a 6xx from any device ends all."""
    phone = house.asleep("alice", "token-1", instance="<urn:uuid:1>")
    tablet = house.asleep("alice", "token-2", instance="<urn:uuid:2>")
    phone.policy = reject(603)
    call = house.phone("bob").call(ALICE)
    house.run()
    phone.wake()
    house.run()
    assert succeeded(call.failed).status == 603
    tablet.wake()
    assert invites(house, phone, tablet) == [1, 0]


def test_answer_of_a_device_beats_silence_of_another(house: House) -> None:
    """S-11: remote responses beat our 480."""
    phone = house.asleep("alice", "token-1", instance="<urn:uuid:1>")
    house.asleep("alice", "token-2", instance="<urn:uuid:2>")
    phone.policy = reject(500)
    call = house.phone("bob").call(ALICE)
    house.run()
    phone.wake()
    house.run(20)
    assert succeeded(call.failed).status == 500


def test_desk_phone_rings_beside_a_sleeper(house: House) -> None:
    """S-02, P-051: a plain binding is called at once, and does not wait for who sleeps."""
    desk, mobile = house.phone("alice"), house.asleep("alice", "token-1")
    assert house.get(desk.register()).status == 200
    call = house.phone("bob").call(ALICE)
    assert invites(house, desk, mobile) == [1, 0]
    assert succeeded(call.answered).status == 200
    mobile.wake()
    assert invites(house, desk, mobile) == [1, 0]


def test_three_registers_after_one_push_give_one_invite(house: House) -> None:
    """B 8, S-13 g: linphone does that."""
    alice = house.asleep("alice", "token-a")
    house.phone("bob").call(ALICE)
    house.run()
    for _ in range(3):
        alice.wake()
        house.run()
    assert invites(house, alice) == [1]


def test_phone_that_is_back_with_a_new_token_is_called_once(house: House) -> None:
    """B 7, section 7: same instance, new PRID, new port: one INVITE, on the new flow."""
    alice = house.asleep("alice", "token-old", instance="<urn:uuid:a>")
    call = house.phone("bob").call(ALICE)
    house.run()
    alice.wake(
        push=PushParams("acme", "app", "token-new"), endpoint=house.endpoint(), restarted=True
    )
    assert invites(house, alice) == [1]
    assert succeeded(call.answered).status == 200


def test_two_bindings_that_turn_out_to_be_one_phone_are_called_once(house: House) -> None:
    """S-08, S-10: a reinstalled app had two bindings; the REGISTER that joins them lets go both."""
    old = house.asleep("alice", "token-1", instance="<urn:uuid:1>")
    house.asleep("alice", "token-2", instance="<urn:uuid:2>")
    call = house.phone("bob").call(ALICE)
    house.run()
    assert len(house.pns.jobs) == 2
    old.wake(push=PushParams("acme", "app", "token-2"))
    assert invites(house, old) == [1]
    assert succeeded(call.answered).status == 200


def test_call_that_waits_for_a_superseded_binding_is_let_go(house: House) -> None:
    """S-08: superseded by B is as good as B."""
    phone = house.asleep("alice", "token-1", instance="<urn:uuid:1>")
    house.pns.at_once = PushOutcome(Verdict.DEAD)
    bob = house.phone("bob")
    bob.call(ALICE)
    house.run(1)
    house.pns.at_once = None
    house.asleep("alice", "token-2", instance="<urn:uuid:2>")
    call = bob.call(ALICE)
    house.run()
    phone.wake(push=PushParams("acme", "app", "token-2"))
    assert invites(house, phone) == [1]
    assert succeeded(call.answered).status == 200


def test_wrong_pn_param_disowns_nobody_else(house: House) -> None:
    """T3: who registers alice's PRID under a param of his own gets no verdict on hers."""
    house.asleep("alice", "token-a")
    thief = house.phone("mallory")
    house.get(thief.wake(push=PushParams("acme", "wrong", "token-a")))
    thief.sleep()
    house.phone("bob").call("sip:mallory@example.com")
    house.run()
    house.pns.answer(Verdict.DEAD)
    house.run()
    house.phone("bob").call(ALICE)
    house.run()
    assert [job.aor for job in house.pns.jobs] == ["sip:mallory@example.com", ALICE]


def test_star_is_a_token_like_any_other(house: House) -> None:
    """Q-01, section 7: pn-prid=* is no pattern; nobody else's wake is its own."""
    mallory, alice = house.asleep("mallory", "*"), house.asleep("alice", "token-a")
    call = house.phone("bob").call("sip:mallory@example.com")
    house.run()
    alice.wake()
    assert invites(house, alice, mallory) == [0, 0]
    mallory.wake()
    assert invites(house, alice, mallory) == [0, 1]
    assert succeeded(call.answered).status == 200


def test_prid_under_another_aor_takes_no_call(house: House) -> None:
    """B 9, Q-01, T3: who copied the PRID and registers it gets nothing."""
    alice, thief = house.asleep("alice", "token-a"), house.phone("mallory", "token-a")
    call = house.phone("bob").call(ALICE)
    house.run()
    assert house.get(thief.register()).status == 200
    assert invites(house, thief) == [0]
    alice.wake()
    assert invites(house, alice, thief) == [1, 0]
    assert succeeded(call.answered).status == 200


def test_dead_prid_is_answered_at_once_and_revived_by_a_register(house: House) -> None:
    """B 10, N-05, P-045: a PRID that is gone is 480 at once, pushed no more, until a REGISTER."""
    alice, bob = house.asleep("alice", "token-a"), house.phone("bob")
    first = bob.call(ALICE)
    house.run()
    house.pns.answer(Verdict.DEAD)
    house.run(0.1)
    assert succeeded(first.failed).status == 480
    second = bob.call(ALICE)
    house.run()
    assert succeeded(second.failed).status == 480
    assert len(house.pns.jobs) == 1
    house.run(1)
    assert house.get(alice.wake()).status == 200
    alice.sleep()
    bob.call(ALICE)
    house.run()
    assert len(house.pns.jobs) == 2


def test_unregistered_phone_is_480_without_a_push(house: House) -> None:
    """B 6, P-028: a de-REGISTER without pn-prid removes the binding; nothing is pushed."""
    alice = house.phone("alice", "token-a")
    assert house.get(alice.register()).status == 200
    without_push = evolve(alice.account, push=None)
    same = ScriptedUA(
        without_push, alice.endpoint, house.address, house.clock, house.entropy, retransmits=False
    )
    assert house.get(same.unregister()).status == 200
    call = house.phone("bob").call(ALICE)
    house.run()
    assert succeeded(call.failed).status == 480
    assert house.pns.jobs == []


def test_unregister_while_a_call_waits_ends_it(house: House) -> None:
    """S-13 c: 480 at once."""
    alice = house.asleep("alice", "token-a")
    call = house.phone("bob").call(ALICE)
    house.run()
    alice.wake(expires=0)
    house.run()
    assert succeeded(call.failed).status == 480
    assert invites(house, alice) == [0]


def test_expired_binding_is_not_pushed(house: House) -> None:
    """P-028: a binding that has expired is not pushed for a call."""
    house.asleep("alice", "token-a")
    house.run(3601)
    call = house.phone("bob").call(ALICE)
    house.run()
    assert succeeded(call.failed).status == 480
    assert house.pns.jobs == []


def test_query_is_never_pushed(house: House) -> None:
    """P-023: a binding made by a capability query has nobody to push."""
    alice = house.phone("alice")
    answer = house.get(alice.wake(push=PushParams("acme", "", None)))
    assert answer.headers.get_all("Feature-Caps") == ['*;+sip.pns="acme"']
    alice.sleep()
    house.phone("bob").call(ALICE)
    house.run(1)
    assert house.pns.jobs == []


@pytest.mark.parametrize("method", ["OPTIONS", "SUBSCRIBE", "INFO"])
def test_other_methods_wake_nobody(house: House, method: str) -> None:
    """S-03: else the OPTIONS of an exchange wakes the phone every minute."""
    house.asleep("alice", "token-a")
    assert house.get(house.phone("bob").request(method, ALICE)).status == 480
    assert house.pns.jobs == []


def test_message_wakes_by_the_rules_of_rfc_4320(house: House) -> None:
    """B 11, P-047: no 100 before 3.5 s, 480 before 32 s, never 408."""
    house.asleep("alice", "token-a")
    bob = house.phone("bob")
    answer = bob.message(ALICE, "hello")
    house.run(3.4)
    assert house.sent_to(bob.address) == []
    house.run(0.2)
    assert [summary(message) for message in house.sent_to(bob.address)] == ["100 Trying (MESSAGE)"]
    house.run(6.5)
    assert succeeded(answer).status == 480


def test_message_is_delivered_to_a_woken_phone(house: House) -> None:
    """P-040: a MESSAGE to a sleeper waits and wakes like a call."""
    alice = house.asleep("alice", "token-a")
    answer = house.phone("bob").message(ALICE, "hello")
    house.run()
    assert [job.kind.value for job in house.pns.jobs] == ["message"]
    alice.wake()
    house.run()
    assert succeeded(answer).status == 200
    assert [request.body for request in alice.requests] == [b"hello"]


def test_hangup_from_the_woken_side(house: House) -> None:
    """RFC 5626 5.3: in-dialog requests go both ways by the token in the Route."""
    alice, bob = house.asleep("alice", "token-a"), house.phone("bob")
    call = bob.call(ALICE)
    house.run()
    alice.wake()
    house.run()
    assert house.get(alice.incoming[0].hang_up()).status == 200
    assert call.ended.called


def test_phone_that_never_returns_is_forgotten(house: House) -> None:
    """P-028: what has expired is dropped from the store, not only hidden."""
    house.asleep("alice", "token-a")
    house.run(3600 + 200)
    for _ in range(2):
        house.run(5)
    assert house.server.location.load(ALICE) is None
