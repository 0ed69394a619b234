"""What has ended is gone at once: no cycle, no timer, no table keeps it (DESIGN 6)."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from sippn.transaction import ClientTransaction, ServerTransaction

if TYPE_CHECKING:
    from tests.transaction.conftest import Recorder, World


@pytest.fixture(autouse=True)
def no_gc() -> Iterator[None]:
    """Only reference counts may free anything here."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


class Branch:
    """A TU that holds its transaction, as a proxy's branch does."""

    def __init__(self, tu: Recorder) -> None:
        self.response_received = tu.response_received
        self.no_response = tu.no_response
        self.flow_lost = tu.flow_lost
        self.transaction: ClientTransaction | None = None


def client(world: World, method: str, *statuses: int) -> list[weakref.ref[object]]:
    """Send a request that is answered, and let go of everything."""
    request = world.request(method)
    branch = Branch(world.tu)
    branch.transaction = world.layer.send(request, world.flow, branch)
    world.pass_time(1)
    for status in statuses:
        world.answers(request, status)
    return [weakref.ref(branch.transaction), weakref.ref(branch), weakref.ref(request)]


def is_gone(references: list[weakref.ref[object]]) -> bool:
    """Whether nothing keeps any of them."""
    return all(reference() is None for reference in references)


@pytest.mark.parametrize("reliable", [False, True])
@pytest.mark.parametrize(
    ("method", "statuses"),
    [
        ("MESSAGE", (200,)),
        ("MESSAGE", (100, 404)),
        ("MESSAGE", ()),
        ("INVITE", (180, 486)),
        ("INVITE", (180, 200, 200)),
        ("INVITE", ()),
    ],
)
def test_ended_client_is_gone(
    world: World, reliable: bool, method: str, statuses: tuple[int, ...]
) -> None:
    """However it ended, with the TU that held it and its request."""
    world.flow_of(reliable=reliable)
    references = client(world, method, *statuses)
    world.pass_time(32, step=0.5)
    assert is_gone(references)
    assert world.flow.users == []
    assert len(world.layer) == 0
    assert world.clock.getDelayedCalls() == []


def test_client_that_could_not_be_sent_is_gone(world: World) -> None:
    """The error takes nothing with it."""
    world.flow.broken = True
    assert is_gone(client(world, "MESSAGE"))


def test_cancelled_client_is_gone(world: World) -> None:
    """With the CANCEL's own transaction."""
    request = world.request()
    branch = Branch(world.tu)
    branch.transaction = world.layer.send(request, world.flow, branch)
    branch.transaction.cancel()
    world.answers(request, 180)
    references: list[weakref.ref[object]] = [weakref.ref(branch.transaction), weakref.ref(branch)]
    del branch, request
    world.pass_time(32, step=0.5)
    assert is_gone(references)
    assert len(world.layer) == 0
    assert world.clock.getDelayedCalls() == []


def test_tu_is_let_go_with_the_final(world: World) -> None:
    """While the transaction still absorbs repetitions."""
    transaction, branch, _ = client(world, "INVITE", 486)
    assert branch() is None
    assert transaction() is not None


def server(world: World, method: str, status: int) -> list[weakref.ref[object]]:
    """Take and answer a request, and let go of everything."""
    request = world.request(method)
    transaction: ServerTransaction = world.takes(request)
    transaction.on_cancel = lambda _: transaction.respond(world.response(request))
    machine = transaction._machine
    world.responds(transaction, status)
    return [weakref.ref(machine), weakref.ref(transaction), weakref.ref(request)]


@pytest.mark.parametrize("reliable", [False, True])
@pytest.mark.parametrize("method", ["INVITE", "MESSAGE"])
@pytest.mark.parametrize("status", [200, 404, 408])
def test_ended_server_is_gone(world: World, reliable: bool, method: str, status: int) -> None:
    """Its machine, the TU's end of it, and the request."""
    world.flow_of(reliable=reliable)
    references = server(world, method, status)
    world.pass_time(32, step=0.5)
    assert is_gone(references)
    assert world.flow.users == []
    assert len(world.layer) == 0
    assert world.clock.getDelayedCalls() == []


def test_request_of_rfc_2543_is_gone(world: World) -> None:
    """With the second name that its ACK has."""
    transaction = world.takes(world.request(Via="SIP/2.0/UDP 192.0.2.1"))
    reference: weakref.ref[object] = weakref.ref(transaction)
    world.responds(transaction, 404)
    del transaction
    world.pass_time(32, step=0.5)
    assert reference() is None
    assert len(world.layer) == 0


def test_answered_request_is_gone_before_timer_j(world: World) -> None:
    """32 s of answered REGISTERs hold their answers, not the requests."""
    machine, transaction, request = server(world, "REGISTER", 200)
    assert machine() is not None
    assert transaction() is None
    assert request() is None


def test_timers_are_few(world: World) -> None:
    """DESIGN 6: a hundred transactions that only wait share one delayed call for each length."""
    world.flow_of(reliable=True)
    for _ in range(50):
        world.sends(world.request())
        world.takes(world.request("MESSAGE"))
    world.flow_of(reliable=False)
    for _ in range(50):
        world.responds(world.takes(world.request("MESSAGE")), 200)
    assert len(world.clock.getDelayedCalls()) == 3


def test_machines_have_slots(world: World) -> None:
    """A hundred thousand of them are kept: no dictionary each."""
    for transaction in (world.sends(world.request()), world.takes(world.request())):
        assert not hasattr(transaction, "__dict__")
    assert not hasattr(world.takes(world.request("MESSAGE"))._machine, "__dict__")
