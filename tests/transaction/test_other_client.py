"""Any other request that is sent: RFC 3261 section 17.1.2, seen from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sippn.errors import RequestTimeout, TransportError
from sippn.transaction import State, Timers

if TYPE_CHECKING:
    from tests.transaction.conftest import World


def test_timer_e_doubles_up_to_t2(world: World) -> None:
    """17.1.2.2: 500 ms, 1 s, 2 s, 4 s, 4 s, ... until timer F."""
    world.sends(world.request("MESSAGE"))
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
    assert world.tu.heard == [RequestTimeout]
    assert len(set(world.flow.sent)) == 1


def test_timer_e_never_exceeds_t2(world: World) -> None:
    """17.1.2.2: MIN(2*T1, T2), also where T2 is no power of two times T1."""
    world.timers = Timers(t1=0.5, t2=1.75)
    world.__attrs_post_init__()
    world.sends(world.request("MESSAGE"))
    assert world.times_of_sending(8) == [0.5, 1.5, 3.25, 5, 6.75]


@pytest.mark.parametrize("rings", [False, True])
def test_timer_f_ends_it_after_32_seconds(world: World, rings: bool) -> None:
    """17.1.2.2: in Trying and in Proceeding."""
    request = world.request("MESSAGE")
    transaction = world.sends(request)
    if rings:
        world.answers(request, 100)
    world.pass_time(31.875)
    assert not transaction.terminated
    world.pass_time(0.125)
    assert world.tu.heard[-1] is RequestTimeout
    assert transaction.terminated
    assert world.clock.getDelayedCalls() == []


def test_after_a_provisional_it_is_repeated_every_t2(world: World) -> None:
    """17.1.2.2: it is not ended by it: the final response is not sent reliably."""
    request = world.request("MESSAGE")
    transaction = world.sends(request)
    world.pass_time(0.25)
    world.answers(request, 100)
    assert transaction.state is State.PROCEEDING
    assert world.times_of_sending(15) == [0.25, 4.25, 8.25, 12.25]
    world.answers(request, 180)
    assert world.tu.heard == [100, 180]


@pytest.mark.parametrize("status", [200, 302, 404, 503, 603])
@pytest.mark.parametrize("rings", [False, True])
def test_final_is_passed_on_once_until_timer_k(world: World, status: int, rings: bool) -> None:
    """17.1.2.2: T4 absorbs what else comes; nothing is repeated, nothing acknowledged."""
    request = world.request("MESSAGE")
    transaction = world.sends(request)
    if rings:
        world.answers(request, 100)
    world.answers(request, status)
    world.pass_time(4.875)
    assert world.answers(request, status)
    assert world.answers(request, 100)
    assert world.tu.heard[-1] == status
    assert world.tu.heard.count(status) == 1
    assert world.flow.said == ["MESSAGE"]
    assert not transaction.terminated
    world.pass_time(0.125)
    assert transaction.terminated
    assert not world.answers(request, status)


def test_reliable_flow_neither_repeats_nor_lingers(world: World) -> None:
    """17.1.2.2: no timer E, timer K is zero, timer F as ever."""
    world.flow_of(reliable=True)
    first, second = world.request("MESSAGE"), world.request("MESSAGE")
    world.sends(first)
    world.sends(second)
    world.answers(first, 200)
    assert len(world.layer) == 1
    assert world.times_of_sending(32) == []
    assert world.tu.heard == [200, RequestTimeout]


def test_first_transport_error_is_told_in_a_later_turn(world: World) -> None:
    """17.1.4: not while it is still being sent."""
    world.flow.broken = True
    world.sends(world.request("MESSAGE"))
    assert world.tu.heard == []
    world.clock.advance(0)
    assert world.tu.heard == [TransportError]
    assert len(world.layer) == 0


def test_later_transport_error_ends_it(world: World) -> None:
    """17.1.4: the TU hears it once, and no timeout after it."""
    world.sends(world.request("MESSAGE"))
    world.pass_time(1)
    world.flow.broken = True
    world.pass_time(40)
    assert world.tu.heard == [TransportError]


def test_answer_overtakes_nothing(world: World) -> None:
    """A late response to what has ended is not for anybody (RFC 6026 7.3)."""
    request = world.request("MESSAGE")
    world.sends(request)
    world.pass_time(32)
    assert not world.answers(request, 200)
    assert world.tu.heard == [RequestTimeout]
