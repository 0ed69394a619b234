"""What callers and phones get from a server with a plugin that misbehaves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from attrs import define
from twisted.internet.task import Clock

from sippn.service import ServerSettings
from sippn.sip import PushParams, Response
from sippn.testing.house import House
from sippn.testing.results import succeeded
from sippn.testing.ua import ScriptedUA
from sippn.transport.settings import ListenSettings
from tests.containment.conftest import Blamed
from tests.containment.wicked import (
    AT_ONCE,
    IN_NO_TIME,
    LATE,
    PRID,
    WAYS,
    Mind,
    Way,
    WickedPolicy,
    WickedProvider,
    WickedStore,
    gives_nonsense,
)

NAMES = "tests.containment.wicked"


@define(eq=False)
class Scene:
    """A house with a plugin of each kind, all well-behaved so far."""

    house: House
    store: Mind
    provider: Mind
    policy: Mind

    def sleeper(self, prid: str = PRID, pns: str = "wicked") -> ScriptedUA:
        """A phone of alice's that sleeps."""
        phone = self.house.phone("alice", prid)
        registered = self.house.get(phone.wake(push=PushParams(pns, "app", prid)))
        assert registered.status == 200
        phone.sleep()
        return phone

    def refused(self, seconds: float) -> Response:
        """What a call to alice ends with, in *seconds*."""
        call = self.house.phone("bob").call("sip:alice@example.com")
        self.house.run(seconds)
        return succeeded(call.failed)


@pytest.fixture
def scene() -> Iterator[Scene]:
    minds = [Mind(Clock()) for _ in range(3)]
    store, provider, policy = minds
    settings = ServerSettings(
        listen=(ListenSettings("udp", "192.0.2.1", 5060),),
        domains=("example.com",),
        storage=lambda _: WickedStore(mind=store),
        providers=(lambda _: WickedProvider(provider),),
        policies=(lambda _: WickedPolicy(policy),),
    )
    house = House.built(settings)
    for mind in minds:
        mind.clock = house.clock
    yield Scene(house, store, provider, policy)
    house.run(2 * LATE)  # whatever comes late has come
    house.server.stopService()


def _can_wait(response: Response) -> bool:
    return response.status == 500 and response.headers.get("Retry-After") == "5"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("on", ["load", "find", "commit"])
def test_store_that_misbehaves_is_out_of_reach(
    scene: Scene, blamed: Blamed, on: str, way: Way
) -> None:
    """RFC 3261 10.3, step 7: a 500, in bounded time, and nothing of it is in the store."""
    scene.store.on, scene.store.way = on, way
    answer = scene.house.phone("alice", PRID).register()
    scene.house.run(0 if way in AT_ONCE else 10)
    assert _can_wait(succeeded(answer))
    [line] = blamed()
    assert line.startswith(f"{NAMES}.WickedStore ")
    assert f" {on}" in line


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("on", ["load", "find", "commit", "due"])
def test_store_that_mends_is_used_again(scene: Scene, blamed: Blamed, on: str, way: Way) -> None:
    """D1, E2: without a restart; what comes late is no answer to anything."""
    scene.store.on, scene.store.way = on, way
    phone = scene.house.phone("alice", PRID)
    phone.register()
    scene.house.run(20)
    scene.store.on = ""
    scene.house.run(LATE)
    hangs_for_ever = on == "commit" and way in IN_NO_TIME[:2]
    assert scene.house.get(phone.register()).status == (500 if hangs_for_ever else 200)
    assert blamed()


@pytest.mark.parametrize("way", WAYS)
def test_caller_is_answered_when_the_store_misbehaves(
    scene: Scene, blamed: Blamed, way: Way
) -> None:
    """S-02: nobody waits for a store for ever."""
    scene.sleeper()
    scene.store.on, scene.store.way = "load", way
    assert scene.refused(0 if way in AT_ONCE else 5).status == 500
    assert len(blamed()) == 1


def test_who_is_due_waits_for_a_store_that_hangs(scene: Scene, blamed: Blamed) -> None:
    """Looks go on, and those who need none are served."""
    scene.store.on, scene.store.way = "due", IN_NO_TIME[0]
    scene.house.run(1)
    assert scene.house.get(scene.house.phone("bob").register()).status == 200
    scene.house.run(5)
    assert blamed() == [f"{NAMES}.WickedStore did not answer due within 5 s"]


@pytest.mark.parametrize("way", WAYS)
def test_provider_that_misbehaves_wakes_nobody(scene: Scene, blamed: Blamed, way: Way) -> None:
    """P-045: its callers get a 480, at the end of their wait at the latest; others' are served."""
    scene.sleeper()
    scene.provider.on, scene.provider.way = "request_push", way
    assert scene.refused(0 if way in AT_ONCE else 20).status == 480
    [line] = blamed()
    assert line.startswith(f"{NAMES}.WickedProvider ")
    scene.sleeper("another", "acme")
    scene.house.pns.jobs.clear()
    scene.house.phone("carol").call("sip:alice@example.com")
    scene.house.run()
    assert [job.target.provider for job in scene.house.pns.jobs] == ["acme"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("on", ["can_push", "capabilities"])
def test_provider_that_cannot_say_what_it_serves(
    scene: Scene, blamed: Blamed, on: str, way: Way
) -> None:
    """It pushes nobody, or lists nothing; phones of other services register as ever."""
    scene.provider.on, scene.provider.way = on, way
    asks = scene.house.phone("alice", PRID).wake(push=PushParams("wicked", "app", PRID))
    answer = scene.house.get(asks)
    can = on == "can_push" and way is gives_nonsense  # any object is as good as True
    if on == "can_push":
        assert ("wicked" in str(answer.headers.get_all("Feature-Caps"))) == can
    assert bool(blamed()) != can
    other = scene.house.get(scene.house.phone("bob", "prid").register())
    assert other.status == 200
    assert "acme" in str(other.headers.get_all("Feature-Caps"))


@pytest.mark.parametrize("way", WAYS)
def test_policy_that_misbehaves_registers_nobody(scene: Scene, blamed: Blamed, way: Way) -> None:
    """It may be the one that forbids: nothing is guessed, and nothing stored."""
    scene.policy.on, scene.policy.way = "on_register", way
    answer = scene.house.phone("alice", PRID).register()
    scene.house.run(0 if way in AT_ONCE else 5)
    assert succeeded(answer).status == 500
    [line] = blamed()
    assert line.startswith(f"{NAMES}.WickedPolicy ")
    assert " on_register" in line
    assert scene.refused(0).status == 480


@pytest.mark.parametrize("way", WAYS)
def test_policy_that_misbehaves_pushes_nobody(scene: Scene, blamed: Blamed, way: Way) -> None:
    """For the same reason; its callers are told at once that nobody comes."""
    scene.sleeper("prid", "acme")
    scene.policy.on, scene.policy.way = "on_push", way
    assert scene.refused(0 if way in AT_ONCE else 5).status == 480
    assert scene.house.pns.jobs == []
    [line] = blamed()
    assert line.startswith(f"{NAMES}.WickedPolicy ")
    assert " on_push" in line


@pytest.mark.parametrize("way", WAYS)
def test_policy_that_cannot_hear_of_a_push_changes_nothing(
    scene: Scene, blamed: Blamed, way: Way
) -> None:
    """Nobody waits for what it makes of it."""
    phone = scene.sleeper("prid", "acme")
    scene.policy.on, scene.policy.way = "on_push_result", way
    call = scene.house.phone("bob").call("sip:alice@example.com")
    scene.house.run()
    scene.house.push_accepted()
    phone.wake()
    scene.house.run()
    assert succeeded(call.answered).status == 200
    scene.house.run(LATE)
    assert len(blamed()) == (way in AT_ONCE[:3] or way is IN_NO_TIME[3])
