"""Any other request that comes in: RFC 3261 section 17.2.2 and RFC 4320, seen from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sippn.transaction import State, Timers

if TYPE_CHECKING:
    from tests.transaction.conftest import World


def test_repetition_before_an_answer_is_discarded(world: World) -> None:
    """17.2.2: in Trying nothing can be sent again."""
    request = world.request("MESSAGE")
    world.takes(request)
    world.repeats(request)
    assert world.flow.sent == []


@pytest.mark.parametrize("status", [200, 302, 401, 404, 500, 603])
def test_repetition_gets_the_final_until_timer_j(world: World, status: int) -> None:
    """17.2.2: the same octets, for 64*T1, and not one unasked."""
    request = world.request("MESSAGE")
    transaction = world.takes(request)
    world.responds(transaction, status)
    assert world.times_of_sending(31.875) == []
    world.repeats(request)
    assert len(world.flow.sent) == 2
    assert len(set(world.flow.sent)) == 1
    assert (transaction.answered, transaction.terminated) == (True, False)
    world.pass_time(0.125)
    assert transaction.terminated
    assert len(world.layer) == 0
    assert world.clock.getDelayedCalls() == []


def test_second_final_is_discarded(world: World) -> None:
    """17.2.2: MUST be."""
    request = world.request("MESSAGE")
    transaction = world.takes(request)
    world.responds(transaction, 200)
    world.responds(transaction, 500)
    world.responds(transaction, 408)
    world.responds(transaction, 100)
    world.repeats(request)
    assert world.flow.said == ["200 OK (MESSAGE)"] * 2


def test_late_final_is_dropped(world: World) -> None:
    """RFC 4320 4.2: no response without a transaction that is not Terminated."""
    transaction = world.takes(world.request("MESSAGE"))
    world.responds(transaction, 200)
    world.pass_time(32)
    world.responds(transaction, 200)
    assert len(world.flow.sent) == 1


def test_reliable_flow_does_not_linger(world: World) -> None:
    """17.2.2: timer J is zero."""
    world.flow_of(reliable=True)
    transaction = world.takes(world.request("MESSAGE"))
    world.responds(transaction, 200)
    assert transaction.terminated
    assert world.flow.said == ["200 OK (MESSAGE)"]
    assert len(world.layer) == 0


@pytest.mark.parametrize("reliable", [False, True])
def test_100_is_sent_after_3500_ms(world: World, reliable: bool) -> None:
    """RFC 4320 4.1, P-047: MUST, without regard to transport, if nothing was sent by then."""
    world.flow_of(reliable=reliable)
    transaction = world.takes(world.request("MESSAGE"))
    assert world.times_of_sending(31) == [3.5]
    assert world.flow.said == ["100 Trying (MESSAGE)"]
    assert world.flow.last().to.tag is None
    assert not transaction.answered


def test_100_follows_t1_and_t2(world: World) -> None:
    """RFC 4320 4.1: when the client's timer E is at T2."""
    world.timers = Timers(t1=0.25, t2=1)
    world.__attrs_post_init__()
    world.takes(world.request("MESSAGE"))
    assert world.times_of_sending(10) == [0.75]


def test_answered_in_time_gets_no_100(world: World) -> None:
    """RFC 4320 2.1: it would be of no use."""
    transaction = world.takes(world.request("MESSAGE"))
    world.pass_time(3.375)
    world.responds(transaction, 200)
    assert world.times_of_sending(10) == []


def test_repetition_after_the_100_gets_it_again(world: World) -> None:
    """17.2.2: in Proceeding; then the final."""
    request = world.request("MESSAGE")
    transaction = world.takes(request)
    world.pass_time(4)
    world.repeats(request)
    assert world.flow.said == ["100 Trying (MESSAGE)"] * 2
    world.responds(transaction, 480)
    world.repeats(request)
    assert world.flow.said[2:] == ["480 Temporarily Unavailable (MESSAGE)"] * 2


@pytest.mark.parametrize("wait", [0, 5])
def test_tu_sends_no_provisional_on_an_unreliable_flow(world: World, wait: float) -> None:
    """RFC 4320 4.1: 100 M-NOT come before 3.5 s, others never; after it the layer has sent one."""
    transaction = world.takes(world.request("MESSAGE"))
    world.pass_time(wait)
    sent = len(world.flow.sent)
    for status in (100, 180, 183):
        world.responds(transaction, status)
    assert len(world.flow.sent) == sent


def test_tu_may_send_100_on_a_reliable_flow(world: World) -> None:
    """RFC 4320 4.1: at any time, and then no second one is due; others never."""
    world.flow_of(reliable=True)
    request = world.request("MESSAGE")
    transaction = world.takes(request)
    world.responds(transaction, 180)
    world.responds(transaction, 100)
    assert world.flow.said == ["100 Trying (MESSAGE)"]
    assert world.times_of_sending(10) == []
    world.repeats(request)
    assert world.flow.said == ["100 Trying (MESSAGE)"] * 2


@pytest.mark.parametrize("wait", [0, 5])
@pytest.mark.parametrize("reliable", [False, True])
def test_408_is_never_sent(world: World, reliable: bool, wait: float) -> None:
    """RFC 4320 4.2: it ends in silence, and stays silent to repetitions."""
    world.flow_of(reliable=reliable)
    request = world.request("MESSAGE")
    transaction = world.takes(request)
    world.pass_time(wait)
    sent = len(world.flow.sent)
    world.responds(transaction, 408)
    assert transaction.answered
    if not reliable:
        world.repeats(request)
    assert world.times_of_sending(40) == []
    assert len(world.flow.sent) == sent
    assert transaction.terminated


def test_transport_error_leaves_it_as_it_is(world: World) -> None:
    """RFC 6026 8.8: the client asks again and finds its answer."""
    request = world.request("MESSAGE")
    transaction = world.takes(request)
    world.flow.broken = True
    world.responds(transaction, 200)
    assert transaction._machine.state is State.COMPLETED
    world.flow.broken = False
    world.repeats(request)
    assert world.flow.said == ["200 OK (MESSAGE)"]


def test_response_that_cannot_be_written_changes_nothing(world: World) -> None:
    """The TU is told, and may answer something better."""
    request = world.request("MESSAGE")
    transaction = world.takes(request)
    good = world.response(request)
    with pytest.raises(ValueError, match="start line"):
        transaction.respond(type(good)(404, "a\r\nb", good.headers))
    assert not transaction.answered
    transaction.respond(good)
    assert world.flow.said == ["404 Not Found (MESSAGE)"]
