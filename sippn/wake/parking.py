"""
How many requests may wait, and for whom (RELIABILITY W5).

A request takes one place however many sleeping UAs it waits for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from attrs import define, field

from sippn.auth import network_of
from sippn.binding import AOR, Principal, Source
from sippn.errors import ServiceUnavailable, SIPError, Unreachable
from sippn.value import value_class
from sippn.wake.settings import ParkingLimits

RETRY_AFTER = 5  # seconds: about what one wake takes


@value_class
class Caller:
    """
    On whose account a request waits and pushes.

    :ivar key: the authenticated user, else the source address; of IPv6 the network, in
        which a stranger has as many addresses as he likes.
    :ivar trusted: a peer of the operator's: not budgeted.
    :ivar stranger: nobody vouches for it: its pushes are counted.
    """

    key: str
    trusted: bool = False
    stranger: bool = False

    @classmethod
    def of(cls, principal: Principal | None, source: Source) -> Caller:
        """Who answers for a request that *principal* sent from *source*."""
        if principal is None:
            return cls(network_of(source.host), stranger=True)
        return cls(principal.user, trusted=principal.trusted)


@define(eq=False)
class Parking:
    """Counts the requests that wait: in all, per callee and per caller."""

    _limits: ParkingLimits
    _callees: Counter[AOR] = field(factory=Counter, init=False)
    _callers: Counter[str] = field(factory=Counter, init=False)
    _total: int = field(default=0, init=False)

    def __len__(self) -> int:
        return self._total

    def __contains__(self, callee: AOR) -> bool:
        """Whether a request waits for *callee*."""
        return callee in self._callees

    def enter(self, callee: AOR, caller: Caller) -> Callable[[], None]:
        """
        Take a place for a request to *callee*.

        :returns: call it once, when the request waits no more; or :meth:`leave`.
        :raises Unreachable: the callee's or the caller's places are taken; Retry-After says
            when to try again.
        :raises ServiceUnavailable: all are.  Only this one is a 503: whoever gets one may
            stop sending anything (RFC 3261 section 21.5.4).
        """
        refusal = self._refusal(callee, caller)
        if refusal is not None:
            raise refusal
        self._total += 1
        self._callees[callee] += 1
        if not caller.trusted:
            self._callers[caller.key] += 1
        return lambda: self.leave(callee, caller)

    def leave(self, callee: AOR, caller: Caller) -> None:
        """Give the place back that *caller* has for a request to *callee*, once."""
        self._total -= 1
        _decrement(self._callees, callee)
        if not caller.trusted:
            _decrement(self._callers, caller.key)

    def _refusal(self, callee: AOR, caller: Caller) -> SIPError | None:
        limits, later = self._limits, [("Retry-After", str(RETRY_AFTER))]
        if 0 < limits.parked <= self._total:
            return ServiceUnavailable("", later)
        if 0 < limits.parked_per_callee <= self._callees[callee]:
            return Unreachable("", later)
        if not caller.trusted and 0 < limits.parked_per_caller <= self._callers[caller.key]:
            return Unreachable("", later)
        return None


def _decrement(counts: Counter[str], key: str) -> None:
    counts[key] -= 1
    if not counts[key]:
        del counts[key]  # or every callee there ever was is remembered
