"""
What a branch asks of the response context that owns it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall

from sippn.binding import Binding
from sippn.proxy.forwarder import Target
from sippn.sip import Response
from sippn.transaction import ClientObserver, ClientTransaction
from sippn.transport import Flow

B_contra = TypeVar("B_contra", contravariant=True)  # the branch, which stands above this


class BranchOwner(Protocol[B_contra]):
    """The response context, which owns all branches of a request and answers it."""

    def flow_to(self, target: Target) -> Flow | Deferred[Flow]:
        """The way to *target*, to be opened perhaps.  :raises TransportError: there is none."""

    def target_of(self, branch: B_contra, binding: Binding) -> Target:
        """Where *binding*, of *branch*'s UA, is now."""

    def send(self, target: Target, flow: Flow, leg: ClientObserver) -> ClientTransaction:
        """Send the request to *target* on *flow*."""

    def may_wake(self) -> bool:
        """Whether there is time for a wake, and anybody to wait for it."""

    def wake(self, branch: B_contra) -> Deferred[Binding]:
        """Push the UA and wait for it.  :raises SIPError: the request may not wait."""

    def is_awake(self, branch: B_contra) -> None:
        """The UA has answered by itself: no push has to be taken back."""

    def came_too_late(self, branch: B_contra) -> None:
        """The UA was pushed, and nothing can tell it that nobody waits any more (S-12)."""

    def wait_over(self) -> None:
        """A wait is over, however it ended."""

    def at_the_end(self, action: Callable[[], None]) -> IDelayedCall:
        """Do *action* when nobody waits for a wake any more."""

    def is_out_to(self, binding: Binding, but: B_contra) -> bool:
        """Whether another branch has reached *binding*."""

    def branch_answered(self, branch: B_contra, response: Response, flow: Flow) -> None:
        """Something above 100 came back; it can go on to the caller as it is."""

    def branch_ended(self) -> None:
        """One more has its final."""
