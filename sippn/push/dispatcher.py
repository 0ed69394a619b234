"""Which provider reaches a device, and what policies have to say about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import define, evolve
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure
from zope.interface import implementer

from sippn.binding import (
    Capability,
    PushJob,
    PushKind,
    PushOutcome,
    PushTarget,
    Verdict,
    service_for,
)
from sippn.containment import PolicyBroke, ProviderBroke
from sippn.interfaces import IPushLanes, IPushProvider, IRoutingPolicy, settled

NOBODY = PushOutcome(Verdict.REFUSED, detail="no provider serves this target")
WITHHELD = PushOutcome(Verdict.REFUSED, detail="withheld by a policy")
BROKEN = PushOutcome(Verdict.FAILED, detail="the provider broke")
POLICY_BROKEN = PushOutcome(Verdict.FAILED, detail="a policy broke")


def _even() -> float:
    return 0.0


@implementer(IPushProvider, IPushLanes)
@define(eq=False)
class Dispatcher:
    """
    All providers as one: the first that can push a target is asked.

    None is, where the target has no token for such a push (R-04).

    Providers and policies may be foreign code, and are contained: one that breaks ends one
    push, nothing else.

    :ivar _providers: in order of preference.
    :ivar _policies: asked in this order, about the job and again about its outcome.
    :ivar _ahead: by how many seconds our wall clock, by which bindings were registered, is
        ahead of the system's, which a PNS agrees with: ours goes on evenly when that is set.
    """

    _providers: Sequence[IPushProvider]
    _policies: Sequence[IRoutingPolicy] = ()
    _ahead: Callable[[], float] = _even

    @property
    def capabilities(self) -> Sequence[Capability]:
        """Those of all providers, one for each PNS, as the first provider has it."""
        found: dict[str, Capability] = {}
        for provider in self._providers:
            for capability in provider.capabilities:
                found.setdefault(capability.pns, capability)
        return tuple(found.values())

    def can_push(self, target: PushTarget, kind: PushKind) -> bool:
        """Whether any provider can, and there is a token for it."""
        return self._provider(target, kind) is not None

    def lane_of(self, target: PushTarget) -> str:
        """That of the provider which would refresh *target*; empty: it has none, or none does."""
        lanes = IPushLanes(self._provider(target, PushKind.REFRESH), None)
        return "" if lanes is None else lanes.lane_of(target)

    def request_push(self, job: PushJob) -> Deferred[PushOutcome]:
        """
        Push through the first provider that can, if the policies let it pass.

        :returns: the provider's outcome, dated by our wall clock; REFUSED where no provider
            can or a policy wants no push; FAILED where one of them broke.
        """
        if self._policies:
            return Deferred.fromCoroutine(self._deliver(job))
        return self._ask(job)

    def _provider(self, target: PushTarget, kind: PushKind) -> IPushProvider | None:
        if service_for(target, kind) is None:  # whatever a plugin thinks of it
            return None
        for provider in self._providers:
            if provider.can_push(target, kind):
                return provider
        return None

    async def _deliver(self, job: PushJob) -> PushOutcome:
        try:
            passed = await self._consult(job)
        except PolicyBroke:
            return POLICY_BROKEN  # not pushed: it may be the one that forbids
        if passed is None:
            return WITHHELD
        outcome = await self._ask(passed)
        self._tell(passed, outcome)
        return outcome

    async def _consult(self, job: PushJob) -> PushJob | None:
        for policy in self._policies:
            passed = await settled(policy.on_push(job))
            if passed is None:
                return None
            job = passed
        return job

    def _ask(self, job: PushJob) -> Deferred[PushOutcome]:
        provider = self._provider(job.target, job.kind)
        if provider is None:
            return succeed(NOBODY)
        return provider.request_push(job).addCallbacks(self._on_our_clock, _broken)

    def _on_our_clock(self, outcome: PushOutcome) -> PushOutcome:
        """What a PNS dates, it dates by a clock like the system's."""
        if outcome.gone_since is None:
            return outcome
        return evolve(outcome, gone_since=outcome.gone_since + self._ahead())

    def _tell(self, job: PushJob, outcome: PushOutcome) -> None:
        for policy in self._policies:
            policy.on_push_result(job, outcome)


def _broken(failure: Failure) -> PushOutcome | Failure:
    # trap() would raise it again, and a traceback keeps whoever is on the stack alive
    return BROKEN if failure.check(ProviderBroke) else failure
