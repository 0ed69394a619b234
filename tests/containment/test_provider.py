"""Tests for :mod:`sippn.containment.provider` and :mod:`sippn.containment.policy`."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from sippn.binding import PushJob, PushOutcome, Verdict
from sippn.containment import ContainedPolicy, ContainedProvider
from sippn.interfaces import IPushProvider, IRoutingPolicy
from sippn.testing.contracts import PushProviderContract, RoutingPolicyContract
from sippn.testing.pns import MemoryPushProvider
from sippn.testing.results import failed
from tests.containment.conftest import Blamed
from tests.containment.wicked import Mind, WickedPolicy


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
