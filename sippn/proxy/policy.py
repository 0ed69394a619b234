"""
Where a request goes when nobody has another opinion.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from zope.interface import implementer

from sippn.binding import AOR, Binding, PushJob, PushOutcome, RegisterPlan, RoutePlan, canonical_aor
from sippn.errors import Forbidden, NotFound
from sippn.interfaces import IRoutingPolicy
from sippn.sip import URI, Request
from sippn.value import value_class


@implementer(IRoutingPolicy)
@value_class
class DomainPolicy:
    """
    Our domains are looked up; the rest of the world is for those we know (A13).

    A plugin's policy may subclass it, or stand beside it: it changes nothing that
    a policy before it has decided.

    :ivar _serves: whether a host is one of our domains.
    :ivar _owns: whether (host, port) is one of our own addresses.
    """

    _serves: Callable[[str], bool]
    _owns: Callable[[str, int | None], bool]

    def on_register(self, register: Request, plan: RegisterPlan) -> RegisterPlan:  # noqa: ARG002 - the socket's shape
        """Leave every registration as it is."""
        return plan

    def determine_targets(self, request: Request, plan: RoutePlan) -> RoutePlan:
        """
        The AOR in the Request-URI, or the URI itself where it is foreign (RFC 3261 16.5).

        :raises NotFound: it names us, and nobody here.
        :raises Forbidden: a foreign target, and a sender who is neither authenticated nor
            trusted: this is no open relay.
        """
        if plan.targets:
            return plan
        uri = request.request_uri
        served = self._serves(uri.host)
        if uri.user is None and served:
            raise NotFound
        if served:
            return _toward(plan, canonical_aor(uri))
        if self._owns(uri.host, uri.port):
            raise NotFound("Not a domain of this server")
        if plan.principal is None:
            raise Forbidden("Relaying Denied")
        return _toward(plan, uri)

    def select_bindings(self, request: Request, found: Sequence[Binding]) -> Sequence[Binding]:  # noqa: ARG002 - the socket's shape
        """All of them, in the order found."""
        return found

    def on_push(self, job: PushJob) -> PushJob:
        """Leave every push as it is."""
        return job

    def on_push_result(self, job: PushJob, outcome: PushOutcome) -> None:
        """Learn nothing."""


def _toward(plan: RoutePlan, target: AOR | URI) -> RoutePlan:
    return RoutePlan((target,), plan.principal, plan.wait, plan.provisional)
