"""What every routing policy must do."""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import suppress
from typing import TypeVar

from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from sippn.binding import (
    Binding,
    PushJob,
    PushKind,
    PushOutcome,
    PushTarget,
    RegisterPlan,
    RoutePlan,
    Verdict,
)
from sippn.errors import SIPError
from sippn.interfaces import IRoutingPolicy, Maybe
from sippn.sip import URI, Headers, Request
from sippn.testing.results import succeeded

T = TypeVar("T")

ALICE = "sip:alice@example.com"
PHONE = Binding("b1", "sip:alice@192.0.2.1", "flow-1", 4000.0, 1.0, "register-1", 1)
TABLET = Binding("b2", "sip:alice@192.0.2.2", "flow-2", 4000.0, 1.0, "register-2", 1)
JOB = PushJob("job-1", PushKind.CALL, PushTarget("acme", "app", "prid"), ALICE, 20.0)


class RoutingPolicyContract:
    """
    The promises of :class:`~sippn.interfaces.IRoutingPolicy`.

    Override :meth:`make_policy`; and where they apply :meth:`wait`, :meth:`register` and
    :meth:`invite`, requests that your policy has an opinion on.
    """

    policy: IRoutingPolicy

    def make_policy(self) -> IRoutingPolicy:
        """A policy, started if it needs to be."""
        raise NotImplementedError

    def wait(self, result: Awaitable[T]) -> T:
        """
        The value of *result*, a Deferred or a coroutine, which is there at once.

        A policy that waits for something overrides this, and makes it happen: it turns
        its clock, or moves the octets of its memory reactor.
        """
        return succeeded(Deferred.fromCoroutine(_awaited(result)))

    def register(self) -> Request:
        """A REGISTER."""
        return _request("REGISTER", "sip:example.com", "<sip:alice@192.0.2.1>")

    def invite(self) -> Request:
        """An INVITE."""
        return _request("INVITE", ALICE, "<sip:bob@192.0.2.9>")

    def setup_method(self) -> None:
        """Pytest calls this before each test."""
        self.policy = self.make_policy()

    def value(self, result: Maybe[T]) -> T:
        """What *result* is or comes to."""
        return self.wait(result) if isinstance(result, Awaitable) else result

    def test_provides_the_interface(self) -> None:
        """Every name is there, with the arguments it is called with."""
        assert verifyObject(IRoutingPolicy, self.policy)

    def test_register_plan_comes_back(self) -> None:
        """A plan, the same or another; or a SIPError, which refuses the REGISTER."""
        plan = RegisterPlan(ALICE, None)
        with suppress(SIPError):
            bent = self.value(self.policy.on_register(self.register(), plan))
            assert isinstance(bent, RegisterPlan)

    def test_route_plan_comes_back(self) -> None:
        """A plan, with AORs and URIs for targets; or a SIPError, which refuses the request."""
        with suppress(SIPError):
            bent = self.value(self.policy.determine_targets(self.invite(), _plan()))
            assert isinstance(bent, RoutePlan)
            assert all(isinstance(target, str | URI) for target in bent.targets)
            assert bent.wait is None or bent.wait >= 0
            assert bent.provisional is None or 100 < bent.provisional < 200

    def test_bindings_are_chosen_from_those_found(self) -> None:
        """It may leave out and put in order; it may not invent, nor name one twice."""
        found = (PHONE, TABLET)
        for given in ((), (PHONE,), found):
            chosen = tuple(self.policy.select_bindings(self.invite(), given))
            assert set(chosen) <= set(given)
            assert len(chosen) == len(set(chosen))

    def test_push_is_passed_on_or_withheld(self) -> None:
        """A job, the same or another; None: no push."""
        passed = self.value(self.policy.on_push(JOB))
        assert passed is None or isinstance(passed, PushJob)

    def test_every_outcome_is_taken_note_of(self) -> None:
        """Whatever became of a push, hearing of it raises nothing."""
        for verdict in Verdict:
            self.policy.on_push_result(JOB, PushOutcome(verdict, retry_after=1.0))


def _plan() -> RoutePlan:
    return RoutePlan((ALICE, URI.parse("sip:pbx.example.com")), None)


def _request(method: str, uri: str, contact: str) -> Request:
    headers = Headers(
        (
            ("Via", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-policy"),
            ("From", "<sip:bob@example.com>;tag=1"),
            ("To", f"<{ALICE}>"),
            ("Call-ID", "policy-1"),
            ("CSeq", f"1 {method}"),
            ("Contact", contact),
            ("Max-Forwards", "70"),
        )
    )
    return Request(method, uri, headers)


async def _awaited(result: Awaitable[T]) -> T:
    return await result
