"""Which provider reaches a device, and what policies have to say about it."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define
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
from sippn.interfaces import IPushProvider, IRoutingPolicy, settled

NOBODY = PushOutcome(Verdict.REFUSED, detail="no provider serves this target")
WITHHELD = PushOutcome(Verdict.REFUSED, detail="withheld by a policy")
BROKEN = PushOutcome(Verdict.FAILED, detail="the provider broke")
POLICY_BROKEN = PushOutcome(Verdict.FAILED, detail="a policy broke")


@implementer(IPushProvider)
@define(eq=False)
class Dispatcher:
    """
    All providers as one: the first that can push a target is asked.

    None is, where the target has no token for such a push (R-04).

    Providers and policies may be foreign code, and are contained: one that breaks ends one
    push, nothing else.

    :ivar _providers: in order of preference.
    :ivar _policies: asked in this order, about the job and again about its outcome.
    """

    _providers: Sequence[IPushProvider]
    _policies: Sequence[IRoutingPolicy] = ()

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

    def request_push(self, job: PushJob) -> Deferred[PushOutcome]:
        """
        Push through the first provider that can, if the policies let it pass.

        :returns: the provider's outcome; REFUSED where no provider can or a
            policy wants no push; FAILED where one of them broke.
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
        return provider.request_push(job).addCallbacks(_as_it_is, _broken)

    def _tell(self, job: PushJob, outcome: PushOutcome) -> None:
        for policy in self._policies:
            policy.on_push_result(job, outcome)


def _as_it_is(outcome: PushOutcome) -> PushOutcome:
    return outcome


def _broken(failure: Failure) -> PushOutcome | Failure:
    # trap() would raise it again, and a traceback keeps whoever is on the stack alive
    return BROKEN if failure.check(ProviderBroke) else failure
