"""A routing policy that does no harm, whatever it does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

from attrs import Factory, define, field
from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure
from zope.interface import implementer

from sippn.binding import Binding, PushJob, PushOutcome, RegisterPlan, RoutePlan
from sippn.containment.bounded import Hung, as_deferred, bounded
from sippn.containment.complaints import Complaints
from sippn.errors import SIPError
from sippn.interfaces import IRoutingPolicy, Maybe
from sippn.sip import Request

T = TypeVar("T")

PATIENCE = 5.0  # seconds that somebody waits for its opinion
REFUSES: Final = "on_register"  # where a SIPError is an answer


class PolicyBroke(SIPError):
    """A policy gave no answer; the log has said so."""


@implementer(IRoutingPolicy)
@define(eq=False, repr=False)
class ContainedPolicy:
    """
    A policy that is asked about registrations and pushes.

    Where it does not do as its interface says, nothing is guessed: it may be the one that
    forbids.  Who forbids says so with a :class:`SIPError`, which passes.

    Where requests go is asked by the proxy, which looks after itself.
    """

    _policy: IRoutingPolicy
    _clock: IReactorTime
    _complaints: Complaints = field(
        init=False,
        default=Factory(lambda self: Complaints.about(self._policy, self._clock), takes_self=True),
    )

    def on_register(self, register: Request, plan: RegisterPlan) -> Maybe[RegisterPlan]:
        """Ask it.  :raises PolicyBroke: it gave no plan.  :raises SIPError: it refuses."""
        try:
            asked = self._policy.on_register(register, plan)
        except SIPError:
            raise
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            raise self._broke(REFUSES, error) from None
        return self._answer(REFUSES, asked, _is_plan)

    def determine_targets(self, request: Request, plan: RoutePlan) -> Maybe[RoutePlan]:
        """As the policy."""
        return self._policy.determine_targets(request, plan)

    def select_bindings(self, request: Request, found: Sequence[Binding]) -> Sequence[Binding]:
        """As the policy."""
        return self._policy.select_bindings(request, found)

    def on_push(self, job: PushJob) -> Maybe[PushJob | None]:
        """Ask it.  :raises PolicyBroke: it gave neither a job nor None."""
        try:
            asked = self._policy.on_push(job)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            raise self._broke("on_push", error) from None
        return self._answer("on_push", asked, _is_push)

    def on_push_result(self, job: PushJob, outcome: PushOutcome) -> None:
        """Tell it; nobody waits for what it makes of that."""
        heard: Any
        try:
            heard = self._policy.on_push_result(job, outcome)  # type: ignore[func-returns-value] # it may be written as a coroutine
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            self._complaints.broke("on_push_result", error)
            return
        if isinstance(heard, Awaitable):
            as_deferred(heard).addErrback(self._unheard)

    def _answer(self, on: str, answer: Maybe[T], good: Callable[[object], bool]) -> Maybe[T]:
        if not isinstance(answer, Awaitable):
            return self._good(answer, on, good)
        result = bounded(as_deferred(answer), PATIENCE, self._clock)
        return result.addCallbacks(
            self._good, self._failed, callbackArgs=(on, good), errbackArgs=(on,)
        )

    def _good(self, answer: T, on: str, good: Callable[[object], bool]) -> T:
        if good(answer):
            return answer
        self._complaints.nonsense(on, answer)
        raise PolicyBroke

    def _failed(self, failure: Failure, on: str) -> Failure:
        error = failure.value
        if isinstance(error, CancelledError) or (on == REFUSES and isinstance(error, SIPError)):
            return failure
        if not isinstance(error, Hung):
            return Failure(self._broke(on, error))
        self._complaints.hung(on, PATIENCE)
        return Failure(PolicyBroke())

    def _broke(self, on: str, error: BaseException | None) -> PolicyBroke:
        self._complaints.broke(on, error)
        return PolicyBroke()

    def _unheard(self, failure: Failure) -> None:
        self._complaints.broke("on_push_result", failure.value)


def _is_plan(answer: object) -> bool:
    return isinstance(answer, RegisterPlan) and isinstance(answer.aor, str)


def _is_push(answer: object) -> bool:
    return answer is None or isinstance(answer, PushJob)
