"""An INVITE that comes in: RFC 3261 section 17.2.1 and RFC 6026, seen from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sippn.sip import Request
from sippn.transaction import State, Timers

if TYPE_CHECKING:
    from tests.transaction.conftest import World


def ack_of(invite: Request, to_tag: str = "b", branch: str | None = None) -> Request:
    """The ACK of a client: on the branch of its INVITE, or on its own if it is to a 2xx."""
    headers = invite.headers.copy()
    headers.set("CSeq", f"{invite.cseq.number} ACK")
    headers.set("To", f"<sip:bob@example.com>;tag={to_tag}")
    if branch is not None:
        headers.set("Via", f"SIP/2.0/UDP 192.0.2.1:5060;branch={branch}")
    return Request("ACK", invite.uri, headers)


def test_nothing_is_sent_unasked(world: World) -> None:
    """The TU sends its 100 itself: it knows what it is doing next."""
    invite = world.request()
    transaction = world.takes(invite)
    world.repeats(invite)
    assert world.times_of_sending(300) == []
    assert (transaction.answered, transaction.terminated) == (False, False)


def test_repeated_invite_gets_the_last_provisional(world: World) -> None:
    """17.2.1: the most recent, the same octets; the TU hears nothing of it."""
    invite = world.request()
    transaction = world.takes(invite)
    world.responds(transaction, 100)
    world.repeats(invite)
    world.responds(transaction, 180)
    world.responds(transaction, 183)
    world.repeats(invite)
    world.repeats(invite)
    assert world.flow.statuses == [100, 100, 180, 183, 183, 183]
    assert len(set(world.flow.sent)) == 3


@pytest.mark.parametrize("status", [300, 404, 487, 503, 603])
def test_timer_g_repeats_other_finals_up_to_t2(world: World, status: int) -> None:
    """17.2.1: T1, 2*T1, ... T2, T2 until timer H; the same octets."""
    transaction = world.takes(world.request())
    world.responds(transaction, status)
    assert world.times_of_sending(40) == [
        0.5,
        1.5,
        3.5,
        7.5,
        11.5,
        15.5,
        19.5,
        23.5,
        27.5,
        31.5,
    ]
    assert len(set(world.flow.sent)) == 1
    assert world.flow.said[0].startswith(str(status))


def test_timer_g_never_exceeds_t2(world: World) -> None:
    """17.2.1: MIN(2*T1, T2), also where T2 is no power of two times T1."""
    world.timers = Timers(t1=0.5, t2=1.75)
    world.__attrs_post_init__()
    world.responds(world.takes(world.request()), 404)
    assert world.times_of_sending(8) == [0.5, 1.5, 3.25, 5, 6.75]


@pytest.mark.parametrize("reliable", [False, True])
def test_timer_h_ends_it_without_ack(world: World, reliable: bool) -> None:
    """17.2.1: after 64*T1, on every transport."""
    world.flow_of(reliable=reliable)
    transaction = world.takes(world.request())
    world.responds(transaction, 404)
    world.pass_time(31.875)
    assert not transaction.terminated
    world.pass_time(0.125)
    assert transaction.terminated
    assert len(world.layer) == 0
    assert world.clock.getDelayedCalls() == []


def test_repeated_invite_gets_the_final_again(world: World) -> None:
    """17.2.1: in Completed."""
    invite = world.request()
    world.responds(world.takes(invite), 404)
    world.repeats(invite)
    assert world.flow.said == ["404 Not Found (INVITE)"] * 2
    assert len(set(world.flow.sent)) == 1


def test_ack_ends_retransmissions_and_is_absorbed(world: World) -> None:
    """17.2.1: Confirmed absorbs further ACKs for T4, and further INVITEs."""
    invite = world.request()
    transaction = world.takes(invite)
    world.responds(transaction, 404)
    assert world.layer.match_ack(ack_of(invite))
    assert world.times_of_sending(4.75) == []
    assert world.layer.match_ack(ack_of(invite))
    world.repeats(invite)
    assert len(world.flow.sent) == 1
    assert not transaction.terminated
    world.pass_time(0.25)
    assert transaction.terminated
    assert not world.layer.match_ack(ack_of(invite))


def test_reliable_flow_neither_repeats_nor_lingers(world: World) -> None:
    """17.2.1: no timer G, timer I is zero."""
    world.flow_of(reliable=True)
    invite = world.request()
    transaction = world.takes(invite)
    world.responds(transaction, 404)
    assert world.times_of_sending(16) == []
    assert world.layer.match_ack(ack_of(invite))
    assert transaction.terminated
    assert len(world.layer) == 0


def test_ack_before_a_final_is_absorbed(world: World) -> None:
    """It acknowledges nothing, and is nobody's."""
    invite = world.request()
    world.takes(invite)
    assert world.layer.match_ack(ack_of(invite))
    assert world.layer.server_count == 1


def test_ack_to_a_2xx_is_the_tus(world: World) -> None:
    """RFC 3261 17: it has a branch of its own; RFC 6026 7.1: or has not, and is all the same."""
    invite = world.request()
    world.responds(world.takes(invite), 200)
    assert not world.layer.match_ack(ack_of(invite, branch="z9hG4bK-own"))
    assert not world.layer.match_ack(ack_of(invite))
    assert not world.layer.match_ack(ack_of(invite))


@pytest.mark.parametrize("reliable", [False, True])
def test_accepted_invite_absorbs_repetitions_until_timer_l(world: World, reliable: bool) -> None:
    """RFC 6026 8.7: neither answered nor passed up, for 64*T1 on every transport."""
    world.flow_of(reliable=reliable)
    invite = world.request()
    transaction = world.takes(invite)
    world.responds(transaction, 180)
    world.responds(transaction, 200)
    assert (transaction.answered, transaction.terminated) == (True, False)
    world.repeats(invite)
    world.pass_time(31.875)
    world.repeats(invite)
    assert world.flow.statuses == [180, 200]
    world.pass_time(0.125)
    assert transaction.terminated
    assert world.clock.getDelayedCalls() == []


def test_2xx_repetitions_come_from_the_tu(world: World) -> None:
    """RFC 6026 7.1: passed through in Accepted, never made here; nothing else is."""
    transaction = world.takes(world.request())
    world.responds(transaction, 200)
    assert world.times_of_sending(10) == []
    world.responds(transaction, 200)
    world.responds(transaction, 200, to_tag="other")
    world.responds(transaction, 180)
    world.responds(transaction, 486)
    assert world.flow.statuses == [200, 200, 200]


def test_second_final_is_discarded(world: World) -> None:
    """Whatever the TU still says after a 300-699."""
    invite = world.request()
    transaction = world.takes(invite)
    world.responds(transaction, 404)
    for status in (180, 200, 486):
        world.responds(transaction, status)
    world.repeats(invite)
    assert world.flow.said == ["404 Not Found (INVITE)"] * 2


def test_late_final_is_dropped(world: World) -> None:
    """RFC 6026 8.3: when the transaction is over the response is discarded."""
    transaction = world.takes(world.request())
    world.responds(transaction, 404)
    world.pass_time(32)
    sent = len(world.flow.sent)
    for status in (180, 200, 404):
        world.responds(transaction, status)
    assert len(world.flow.sent) == sent
    assert len(world.layer) == 0


@pytest.mark.parametrize("status", [180, 200, 404])
def test_transport_error_leaves_it_as_it_is(world: World, status: int) -> None:
    """RFC 6026 8.8: else repetitions of the INVITE would be new calls."""
    invite = world.request()
    transaction = world.takes(invite)
    world.flow.broken = True
    world.responds(transaction, status)
    assert not transaction.terminated
    world.repeats(invite)
    world.flow.broken = False
    world.repeats(invite)
    assert len(world.flow.sent) == (0 if status == 200 else 1)


def test_transport_error_does_not_stop_timer_g(world: World) -> None:
    """The network may be back before timer H."""
    world.responds(world.takes(world.request()), 404)
    world.flow.broken = True
    world.pass_time(2)
    world.flow.broken = False
    assert world.times_of_sending(2) == [1.5]


def test_response_that_cannot_be_written_changes_nothing(world: World) -> None:
    """The TU is told, and may answer something better."""
    invite = world.request()
    transaction = world.takes(invite)
    good = world.response(invite)
    with pytest.raises(ValueError, match="start line"):
        transaction.respond(type(good)(404, "a\r\nb", good.headers))
    assert not transaction.answered
    transaction.respond(good)
    assert transaction._machine.state is State.COMPLETED
