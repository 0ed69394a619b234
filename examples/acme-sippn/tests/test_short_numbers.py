"""The policy, and the table that it is made from."""

from __future__ import annotations

import pytest
from acme_sippn.factories import ShortNumbersFactory
from acme_sippn.short_numbers import ShortNumbers

from sippn.binding import Principal, RoutePlan
from sippn.errors import ConfigErrors, Forbidden
from sippn.interfaces import IRoutingPolicy
from sippn.sip import URI, Request
from sippn.testing.contracts import RoutingPolicyContract

ALICE = "sip:alice@example.com"
VOICEMAIL = "sip:voicemail@pbx.example.net"
BOB = Principal("bob", "example.com", ("sip:bob@example.com",))


class TestShortNumbers(RoutingPolicyContract):
    """All that a policy promises, and what is this one's own."""

    def make_policy(self) -> IRoutingPolicy:
        """Two numbers."""
        return ShortNumbers(
            serves=lambda host: host == "example.com",
            owns=lambda host, _: host == "192.0.2.7",
            numbers={"11": ALICE, "*98": VOICEMAIL},
        )

    def invite(self) -> Request:
        """The contract's own tests call a short number, too."""
        return super().invite().readdressed("sip:11@example.com")

    def targets(self, uri: str, principal: Principal | None = BOB) -> tuple[str | URI, ...]:
        """Where a call to *uri* goes."""
        plan = RoutePlan((), principal)
        return self.value(
            self.policy.determine_targets(self.invite().readdressed(uri), plan)
        ).targets

    def test_a_short_number_is_looked_up(self) -> None:
        """As who it is."""
        assert self.targets("sip:11@example.com") == (ALICE,)

    def test_a_short_number_may_lead_away(self) -> None:
        """For those we know: this makes no open relay."""
        assert self.targets("sip:*98@example.com") == (URI.parse(VOICEMAIL),)
        with pytest.raises(Forbidden):
            self.targets("sip:*98@example.com", principal=None)

    @pytest.mark.parametrize("uri", [ALICE, "sip:12@example.com", "sip:11@example.org"])
    def test_all_else_is_no_business_of_ours(self, uri: str) -> None:
        """Other policies, and in the end the server's own, have their say."""
        assert self.targets(uri) == ()


def test_everything_that_is_wrong_is_said_at_once() -> None:
    """By the key at which it stands."""
    numbers = {"eleven": ALICE, "12": "alice", "13": 13}
    with pytest.raises(ConfigErrors) as caught:
        ShortNumbersFactory().parse({"number": {}, "numbers": numbers})
    assert [where for where, _ in caught.value.problems] == [
        "number",
        "numbers.eleven",
        "numbers.12",
        "numbers.13",
    ]
