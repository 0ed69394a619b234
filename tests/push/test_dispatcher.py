"""Tests for :mod:`sippn.push.dispatcher`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from attrs import define, evolve, field
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from zope.interface import implementer
from zope.interface.verify import verifyObject

from sippn.binding import (
    Binding,
    Capability,
    PushJob,
    PushKind,
    PushOutcome,
    PushTarget,
    RegisterPlan,
    RoutePlan,
    Verdict,
)
from sippn.containment import ContainedPolicy, ContainedProvider
from sippn.interfaces import IPushProvider, IRoutingPolicy, Maybe
from sippn.push import Dispatcher
from sippn.sip import Request
from sippn.testing.contracts.policy import RoutingPolicyContract
from sippn.testing.contracts.provider import PushProviderContract
from sippn.testing.pns import MemoryPushProvider
from sippn.testing.results import failed, succeeded

MakeJob = Callable[..., PushJob]

APPLE = PushTarget("apns", "TEAM.app.voip", "token-2")
VOIP_ALONE = evolve(APPLE, tokens=(("voip", "token-2"),), app="app")


@implementer(IRoutingPolicy)
@define(eq=False)
class Scripted:
    """
    A policy that bends pushes as told and nothing else.

    :ivar told: every job and outcome it heard of.
    """

    bend: Callable[[PushJob], Maybe[PushJob | None]] = lambda job: job
    broken: bool = False
    told: list[tuple[str, Verdict]] = field(factory=list, init=False)

    def on_register(
        self,
        register: Request,  # noqa: ARG002 - the interface's
        plan: RegisterPlan,
    ) -> RegisterPlan:
        """As it came."""
        return plan

    def determine_targets(
        self,
        request: Request,  # noqa: ARG002 - the interface's
        plan: RoutePlan,
    ) -> RoutePlan:
        """As it came."""
        return plan

    def select_bindings(
        self,
        request: Request,  # noqa: ARG002 - the interface's
        found: Sequence[Binding],
    ) -> Sequence[Binding]:
        """All of them."""
        return found

    def on_push(self, job: PushJob) -> Maybe[PushJob | None]:
        """As scripted."""
        return self.bend(job)

    def on_push_result(self, job: PushJob, outcome: PushOutcome) -> None:
        """Note it, or break."""
        self.told.append((job.id, outcome.verdict))
        if self.broken:
            raise RuntimeError("a bug on the outcome")


class TestScriptedPolicy(RoutingPolicyContract):
    """The policy of these tests is one by the same rules as a real one."""

    def make_policy(self) -> IRoutingPolicy:
        """One that lets everything pass."""
        return Scripted()


class TestMemoryPushProvider(PushProviderContract):
    """The fake is a provider by the same rules as a real one."""

    def make_provider(self) -> IPushProvider:
        """One that takes every push."""
        return MemoryPushProvider(at_once=PushOutcome(Verdict.ACCEPTED))


class TestDispatcher(PushProviderContract):
    """All providers together are one provider."""

    def make_provider(self) -> IPushProvider:
        """A dispatcher over two."""
        accepted = PushOutcome(Verdict.ACCEPTED)
        apple = MemoryPushProvider((Capability("apns"),), at_once=accepted)
        return Dispatcher([apple, MemoryPushProvider(at_once=accepted)])


def test_provides_the_interface() -> None:
    """Without any provider as well."""
    assert verifyObject(IPushProvider, Dispatcher([]))


def test_first_provider_that_can_is_asked(pns: MemoryPushProvider, make_job: MakeJob) -> None:
    """The order of the configuration is the order of preference."""
    apple, spare = MemoryPushProvider((Capability("apns"),)), MemoryPushProvider()
    dispatcher = Dispatcher([apple, pns, spare])
    acme, voip = make_job(), make_job(target=APPLE)
    for job in (acme, voip):
        dispatcher.request_push(job)
    assert (apple.jobs, pns.jobs, spare.jobs) == ([voip], [acme], [])


def test_kind_decides_as_well(make_job: MakeJob) -> None:
    """R-04: a VoIP token is good for calls and unusable for a refresh."""
    voip = MemoryPushProvider(can=lambda _, kind: kind is PushKind.CALL)
    alert = MemoryPushProvider(can=lambda _, kind: kind is not PushKind.CALL)
    dispatcher = Dispatcher([voip, alert])
    call, refresh = make_job(), make_job(PushKind.REFRESH)
    dispatcher.request_push(call)
    dispatcher.request_push(refresh)
    assert (voip.jobs, alert.jobs) == ([call], [refresh])
    assert not Dispatcher([voip]).can_push(call.target, PushKind.REFRESH)


def test_target_without_a_token_for_it_reaches_no_provider(make_job: MakeJob) -> None:
    """R-04: a VoIP token is good for calls alone, whatever a plugin says that it can push."""
    careless = MemoryPushProvider(can=lambda *_: True)
    dispatcher = Dispatcher([careless])
    can = [kind for kind in PushKind if dispatcher.can_push(VOIP_ALONE, kind)]
    assert can == [PushKind.CALL]
    for kind in PushKind:
        dispatcher.request_push(make_job(kind, target=VOIP_ALONE))
    assert [job.kind for job in careless.jobs] == [PushKind.CALL]
    two = evolve(VOIP_ALONE, tokens=(*VOIP_ALONE.tokens, ("remote", "token-3")))
    assert all(dispatcher.can_push(two, kind) for kind in PushKind)


def test_capabilities_are_those_of_all() -> None:
    """F-01: two providers of one PNS are one field, with the first one's VAPID key."""
    one = MemoryPushProvider((Capability("webpush", "key-1"), Capability("fcm")))
    two = MemoryPushProvider((Capability("webpush", "key-2"), Capability("acme")))
    assert Dispatcher([one, two]).capabilities == (
        Capability("webpush", "key-1"),
        Capability("fcm"),
        Capability("acme"),
    )


def test_target_that_nobody_serves_is_refused(pns: MemoryPushProvider, make_job: MakeJob) -> None:
    """A provider may be gone from the configuration while bindings live: tell the operator."""
    policy = Scripted()
    asked = Dispatcher([pns], [policy]).request_push(make_job(target=APPLE))
    assert succeeded(asked) == PushOutcome(Verdict.REFUSED, detail="no provider serves this target")
    assert policy.told == [("job-1", Verdict.REFUSED)]


def test_policies_bend_in_order(pns: MemoryPushProvider, make_job: MakeJob) -> None:
    """Policies compose: each sees what the one before made of the job."""

    async def slowly(job: PushJob) -> PushJob | None:
        return evolve(job, collapse_key=job.collapse_key + "2")

    first = Scripted(lambda job: evolve(job, collapse_key="1"))
    dispatcher = Dispatcher([pns], [first, Scripted(slowly)])
    asked = dispatcher.request_push(make_job())
    assert pns.answer().collapse_key == "12"
    assert succeeded(asked).verdict is Verdict.ACCEPTED


def test_policy_may_choose_another_target(pns: MemoryPushProvider, make_job: MakeJob) -> None:
    """Who serves it is asked after the policies."""
    apple = MemoryPushProvider((Capability("apns"),))
    dispatcher = Dispatcher([pns, apple], [Scripted(lambda job: evolve(job, target=APPLE))])
    dispatcher.request_push(make_job())
    assert (len(pns.jobs), len(apple.jobs)) == (0, 1)


def test_withheld_push_is_not_sent(pns: MemoryPushProvider, make_job: MakeJob) -> None:
    """None: no push; nobody after it is asked, nobody is told an outcome."""
    later = Scripted(lambda _: pytest.fail("asked about a push that is withheld"))
    asked = Dispatcher([pns], [Scripted(lambda _: None), later]).request_push(make_job())
    assert succeeded(asked).verdict is Verdict.REFUSED
    assert pns.jobs == []
    assert later.told == []


def test_outcome_is_told_to_every_policy(pns: MemoryPushProvider, make_job: MakeJob) -> None:
    """Learning needs both sides."""
    policies = [Scripted(), Scripted()]
    Dispatcher([pns], policies).request_push(make_job())
    pns.answer(Verdict.DEAD)
    assert [policy.told for policy in policies] == [[("job-1", Verdict.DEAD)]] * 2


def _told(logged: list[str], plugin: type, on: str) -> bool:
    lines = [line for line in logged if line.startswith("the plugin ")]
    return len(lines) == 1 and f"{plugin.__qualname__} broke on {on}" in lines[0]


def _contained(provider: IPushProvider) -> ContainedProvider:
    return ContainedProvider(provider, Clock())


def _kept(policy: IRoutingPolicy) -> ContainedPolicy:
    return ContainedPolicy(policy, Clock())


def test_policy_that_breaks_stops_the_push(
    pns: MemoryPushProvider, make_job: MakeJob, logged: list[str]
) -> None:
    """It may be the one that forbids; the failure is in the log."""

    def bug(_: PushJob) -> PushJob | None:
        raise RuntimeError("a bug")

    asked = Dispatcher([pns], [_kept(Scripted(bug))]).request_push(make_job())
    assert succeeded(asked) == PushOutcome(Verdict.FAILED, detail="a policy broke")
    assert pns.jobs == []
    assert _told(logged, Scripted, "on_push")


def test_policy_that_breaks_on_an_outcome_changes_nothing(
    pns: MemoryPushProvider, make_job: MakeJob, logged: list[str]
) -> None:
    """The push is out; the others are told all the same."""
    other = Scripted()
    policies = [_kept(Scripted(broken=True)), _kept(other)]
    asked = Dispatcher([pns], policies).request_push(make_job())
    pns.answer()
    assert succeeded(asked).verdict is Verdict.ACCEPTED
    assert other.told == [("job-1", Verdict.ACCEPTED)]
    assert _told(logged, Scripted, "on_push_result")


def test_provider_that_fails_becomes_an_outcome(
    pns: MemoryPushProvider, make_job: MakeJob, logged: list[str]
) -> None:
    """A plugin's bug costs one push and is in the log; it is no exception to the proxy."""
    asked = Dispatcher([_contained(pns)]).request_push(make_job())
    pns.break_on(ValueError("a bug"))
    assert succeeded(asked) == PushOutcome(Verdict.FAILED, detail="the provider broke")
    assert _told(logged, MemoryPushProvider, "request_push")


def test_provider_that_raises_becomes_an_outcome(make_job: MakeJob, logged: list[str]) -> None:
    """The same for one that does not even return a Deferred."""

    class Raising(MemoryPushProvider):
        def request_push(self, job: PushJob) -> Deferred[PushOutcome]:
            raise KeyError(job.id)

    asked = Dispatcher([_contained(Raising())]).request_push(make_job())
    assert succeeded(asked).verdict is Verdict.FAILED
    assert _told(logged, Raising, "request_push")


def test_provider_without_outcome_has_failed(pns: MemoryPushProvider, make_job: MakeJob) -> None:
    """Whoever reads a verdict must find one."""
    asked = Dispatcher([_contained(pns)]).request_push(make_job())
    pns.answer(None)  # type: ignore[arg-type] # what an untyped plugin may do
    assert succeeded(asked).verdict is Verdict.FAILED


def test_provider_that_breaks_on_can_push_cannot(
    pns: MemoryPushProvider, make_job: MakeJob, logged: list[str]
) -> None:
    """The next one is asked."""

    def bug(target: PushTarget, kind: PushKind) -> bool:
        raise RuntimeError("a bug")

    dispatcher = Dispatcher([_contained(MemoryPushProvider(can=bug)), _contained(pns)])
    asked = dispatcher.request_push(make_job())
    pns.answer()
    assert succeeded(asked).verdict is Verdict.ACCEPTED
    assert _told(logged, MemoryPushProvider, "can_push")


def test_cancelling_reaches_the_provider(pns: MemoryPushProvider, make_job: MakeJob) -> None:
    """S-12: what has not left is dropped; that is no failure to log."""
    job = make_job()
    asked = Dispatcher([pns], [Scripted()]).request_push(job)
    asked.cancel()
    failed(asked, CancelledError)
    assert pns.withdrawn == [job]


def test_cancelling_while_a_policy_thinks_sends_nothing(
    pns: MemoryPushProvider, make_job: MakeJob
) -> None:
    """A policy may look something up; the caller may hang up meanwhile."""
    thinking: Deferred[PushJob | None] = Deferred()
    asked = Dispatcher([pns], [Scripted(lambda _: thinking)]).request_push(make_job())
    asked.cancel()
    failed(asked, CancelledError)
    assert pns.jobs == []


@pytest.mark.parametrize("ahead", [0.0, 3600.0, -86400.0])
def test_pns_dates_by_the_clock_of_the_system(
    pns: MemoryPushProvider, make_job: MakeJob, ahead: float
) -> None:
    """
    N-05, E1: since when a PRID is gone is compared with our registrations, by one clock.

    An operator who sets the system's clock back by a day must not have living tokens disowned.
    """
    push = Dispatcher([pns], (), lambda: ahead)
    asked = push.request_push(make_job())
    pns.answer(PushOutcome(Verdict.DEAD, detail="410 Unregistered", gone_since=1000.0))
    outcome = succeeded(asked)
    assert (outcome.gone_since, outcome.detail) == (1000.0 + ahead, "410 Unregistered")


def test_difference_is_that_of_the_answer(pns: MemoryPushProvider, make_job: MakeJob) -> None:
    """N-05, E1: a clock that is set while a push is under way is set for its answer as well."""
    differences = [5.0]
    told = Scripted()
    push = Dispatcher([pns], [told], lambda: differences[-1])
    asked = push.request_push(make_job())
    differences.append(-7.0)
    pns.answer(PushOutcome(Verdict.DEAD, gone_since=1000.0))
    assert succeeded(asked).gone_since == 993.0
    asked = push.request_push(make_job())
    pns.answer(Verdict.DEAD)
    assert succeeded(asked).gone_since is None
