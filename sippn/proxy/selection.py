"""
What the policies make of a request: its targets, and which bindings of them (REQUIREMENTS S-02).
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from math import isfinite
from typing import Any

from attrs import Factory, define, field
from twisted.internet.interfaces import IReactorTime

from sippn.binding import Binding, RoutePlan
from sippn.containment import Complaints, Hung, PolicyBroke, bounded
from sippn.containment.bounded import as_deferred
from sippn.errors import SIPError
from sippn.interfaces import IRoutingPolicy
from sippn.sip import URI, Request

PATIENCE = 5.0  # seconds: a caller who hears nothing for longer hangs up
_TARGETS = "determine_targets"
_BINDINGS = "select_bindings"


@define(eq=False)
class Selection:
    """
    Asks the policies, of those who are there and of those who come late.

    A plugin that raises, hangs or gives nonsense ends the request that it was asked about:
    nothing is guessed in its place, for it may be the one that forbids.

    :ivar _policies: asked in order; the last is usually a :class:`DomainPolicy`.
    """

    _policies: Sequence[IRoutingPolicy]
    _clock: IReactorTime
    _asked: Sequence[tuple[IRoutingPolicy, Complaints]] = field(
        init=False,
        default=Factory(
            lambda self: [(one, Complaints.about(one, self._clock)) for one in self._policies],
            takes_self=True,
        ),
    )

    async def planned(self, request: Request, plan: RoutePlan) -> RoutePlan:
        """
        *plan* as the policies want it (RFC 3261 section 16.5).

        :raises SIPError: one of them refuses *request*.
        :raises PolicyBroke: one of them gives no answer.
        """
        for policy, complaints in self._asked:
            bent: Any = None
            try:
                bent = policy.determine_targets(request, plan)
                if not isinstance(bent, RoutePlan) and isinstance(bent, Awaitable):
                    bent = await bounded(as_deferred(bent), PATIENCE, self._clock)
            except SIPError:
                raise
            except Hung:
                complaints.hung(_TARGETS, PATIENCE)
                raise PolicyBroke from None
            except Exception as error:  # noqa: BLE001 - a plugin may raise anything
                complaints.broke(_TARGETS, error)
                raise PolicyBroke from None
            if not _is_plan(bent):
                complaints.nonsense(_TARGETS, bent)
                raise PolicyBroke
            plan = bent
        return plan

    def chosen(self, request: Request, found: Sequence[Binding]) -> Sequence[Binding]:
        """
        The bindings of *found* that *request* goes to, in order.

        :raises SIPError: as :meth:`planned`.
        """
        for policy, complaints in self._asked:
            try:
                bent = policy.select_bindings(request, found)
            except SIPError:
                raise
            except Exception as error:  # noqa: BLE001 - a plugin may raise anything
                complaints.broke(_BINDINGS, error)
                raise PolicyBroke from None
            if bent is not found and not _are_bindings(bent):
                complaints.nonsense(_BINDINGS, bent)
                raise PolicyBroke
            found = bent
        return _one_flow_each(found)


def _is_plan(plan: object) -> bool:
    if not isinstance(plan, RoutePlan) or not isinstance(plan.targets, Sequence):
        return False
    for target in plan.targets:
        if not isinstance(target, str | URI):
            return False
    wait, told = plan.wait, plan.provisional
    return (wait is None or _is_time(wait)) and (told is None or _is_provisional(told))


def _is_time(seconds: Any) -> bool:
    return isinstance(seconds, int | float) and isfinite(seconds) and seconds >= 0


def _is_provisional(status: Any) -> bool:
    return isinstance(status, int) and 100 < status < 200


def _are_bindings(found: Any) -> bool:
    return isinstance(found, Sequence) and all(isinstance(one, Binding) for one in found)


def _one_flow_each(bindings: Sequence[Binding]) -> list[Binding]:
    """The first of each device: two flows of it would ring it twice (RFC 5626 section 7)."""
    chosen: dict[str, Binding] = {}
    for binding in bindings:
        chosen.setdefault(binding.instance or binding.id, binding)
    return list(chosen.values())
