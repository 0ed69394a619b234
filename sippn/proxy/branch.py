"""
One branch of a request: it waits for a sleeping UA, is out, or has ended.
"""

from __future__ import annotations

from typing import Protocol

from attrs import define
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from sippn.binding import Binding
from sippn.errors import BadRequest, SIPError, TransportError
from sippn.proxy.best import Final
from sippn.proxy.forwarder import Target
from sippn.proxy.forwarding import upstream_response
from sippn.sip import Response
from sippn.transaction import ClientTransaction, FixedTimer, Handle


class BranchOwner(Protocol):
    """Who takes every decision about a branch: the response context."""

    def branch_woken(self, branch: Branch, binding: Binding) -> None:
        """The UA is back: its request can go out."""

    def branch_answered(self, branch: Branch, response: Response) -> None:
        """Something above 100 came back; it can go on to the caller as it is."""

    def branch_lost(self, branch: Branch, error: SIPError | TransportError) -> None:
        """Nothing will come back any more."""

    def branch_ended(self) -> None:
        """One more has its final."""


@define(eq=False)
class Branch:
    """
    What is under way to one target.

    :ivar waiting: the wake it waits for.
    :ivar client: the transaction it is out with.
    :ivar final: how it ended; None while it lives.
    :ivar rewoken: it died after a wake and was given its one more chance (S-08).
    :ivar stopped: nobody wants it any more.
    :ivar timer_c: an INVITE that rings for longer is given up (RFC 3261 section 16.8).
    """

    owner: BranchOwner
    target: Target
    waiting: Deferred[Binding] | None = None
    client: ClientTransaction | None = None
    final: Final | None = None
    rewoken: bool = False
    stopped: bool = False
    timer_c: Handle | None = None

    def wait_for(self, wake: Deferred[Binding]) -> None:
        """Wait until *wake* brings the UA's binding, or does not."""
        self.waiting = wake
        wake.addCallbacks(self._woken, self._not_woken)

    def stop(self) -> None:
        """End it early: withdraw a wait, cancel what is out (RFC 3261 section 16.10)."""
        self.stopped = True
        if self.waiting is not None:
            self.waiting.cancel()
        elif self.client is not None and self.final is None:
            self.client.cancel()

    def ring_on(self, timer: FixedTimer) -> None:
        """Start Timer C, or start it anew."""
        self.ring_no_more()
        self.timer_c = timer.start(self.stop)

    def ring_no_more(self) -> None:
        """Stop Timer C."""
        if self.timer_c is not None:
            self.timer_c.cancel()
            self.timer_c = None

    def end(self, final: Final) -> None:
        """It is over; a second end changes nothing."""
        self.ring_no_more()
        if self.final is None:
            self.final = final
            self.owner.branch_ended()

    def response_received(self, response: Response) -> None:
        """The client transaction has an answer."""
        if response.status == 100:
            return
        try:
            passed = upstream_response(response)
        except BadRequest:
            if response.status >= 200:  # nothing else will come
                self.end(Final(502))
            return
        self.owner.branch_answered(self, passed)

    def no_response(self, error: SIPError | TransportError) -> None:
        """The client transaction will never have one."""
        if self.final is None:
            self.owner.branch_lost(self, error)

    def _woken(self, binding: Binding) -> None:
        self.waiting = None
        self.owner.branch_woken(self, binding)

    def _not_woken(self, failure: Failure) -> None:
        self.waiting = None
        error = failure.value
        if isinstance(error, SIPError):
            self.end(Final(error.status, headers=error.headers))
        elif isinstance(error, CancelledError):
            self.end(Final(487))
        else:
            self.end(Final(500))
            failure.raiseException()
