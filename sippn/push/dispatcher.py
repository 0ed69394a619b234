"""Which provider reaches a device, and what policies have to say about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from attrs import define
from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from sippn.binding import Capability, PushJob, PushKind, PushOutcome, PushTarget, Verdict
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

    Providers and policies may be foreign code: what they raise is logged here
    and ends one push, nothing else.

    :ivar _providers: in order of preference.
    :ivar _policies: asked in this order, about the job and again about its outcome.
    """

    _providers: Sequence[IPushProvider]
    _policies: Sequence[IRoutingPolicy] = ()
    _log: ClassVar[Logger] = Logger()

    @property
    def capabilities(self) -> Sequence[Capability]:
        """Those of all providers, one for each PNS, as the first provider has it."""
        found: dict[str, Capability] = {}
        for provider in self._providers:
            for capability in provider.capabilities:
                found.setdefault(capability.pns, capability)
        return tuple(found.values())

    def can_push(self, target: PushTarget, kind: PushKind) -> bool:
        """Whether any provider can."""
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
        for provider in self._providers:
            try:
                if provider.can_push(target, kind):
                    return provider
            except Exception:  # noqa: BLE001 - a plugin may raise anything
                self._log.failure("a provider broke on can_push of {pns}", pns=target.provider)
        return None

    async def _deliver(self, job: PushJob) -> PushOutcome:
        try:
            passed = await self._consult(job)
        except CancelledError:
            raise
        except Exception:  # noqa: BLE001 - a plugin may raise anything
            # not pushed: a policy that breaks may be the one that forbids
            self._log.failure("a policy broke on push {id}", id=job.id)
            return POLICY_BROKEN
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
        try:
            asked = provider.request_push(job)
        except Exception:  # noqa: BLE001 - a plugin may raise anything
            asked = fail()
        if not isinstance(asked, Deferred):
            asked = Deferred.fromCoroutine(settled(asked))
        return asked.addCallbacks(self._checked, self._broken, (job,), {}, (job,))

    def _checked(self, outcome: PushOutcome, job: PushJob) -> PushOutcome:
        if isinstance(outcome, PushOutcome):
            return outcome
        self._log.error("the provider of {pns} gave no outcome", pns=job.target.provider)
        return BROKEN

    def _broken(self, failure: Failure, job: PushJob) -> PushOutcome | Failure:
        if failure.check(CancelledError):
            return failure
        pns = job.target.provider
        self._log.failure("the provider of {pns} broke", failure, pns=pns, id=job.id)
        return BROKEN

    def _tell(self, job: PushJob, outcome: PushOutcome) -> None:
        for policy in self._policies:
            try:
                policy.on_push_result(job, outcome)
            except Exception:  # noqa: BLE001 - a plugin may raise anything
                self._log.failure("a policy broke on the outcome of push {id}", id=job.id)
