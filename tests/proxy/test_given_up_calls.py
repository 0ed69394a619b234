"""What a call leaves behind that came to nothing, in a whole house."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator

import pytest

from sippn.proxy import ResponseContext
from sippn.service import ServerSettings
from sippn.storage.factories import MemoryStoreFactory
from sippn.testing.calls import Call
from sippn.testing.house import House
from sippn.testing.ua import ScriptedUA
from sippn.transport.settings import ListenSettings

ALICE = "sip:alice@example.com"

End = Callable[[House, ScriptedUA, Call], object]


@pytest.fixture
def house() -> Iterator[House]:
    """A server over UDP, whose push service answers when it is told to."""
    house = House.built(
        ServerSettings(
            listen=(ListenSettings("udp", "192.0.2.1", 5060),),
            domains=("example.com",),
            storage=MemoryStoreFactory().parse({}),
            providers=(),
        )
    )
    yield house
    house.server.stopService()


@pytest.fixture
def _no_collector() -> Iterator[None]:
    """Reference counting alone."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def contexts() -> int:
    """How many requests the proxy remembers."""
    return sum(isinstance(one, ResponseContext) for one in gc.get_objects())


def hang_up(house: House, _: ScriptedUA, call: Call) -> None:
    """The caller has had enough, and the push is not answered yet."""
    call.cancel()
    house.run()


def hang_up_after_the_push(house: House, phone: ScriptedUA, call: Call) -> None:
    """The same, when the push service has taken it."""
    house.push_accepted()
    hang_up(house, phone, call)


def stay_silent(house: House, _: ScriptedUA, __: Call) -> None:
    """The phone does not come, nor the answer of its push service."""
    house.run(21)


def come_back_first(house: House, phone: ScriptedUA, _: Call) -> None:
    """The phone is faster than its push service, whose answer never comes; nobody picks up."""
    phone.policy = lambda _: None
    phone.wake()
    house.run()
    house.run(200)
    house.run(40)


@pytest.mark.parametrize("end", [hang_up, hang_up_after_the_push, stay_silent, come_back_first])
@pytest.mark.usefixtures("_no_collector")
def test_call_that_came_to_nothing_leaves_no_cycle(house: House, end: End) -> None:
    """RELIABILITY W5: freed at once, however it ended: a full collection stalls every call."""
    alice, bob = house.asleep("alice", "token-a"), house.phone("bob")
    before = contexts()
    call = bob.call(ALICE)
    house.run()
    assert contexts() == before + 1
    end(house, alice, call)
    for _ in range(50):
        house.run(2)
    assert contexts() == before
