"""What a connection is to the transactions on it, and what its loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sippn.errors import RequestTimeout, TransportError
from sippn.sip import Request

if TYPE_CHECKING:
    from tests.transaction.conftest import MemoryFlow, World

METHODS = pytest.mark.parametrize("method", ["INVITE", "MESSAGE"])


@pytest.fixture
def stream(world: World) -> MemoryFlow:
    """The connection on which everything here is sent."""
    return world.flow_of(reliable=True)


@METHODS
@pytest.mark.parametrize("rings", [False, True])
def test_tu_is_told_before_a_final_response(
    world: World, stream: MemoryFlow, method: str, rings: bool
) -> None:
    """Once, and the request is still out."""
    request = world.request(method)
    transaction = world.sends(request)
    if rings:
        world.answers(request, 180)
    world.tu.heard.clear()
    stream.lose()
    world.clock.advance(0)
    assert world.tu.heard == ["flow lost"]
    assert not transaction.terminated


@METHODS
def test_tu_is_told_in_a_later_turn(world: World, stream: MemoryFlow, method: str) -> None:
    """What it does then, or raises, is nothing to the flow."""
    world.sends(world.request(method))
    stream.lose()
    assert world.tu.heard == []


@METHODS
@pytest.mark.parametrize("status", [200, 404])
def test_tu_is_not_told_after_a_final_response(
    world: World, stream: MemoryFlow, method: str, status: int
) -> None:
    """It has what it wanted, also when the response and the loss come in one turn."""
    first, second = world.request(method), world.request(method)
    world.sends(first)
    world.sends(second)
    world.answers(first, status)
    stream.lose()
    world.answers(second, status)
    world.pass_time(40, step=1)
    assert world.tu.heard == [status, status]


@METHODS
def test_response_on_another_connection_counts(
    world: World, stream: MemoryFlow, method: str
) -> None:
    """RFC 3261 18.2.2: a server opens a new connection when the old one is gone."""
    request = world.request(method)
    world.sends(request)
    stream.lose()
    world.clock.advance(0)
    world.flow_of(reliable=True)
    assert world.answers(request, 200)
    assert world.tu.heard == ["flow lost", 200]


@METHODS
def test_timers_go_on(world: World, stream: MemoryFlow, method: str) -> None:
    """17.1.1.2, 17.1.2.2: 64*T1 after it was sent, not after it was lost."""
    world.sends(world.request(method))
    world.pass_time(20)
    stream.lose()
    world.pass_time(11.875)
    assert world.tu.heard == ["flow lost"]
    world.pass_time(0.125)
    assert world.tu.heard == ["flow lost", RequestTimeout]
    assert len(world.layer) == 0
    assert world.clock.getDelayedCalls() == []


def test_lost_ack_changes_nothing(world: World, stream: MemoryFlow) -> None:
    """The final response is told, though the ACK has no way any more."""
    invite = world.request()
    world.sends(invite)
    stream.lose()
    world.answers(invite, 486)
    assert world.tu.heard == [486]
    assert len(world.layer) == 0


def test_held_cancel_goes_when_a_provisional_comes(world: World, stream: MemoryFlow) -> None:
    """9.1; here it fails, unheard, and the INVITE is given up in its time."""
    invite = world.request()
    transaction = world.sends(invite)
    transaction.cancel()
    stream.lose()
    world.answers(invite, 180)
    assert world.layer.client_count == 2
    world.pass_time(32)
    assert world.tu.heard == [180, "flow lost", RequestTimeout]
    assert len(world.layer) == 0


def test_connection_lost_by_the_sending_itself(
    world: World, stream: MemoryFlow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the flow does first: the TU has its transaction by then, and hears one end."""

    def fail(flow: MemoryFlow, octets: bytes) -> None:
        flow.lose()
        raise TransportError("lost")

    monkeypatch.setattr(type(stream), "send", fail)
    world.sends(world.request())
    assert world.tu.heard == []
    world.clock.advance(0)
    assert world.tu.heard == ["flow lost", TransportError]
    assert stream.users == []


def test_request_that_cannot_be_written_leaves_nothing(world: World, stream: MemoryFlow) -> None:
    """Nothing has begun then."""
    bad = Request("INVITE", "sip:a b", world.request().headers)
    with pytest.raises(ValueError, match="space"):
        world.sends(bad)
    assert stream.users == []
    assert len(world.layer) == 0


@METHODS
def test_connection_is_in_use_while_a_request_waits(
    world: World, stream: MemoryFlow, method: str
) -> None:
    """However long it rings at the other end, the answer needs it."""
    transaction = world.takes(world.request(method))
    world.pass_time(150, step=1)
    assert len(stream.users) == 1
    world.responds(transaction, 404)
    world.pass_time(32)
    assert stream.users == []


@METHODS
def test_lost_connection_is_nothing_to_a_server_transaction(
    world: World, stream: MemoryFlow, method: str
) -> None:
    """RFC 6026 8.8: it ends in its time, whether its response leaves or not."""
    transaction = world.takes(world.request(method))
    stream.lose()
    assert not transaction.terminated
    world.responds(transaction, 404)
    world.pass_time(32)
    assert transaction.terminated
    assert stream.users == []


def test_flow_without_a_connection_is_not_joined(world: World) -> None:
    """UDP has nothing to lose, and nothing to pay for it."""
    world.sends(world.request())
    world.takes(world.request())
    assert world.flow.users == []
