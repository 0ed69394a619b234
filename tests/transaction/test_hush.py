"""S-05: a request that is abandoned for another flow is repeated no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sippn.errors import RequestTimeout

if TYPE_CHECKING:
    from tests.transaction.conftest import World

METHODS = pytest.mark.parametrize("method", ["INVITE", "MESSAGE"])


@METHODS
def test_hushed_request_is_not_repeated(world: World, method: str) -> None:
    """Nor taken back; it is given up in its time."""
    transaction = world.sends(world.request(method))
    world.pass_time(1)
    transaction.hush()
    transaction.hush()
    assert world.times_of_sending(30.875) == []
    assert world.tu.heard == []
    world.pass_time(0.125)
    assert world.tu.heard == [RequestTimeout]
    assert set(world.flow.said) == {method}


def test_hushed_message_stays_so_after_a_provisional(world: World) -> None:
    """Before it and after it: timer E is started by nothing else."""
    first, second = world.request("MESSAGE"), world.request("MESSAGE")
    early, late = world.sends(first), world.sends(second)
    early.hush()
    world.answers(first, 100)
    world.answers(second, 100)
    late.hush()
    assert world.times_of_sending(30) == []


@METHODS
def test_hushed_request_may_still_be_answered(world: World, method: str) -> None:
    """The UA may have heard it before."""
    request = world.request(method)
    world.sends(request).hush()
    world.answers(request, 180)
    world.answers(request, 404)
    assert world.tu.heard == [180, 404]


def test_hushed_invite_can_be_taken_back(world: World) -> None:
    """S-05: when it rings there after all."""
    invite = world.request()
    transaction = world.sends(invite)
    transaction.hush()
    transaction.cancel()
    assert world.flow.said == ["INVITE"]
    world.answers(invite, 180)
    assert world.flow.said == ["INVITE", "CANCEL"]


@METHODS
@pytest.mark.parametrize("status", [180, 200, 486])
def test_hush_is_never_too_late(world: World, method: str, status: int) -> None:
    """Nothing is said, and no ACK is kept back by it."""
    request = world.request(method)
    transaction = world.sends(request)
    world.answers(request, status)
    said = list(world.flow.said)
    transaction.hush()
    assert world.flow.said == said
    if (method, status) == ("INVITE", 486):
        world.answers(request, status)
        assert world.flow.said == ["INVITE", "ACK", "ACK"]
