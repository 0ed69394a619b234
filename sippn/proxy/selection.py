"""
Which bindings of an AOR a request goes to (REQUIREMENTS S-02).
"""

from __future__ import annotations

from collections.abc import Sequence

from sippn.binding import Binding
from sippn.interfaces import IRoutingPolicy
from sippn.sip import Request
from sippn.value import value_class


@value_class
class Selection:
    """Asks the policies, of those who are there and of those who come late."""

    _policies: Sequence[IRoutingPolicy]

    def chosen(self, request: Request, found: Sequence[Binding]) -> Sequence[Binding]:
        """The bindings of *found* that *request* goes to, in order."""
        for policy in self._policies:
            found = policy.select_bindings(request, found)
        return _one_flow_each(found)


def _one_flow_each(bindings: Sequence[Binding]) -> list[Binding]:
    """The first of each device: two flows of it would ring it twice (RFC 5626 section 7)."""
    chosen: dict[str, Binding] = {}
    for binding in bindings:
        chosen.setdefault(binding.instance or binding.id, binding)
    return list(chosen.values())
