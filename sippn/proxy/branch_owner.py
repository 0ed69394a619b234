"""
What a branch asks of the response context that owns it.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

from twisted.internet.defer import Deferred

from sippn.binding import Binding
from sippn.proxy.forwarder import Target
from sippn.proxy.leg import Leg
from sippn.proxy.wakes import Wakes
from sippn.sip import Response
from sippn.transaction import ClientTransaction
from sippn.transport import Flow

B_contra = TypeVar("B_contra", contravariant=True)  # the branch, which stands above this


class BranchOwner(Protocol[B_contra]):
    """
    The response context, which owns all branches of a request and answers it.

    :ivar wakes: its waits.
    """

    wakes: Wakes

    def flow_to(self, target: Target) -> Flow | Deferred[Flow]:
        """The way to *target*, to be opened perhaps.  :raises TransportError: there is none."""

    def target_of(self, branch: B_contra, binding: Binding) -> Target:
        """Where *binding*, of *branch*'s UA, is now."""

    def send(self, branch: B_contra, leg: Leg) -> ClientTransaction:
        """
        Send the request to the target of *branch*.

        :raises MaxBreadthExceeded: it is out to as many as it may be.
        """

    def is_out_to(self, binding: Binding, but: B_contra) -> bool:
        """Whether another branch has reached *binding*."""

    def branch_answered(self, branch: B_contra, response: Response, flow: Flow) -> None:
        """Something above 100 came back; it can go on to the caller as it is."""

    def branch_ended(self) -> None:
        """One more has its final."""
