"""Scenarios are played some at a time, and told in their order, whatever comes of them."""

from __future__ import annotations

import pytest
from attrs import define, field
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.task import Clock

from sippn.testing.conformance import (
    Failed,
    Receiver,
    Result,
    Run,
    Scenario,
    Skipped,
    Subject,
    Trial,
    Users,
    Verdict,
)
from sippn.testing.conformance.catalogue import Play
from sippn.testing.conformance.running import LONGEST
from sippn.testing.results import succeeded
from sippn.transport import Address

HERE = Address("127.0.0.1", 5060)


@define(eq=False)
class Bench:
    """A run without a server."""

    clock: Clock = field(factory=Clock)
    told: list[str] = field(factory=list)
    users: Users = field(factory=lambda: Users(("u{}",)))

    def play(self, *scenarios: Scenario, at_once: int = 1) -> Deferred[dict[str, Result]]:
        """Begin."""
        subject = Subject(HERE, "udp", "example.com", HERE, wait=25)
        run = Run(subject, self.users, self.clock, Receiver(self.clock), self._report, at_once)
        return ensureDeferred(run.play(scenarios))

    def _report(self, one: Scenario, result: Result) -> None:
        self.told.append(f"{one.name} {result.verdict.value} {result.reason}")


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def good(trial: Trial) -> None:
    """Nothing to be said against it."""


async def bad(trial: Trial) -> None:
    """What is wrong is said."""
    raise Failed("it is wrong")


async def absent(trial: Trial) -> None:
    """What is not there is said."""
    raise Skipped("it is not there")


async def broken(trial: Trial) -> None:
    """A scenario with a bug."""
    raise KeyError("bug")


async def endless(trial: Trial) -> None:
    """One that hangs."""
    await Deferred[None]()


async def slow(trial: Trial) -> None:
    """One that takes three seconds."""
    await trial.pause(3)


def scenario(play: Play, *, optional: bool = False) -> Scenario:
    return Scenario("P-000", "what it does", play, optional)


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (scenario(bad), "bad failed it is wrong"),
        (scenario(bad, optional=True), "bad skipped it is wrong"),
        (scenario(absent), "absent skipped it is not there"),
        (scenario(broken), "broken failed the scenario broke: KeyError('bug')"),
        (scenario(broken, optional=True), "broken failed the scenario broke: KeyError('bug')"),
    ],
)
def test_every_end_has_a_verdict(bench: Bench, one: Scenario, told: str) -> None:
    """N-30: what is optional does not fail; a bug of the suite does, and others go on."""
    results = succeeded(bench.play(one, scenario(good)))
    assert bench.told == [told, "good ok "]
    assert set(results) == {one.name, "good"}


def test_endless_scenario_ends(bench: Bench) -> None:
    """N-30: bounded in time, and the next one is played."""
    done = bench.play(scenario(endless), scenario(good))
    bench.clock.advance(LONGEST + 24)
    assert bench.told == []
    bench.clock.advance(1)
    assert bench.told == ["endless failed it took more than 85 s", "good ok "]
    assert succeeded(done)["endless"] == Result(Verdict.FAILED, "it took more than 85 s", 85)


def test_told_in_order(bench: Bench) -> None:
    """N-30: whoever is the faster."""
    done = bench.play(scenario(slow), scenario(good), scenario(bad), at_once=2)
    assert bench.told == []
    bench.clock.advance(3)
    assert [told.split()[0] for told in bench.told] == ["slow", "good", "bad"]
    assert succeeded(done)["slow"].seconds == 3


def test_no_more_at_once_than_there_are_users(bench: Bench) -> None:
    """N-30: nobody is in two scenarios."""
    bench.users = Users(("a", "b", "c", "d"))
    bench.play(scenario(slow), scenario(good), at_once=5)
    bench.clock.advance(2)
    assert bench.told == []
    bench.clock.advance(1)
    assert len(bench.told) == 2
