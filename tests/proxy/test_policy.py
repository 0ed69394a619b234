"""
Tests for :mod:`sippn.proxy.policy`.
"""

from __future__ import annotations

import pytest
from attrs import evolve

from sippn.binding import Principal, RoutePlan
from sippn.errors import Forbidden, NotFound
from sippn.proxy import DomainPolicy
from sippn.sip import URI, Headers, Request
from sippn.testing.contracts.policy import RoutingPolicyContract

POLICY = DomainPolicy(
    lambda host: host.lower() == "example.com", lambda host, _: host == "192.0.2.1"
)
NOBODY = RoutePlan((), None)
ALICE = RoutePlan((), Principal("alice", "example.com"))


def invite(uri: str) -> Request:
    """An INVITE for *uri*."""
    return Request("INVITE", uri, Headers())


def test_our_domain_is_looked_up() -> None:
    """RFC 3261 16.5: the AOR in the Request-URI, in its canonical form."""
    plan = POLICY.determine_targets(invite("sips:bob@EXAMPLE.com:5061;x=y"), NOBODY)
    assert plan.targets == ("sip:bob@example.com",)


def test_world_is_for_those_we_know() -> None:
    """A13: foreign domains only from authenticated users."""
    uri = "sip:carol@elsewhere.example"
    with pytest.raises(Forbidden):
        POLICY.determine_targets(invite(uri), NOBODY)
    assert POLICY.determine_targets(invite(uri), ALICE).targets == (URI.parse(uri),)


@pytest.mark.parametrize("uri", ["sip:example.com", "sip:bob@192.0.2.1"])
def test_nobody_of_ours_is_not_found(uri: str) -> None:
    """RFC 3261 16.5: a domain without a user, or our address that is no domain of ours."""
    with pytest.raises(NotFound):
        POLICY.determine_targets(invite(uri), ALICE)


def test_decided_plan_stays() -> None:
    """DESIGN 3: a policy changes nothing that one before it has decided."""
    plan = evolve(NOBODY, targets=("sip:group@example.com",))
    assert POLICY.determine_targets(invite("sip:bob@example.com"), plan) is plan


class TestContract(RoutingPolicyContract):
    """The default policy keeps the contract of its socket."""

    def make_policy(self) -> DomainPolicy:
        """Make one."""
        return POLICY
