"""
Flow B for devices that come while their call goes on, or after it (S-08, S-09, S-12).
"""

from __future__ import annotations

import pytest
from attrs import evolve

from sippn.binding import PushKind, PushTarget, Verdict
from sippn.proxy import ProxySettings
from sippn.push import PushLimits
from sippn.service import ServerSettings
from sippn.sip import Request
from sippn.testing.calls import Call
from sippn.testing.calls_received import answer_at_once, ignore, reject, ring
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA

ALICE = "sip:alice@example.com"


def desk_phone(house: House) -> ScriptedUA:
    """A phone of alice that never sleeps, registered; it rings and waits."""
    desk = house.phone("alice", instance="<urn:uuid:desk>")
    house.get(desk.register())
    desk.policy = ring
    return desk


def mobile(house: House, prid: str = "token-m") -> ScriptedUA:
    """A phone of alice that sleeps; woken it rings and waits."""
    phone = house.asleep("alice", prid, instance=f"<urn:uuid:{prid}>")
    phone.policy = ring
    return phone


def call_alice(house: House) -> Call:
    """A call that is under way."""
    call = house.phone("bob").call(ALICE)
    house.run()
    return call


def cancels(phone: ScriptedUA) -> list[Request]:
    """The CANCELs that *phone* got."""
    return [request for request in phone.requests if request.method == "CANCEL"]


def kinds(house: House) -> list[PushKind]:
    """What was pushed for, in order."""
    return [job.kind for job in house.pns.jobs]


def test_desk_phone_rings_at_once_and_the_mobile_joins(house: House) -> None:
    """B 13: nobody waits for the mobile; awake, it rings too, and the first to answer has it."""
    desk, phone = desk_phone(house), mobile(house)
    call = call_alice(house)
    assert call.ringing.called
    assert [len(desk.incoming), len(phone.incoming)] == [1, 0]
    house.push_accepted()
    house.get(phone.wake())
    house.run()
    assert [len(desk.incoming), len(phone.incoming)] == [1, 1]
    phone.incoming[0].answer()
    house.run()
    assert succeeded(call.answered).status == 200
    assert desk.incoming[0].cancelled
    assert kinds(house) == [PushKind.CALL]


def test_desk_phone_answers_before_the_mobile_is_awake(house: House) -> None:
    """B 13: the wake is cancelled, and a push tells the phone that there is no call any more."""
    desk, phone = desk_phone(house), mobile(house)
    call = call_alice(house)
    house.push_accepted()
    desk.incoming[0].answer()
    house.run()
    assert succeeded(call.answered).status == 200
    assert kinds(house) == [PushKind.CALL, PushKind.CANCEL]
    taken_back = house.pns.jobs[1]
    assert taken_back.call_id == call.call_id
    assert taken_back.collapse_key == house.pns.jobs[0].collapse_key
    house.get(phone.wake())
    assert phone.incoming == []


def test_answered_elsewhere_is_what_the_others_are_told(house: House) -> None:
    """S-12, RFC 3326: a phone that reads it shows no missed call."""
    desk, phone = desk_phone(house), mobile(house)
    call_alice(house)
    house.get(phone.wake())
    house.run()
    desk.incoming[0].answer()
    house.run()
    (cancel,) = cancels(phone)
    assert cancel.headers.get("Reason") == 'SIP;cause=200;text="Call completed elsewhere"'


def test_decline_is_what_the_others_are_told(house: House) -> None:
    """S-12, RFC 3326: a 6xx from one ends the others, and says by what."""
    desk, phone = desk_phone(house), mobile(house)
    call_alice(house)
    house.get(phone.wake())
    house.run()
    desk.incoming[0].reject(603)
    house.run()
    (cancel,) = cancels(phone)
    assert cancel.headers.get("Reason") == 'SIP;cause=603;text="Decline"'


def test_reason_of_the_caller_goes_on(house: House) -> None:
    """RFC 3326 section 2: whatever reason the caller's CANCEL had is the phones'."""
    desk, bob = desk_phone(house), house.phone("bob")
    call = bob.call(ALICE)
    house.run()
    reason = 'SIP;cause=600;text="Busy Everywhere"'
    cancel = evolve_cancel(call, reason)
    bob.endpoint.send(cancel, house.address)
    house.run()
    (passed,) = cancels(desk)
    assert passed.headers.get("Reason") == reason


def evolve_cancel(call: Call, reason: str) -> bytes:
    """The CANCEL of *call* with a Reason, as octets."""
    invite = call.invite
    fields = ["Via", "From", "To", "Call-ID"]
    lines = [f"CANCEL {invite.uri} SIP/2.0", "Max-Forwards: 70"]
    lines += [f"{name}: {invite.headers.get(name)}" for name in fields]
    lines += [f"CSeq: {invite.cseq.number} CANCEL", f"Reason: {reason}", "Content-Length: 0"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def test_new_device_joins_while_another_rings(house: House) -> None:
    """S-09: somebody takes a second phone out of the drawer; it rings too."""
    desk_phone(house)
    call = call_alice(house)
    tablet = house.phone("alice", "token-t", instance="<urn:uuid:t>")
    tablet.policy = answer_at_once
    house.get(tablet.register())
    house.run()
    assert succeeded(call.answered).status == 200
    assert len(tablet.incoming) == 1


def test_mobile_whose_wait_is_over_joins_while_the_desk_rings(house: House) -> None:
    """S-09: it came after its time, the caller is still there."""
    desk, phone = desk_phone(house), mobile(house)
    call = call_alice(house)
    house.push_accepted()
    house.run(25)
    assert not call.failed.called
    house.get(phone.wake())
    house.run()
    assert [len(desk.incoming), len(phone.incoming)] == [1, 1]
    assert not desk.incoming[0].cancelled


def test_refresh_of_a_ringing_phone_forks_nothing(house: House) -> None:
    """S-08: a REGISTER of a phone that has its copy does nothing, however often it comes."""
    desk = desk_phone(house)
    call_alice(house)
    for _ in range(3):
        house.get(desk.register())
        house.run()
    assert len(desk.incoming) == 1


def test_phone_that_declined_is_not_asked_again(house: House) -> None:
    """S-08: 486 is an answer; the REGISTER after it changes nothing."""
    desk_phone(house)
    phone = mobile(house)
    phone.policy = reject(486)
    call = call_alice(house)
    house.get(phone.wake())
    house.run()
    house.get(phone.wake())
    house.run()
    assert len(phone.incoming) == 1
    assert not call.failed.called


def test_phone_that_moves_before_it_rang_is_found_again(house: House) -> None:
    """S-08: one re-fork to where it is now; and one only."""
    desk, phone = desk_phone(house), mobile(house)
    desk.policy = ignore
    call_alice(house)
    moved = house.endpoint()
    house.get(desk.wake(endpoint=moved))
    house.run()
    assert [len(desk.incoming), len(phone.incoming)] == [2, 0]
    house.get(desk.wake(endpoint=house.endpoint()))
    house.run()
    assert len(desk.incoming) == 2


def test_nobody_joins_a_call_that_is_over(house: House) -> None:
    """S-08: after the answer, after a CANCEL, after the last refusal: nothing rings."""
    for end in ("answer", "cancel", "refuse"):
        desk, bob = desk_phone(house), house.phone("bob")
        call = bob.call(ALICE)
        house.run()
        if end == "answer":
            desk.incoming[-1].answer()
        elif end == "cancel":
            call.cancel()
        else:
            desk.incoming[-1].reject(486)
        house.run()
        tablet = house.phone("alice", f"token-{end}", instance=f"<urn:uuid:{end}>")
        house.get(tablet.register())
        house.run()
        assert tablet.incoming == []
        house.get(tablet.unregister())


def test_nobody_joins_the_calls_of_others(house: House) -> None:
    """Q-01: an AOR's call is for its own bindings."""
    desk_phone(house)
    call_alice(house)
    mallory = house.phone("mallory", "token-m")
    house.get(mallory.register())
    house.run()
    assert mallory.incoming == []


def test_who_registers_again_and_again_is_not_forked_to_each_time(house: House) -> None:
    """Bounded: a user who makes bindings without end makes no branches without end."""
    desk_phone(house)
    call_alice(house)
    rung = 0
    for number in range(60):
        phone = house.phone("alice", instance=f"<urn:uuid:{number}>")
        phone.policy = ignore
        house.get(phone.register())
        rung += len(phone.incoming)
        house.get(phone.unregister())
    assert rung == 31


class TestWithoutLateJoin:
    """``push.late_join = false``."""

    @pytest.fixture
    def settings(self, settings: ServerSettings) -> ServerSettings:
        """Nobody joins."""
        return evolve(settings, proxy=ProxySettings(late_join=False))

    def test_new_device_is_registered_and_not_rung(self, house: House) -> None:
        """S-09: it is the operator's choice; a wake that is waited for is none of it."""
        desk_phone(house)
        phone = mobile(house)
        call_alice(house)
        tablet = house.phone("alice", "token-t", instance="<urn:uuid:t>")
        house.get(tablet.register())
        house.get(phone.wake())
        house.run()
        assert [len(tablet.incoming), len(phone.incoming)] == [0, 1]


def test_caller_who_gives_up_takes_the_push_back(house: House) -> None:
    """S-12: a push that the PNS has taken is followed by one that says: no call any more."""
    phone = mobile(house)
    call = call_alice(house)
    house.push_accepted()
    call.cancel()
    house.run()
    assert kinds(house) == [PushKind.CALL, PushKind.CANCEL]
    house.get(phone.wake())
    assert phone.incoming == []


def test_push_that_is_on_the_wire_is_taken_back_as_well(house: House) -> None:
    """S-12: nobody knows yet whether the PNS has it, so it is told that the call is over."""
    mobile(house)
    call = call_alice(house)
    call.cancel()
    house.run()
    assert kinds(house) == [PushKind.CALL, PushKind.CANCEL]


class TestWithOneSlot:
    """``limits.in_flight_per_provider = 1``."""

    @pytest.fixture
    def settings(self, settings: ServerSettings) -> ServerSettings:
        """One push at a time."""
        return evolve(settings, push=PushLimits(in_flight_per_provider=1))

    def test_push_that_has_not_left_is_dropped_without_a_trace(self, house: House) -> None:
        """S-12: jobs not yet sent are dropped: nobody wakes a phone to tell it of nothing."""
        house.asleep("carol", "token-c")
        house.phone("bob").call("sip:carol@example.com")
        mobile(house)
        call_alice(house).cancel()
        house.run()
        for _ in range(3):
            house.push_accepted() if house.pns.unanswered else house.run()
            house.run()
        assert [(job.aor, job.kind) for job in house.pns.jobs] == [
            ("sip:carol@example.com", PushKind.CALL)
        ]


def test_one_of_two_callers_who_gives_up_takes_nothing_back(house: House) -> None:
    """S-04, S-12: the push is the other's too."""
    phone = mobile(house)
    first, second = call_alice(house), call_alice(house)
    house.push_accepted()
    first.cancel()
    house.run()
    assert kinds(house) == [PushKind.CALL]
    phone.policy = answer_at_once
    house.get(phone.wake())
    house.run()
    assert succeeded(second.answered).status == 200
    assert kinds(house) == [PushKind.CALL]


def test_message_is_never_taken_back(house: House) -> None:
    """S-12: it is about calls."""
    mobile(house)
    house.phone("bob").message(ALICE, "hello")
    house.run()
    house.push_accepted()
    house.run(10)
    assert kinds(house) == [PushKind.MESSAGE]


def no_cancel(target: PushTarget, kind: PushKind) -> bool:
    """As for an iOS VoIP token: every push must ring (R-04)."""
    return kind in (PushKind.CALL, PushKind.MESSAGE)


def missed(house: House) -> tuple[ScriptedUA, Call]:
    """A phone that only calls can be pushed to, and a call that was given up."""
    house.pns.can = no_cancel
    phone = mobile(house)
    call = call_alice(house)
    house.push_accepted()
    call.cancel()
    house.run()
    return phone, call


def test_phone_that_must_show_a_call_is_shown_it_and_it_is_taken_back(house: House) -> None:
    """B 12, S-12: CallKit must report a call for each VoIP push: INVITE, CANCEL with Reason."""
    phone, call = missed(house)
    phone.policy = ring
    house.get(phone.wake())
    house.run()
    (shown,) = phone.incoming
    assert shown.invite.call_id == call.call_id
    assert shown.cancelled
    assert cancels(phone)[0].headers.get("Reason") == 'SIP;cause=487;text="Request terminated"'
    assert kinds(house) == [PushKind.CALL]
    assert house.get(phone.wake()).status == 200
    assert len(phone.incoming) == 1


def test_answer_that_is_faster_than_the_cancel_is_hung_up(house: House) -> None:
    """S-12: this server is the caller then: ACK, BYE; nobody talks to nobody."""
    phone, call = missed(house)
    phone.policy = answer_at_once
    house.get(phone.wake())
    house.run()
    (shown,) = phone.incoming
    assert shown.acked.called
    assert shown.ended.called
    assert succeeded(call.failed).status == 487


def test_call_that_was_missed_long_ago_is_not_shown(house: House) -> None:
    """S-12: a minute later it is no news."""
    phone, _ = missed(house)
    house.run(61)
    house.get(phone.wake())
    house.run()
    assert phone.incoming == []


def test_call_that_was_never_pushed_is_not_shown(house: House) -> None:
    """S-12: the PNS refused; the phone knows of no call."""
    house.pns.can = no_cancel
    phone = mobile(house)
    call = call_alice(house)
    house.pns.answer(Verdict.REFUSED)
    house.run()
    assert succeeded(call.failed).status == 480
    house.get(phone.wake())
    house.run()
    assert phone.incoming == []


def test_server_that_stops_answers_all_who_wait(house: House) -> None:
    """D6: parked and ringing alike: 503 with Retry-After, and the phones stop ringing."""
    desk = desk_phone(house)
    ringing = call_alice(house)
    house.asleep("carol", "token-c")
    parked = house.phone("bob").call("sip:carol@example.com")
    house.run()
    house.server.stopService()
    house.run()
    for call in (ringing, parked):
        answer = succeeded(call.failed)
        assert answer.status == 503
        assert 5 <= int(answer.headers.get("Retry-After") or 0) <= 30
    assert desk.incoming[0].cancelled


def test_nobody_joins_a_call_that_was_declined(house: House) -> None:
    """S-11: a 6xx ends it for all, those included who come while a CANCEL is unanswered."""
    desk = desk_phone(house)
    phone = mobile(house)
    call = call_alice(house)
    house.get(phone.wake())
    house.run()
    phone.sleep("frozen")
    desk.incoming[0].reject(603)
    house.run()
    tablet = house.phone("alice", "token-t", instance="<urn:uuid:t>")
    house.get(tablet.register())
    house.run()
    assert tablet.incoming == []
    assert not call.answered.called
