"""Tests for :mod:`sippn.containment.provider` and :mod:`sippn.containment.policy`."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import define, evolve
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer

from sippn.binding import PushJob, PushOutcome, PushTarget, Verdict
from sippn.containment import ContainedPolicy, ContainedProvider
from sippn.interfaces import IPushLanes, IPushProvider, IRoutingPolicy
from sippn.testing.contracts import PushProviderContract, RoutingPolicyContract
from sippn.testing.pns import MemoryPushProvider
from sippn.testing.results import failed
from tests.containment.conftest import Blamed
from tests.containment.wicked import PRID, Mind, WickedPolicy


class _Lingering(MemoryPushProvider):
    """One that cannot take back what is on the wire, as HTTP cannot."""

    def __init__(self) -> None:
        super().__init__()
        self.on_the_wire: Deferred[PushOutcome] = Deferred()
        self.given_up = False

    def request_push(self, job: PushJob) -> Deferred[PushOutcome]:
        return super().request_push(job).addErrback(self._stay)

    def _stay(self, _: Failure) -> Any:
        self.given_up = True
        return self.on_the_wire


class TestContainedProvider(PushProviderContract):
    """It changes nothing about a provider that does as it should."""

    def make_provider(self) -> IPushProvider:
        """One that takes every push."""
        taken = PushOutcome(Verdict.ACCEPTED)
        return ContainedProvider(MemoryPushProvider(at_once=taken), Clock())

    def test_giving_up_is_no_fault(self, blamed: Blamed) -> None:
        """S-12: a caller who hangs up early says nothing about the provider."""
        clock = Clock()
        asked = ContainedProvider(pns := MemoryPushProvider(), clock).request_push(self.job())
        asked.cancel()
        failed(asked, CancelledError)
        assert len(pns.withdrawn) == 1
        assert blamed() == []


def test_push_on_the_wire_stays_in_flight_when_it_is_given_up() -> None:
    """W3: else one that hangs has any number of pushes in flight."""
    provider, clock = _Lingering(), Clock()
    asked = ContainedProvider(provider, clock).request_push(TestContainedProvider().job())
    ended: list[object] = []
    asked.addBoth(ended.append)
    asked.cancel()
    assert provider.given_up
    assert ended == []
    taken = PushOutcome(Verdict.ACCEPTED)
    provider.on_the_wire.callback(taken)
    assert ended == [taken]


class TestContainedPolicy(RoutingPolicyContract):
    """It changes nothing about a policy that does as it should."""

    def make_policy(self) -> IRoutingPolicy:
        """One without an opinion."""
        return ContainedPolicy(WickedPolicy(Mind(Clock())), Clock())


@implementer(IPushLanes)
@define(eq=False)
class _Laned(MemoryPushProvider):
    """One whose lanes are as told; an exception is raised."""

    lane: object = "com.example.phone"

    def lane_of(self, target: PushTarget) -> Any:  # noqa: ARG002 - the interface's
        """As told."""
        if isinstance(self.lane, Exception):
            raise self.lane
        return self.lane


TARGET = PushTarget("acme", "app", PRID)


def test_lanes_are_the_providers() -> None:
    """W3: whoever wraps a provider still knows what fails by itself."""
    contained = ContainedProvider(_Laned(), Clock())
    assert contained.has_lanes
    assert contained.lane_of(TARGET) == "com.example.phone"
    assert not ContainedProvider(MemoryPushProvider(), Clock()).has_lanes


@pytest.mark.parametrize(
    ("lane", "complaint"),
    [
        (ZeroDivisionError(PRID), "broke on lane_of: ZeroDivisionError"),
        (None, "gave no answer that lane_of may have: NoneType"),
        (17, "gave no answer that lane_of may have: int"),
        (b"app", "gave no answer that lane_of may have: bytes"),
        ("two\nlines", "gave no answer that lane_of may have: str"),
        ("x" * 261, "gave no answer that lane_of may have: str"),
    ],
    ids=["raises", "none", "a number", "octets", "two lines", "too long"],
)
def test_lane_that_is_none_is_the_common_one(lane: object, complaint: str, blamed: Blamed) -> None:
    """E3: a provider that cannot say which lane it is has one, and its author is told."""
    contained = ContainedProvider(_Laned(lane=lane), Clock())
    assert contained.lane_of(TARGET) == ""
    assert blamed() == [f"{__name__}._Laned {complaint}"]


def test_lane_of_the_longest_host_is_one(blamed: Blamed) -> None:
    """W3: a name in the DNS has up to 253 characters, and its port five."""
    lane = "x" * 253 + ":65535"
    assert ContainedProvider(_Laned(lane=lane), Clock()).lane_of(TARGET) == lane
    assert blamed() == []


def test_lane_that_is_awaited_is_the_common_one(blamed: Blamed) -> None:
    """E3: who gives a Deferred has one lane, and no unhandled error is left behind."""
    lane: Deferred[str] = Deferred()
    contained = ContainedProvider(_Laned(lane=lane), Clock())
    assert contained.lane_of(TARGET) == ""
    lane.errback(ZeroDivisionError())
    assert len(blamed()) == 1


@pytest.mark.parametrize(("left", "told"), [(3.0, False), (20.0, True)])
def test_silence_is_told_of_where_there_was_time(left: float, told: bool, blamed: Blamed) -> None:
    """E3, T9: a last attempt that has three seconds left proves nothing about a provider."""
    clock = Clock()
    contained = ContainedProvider(MemoryPushProvider(), clock)
    asked = contained.request_push(evolve(TestContainedProvider().job(), deadline=left))
    clock.advance(left)
    asked.cancel()
    failed(asked, CancelledError)
    name = "sippn.testing.pns.MemoryPushProvider"
    assert blamed() == [f"{name} did not answer a push before its deadline"] * told
