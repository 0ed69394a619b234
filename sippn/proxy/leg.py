"""
One copy of a request, out on one flow.
"""

from __future__ import annotations

from typing import Protocol

from attrs import define, field

from sippn.binding import Binding
from sippn.errors import BadRequest, SIPError, TransportError
from sippn.proxy.breadth import Breadth
from sippn.proxy.forwarding import upstream_response
from sippn.sip import Response
from sippn.transaction import ClientTransaction
from sippn.transport import Flow


class LegOwner(Protocol):
    """Who sent it: a branch."""

    def leg_heard(self, leg: Leg) -> None:
        """The UA took notice: a 100, or more."""

    def leg_rang(self, leg: Leg, response: Response) -> None:
        """A provisional response above 100, as it can go on to the caller."""

    def leg_answered(self, leg: Leg, response: Response) -> None:
        """A 2xx, likewise; to an INVITE it may come more than once."""

    def leg_refused(self, leg: Leg, response: Response | None) -> None:
        """Any other final response; None: one that nobody could understand."""

    def leg_lost(self, leg: Leg, error: SIPError | TransportError) -> None:
        """Nothing will come back any more."""

    def leg_cut_off(self, leg: Leg) -> None:
        """Its connection is gone; an answer could still come on another one."""


@define(eq=False)
class Leg:
    """
    Tells its branch what comes of one client transaction.

    :ivar flow: the flow it is out on.
    :ivar second: another leg of this branch went out before it.
    :ivar heard: the UA took notice of it; *rang*: with more than a 100.
    :ivar lost: its connection is gone.
    :ivar cancelled: it was taken back.
    :ivar over: it has its final response, or will have none.
    :ivar share: of *breadth*, lent to it while it is out (RFC 5393 section 5.3.3.1).
    """

    branch: LegOwner
    flow: Flow
    second: bool = False
    breadth: Breadth | None = field(default=None, init=False)
    share: int = field(default=0, init=False)
    client: ClientTransaction | None = field(default=None, init=False)
    heard: bool = field(default=False, init=False)
    rang: bool = field(default=False, init=False)
    lost: bool = field(default=False, init=False)
    cancelled: bool = field(default=False, init=False)
    over: bool = field(default=False, init=False)

    @property
    def is_invite(self) -> bool:
        """Whether it rings somewhere, and can be taken back."""
        return self.client is not None and self.client.request.method == "INVITE"

    @property
    def in_dialog(self) -> bool:
        """Whether it belongs to a dialog that there is already."""
        return self.client is not None and self.client.request.to.tag is not None

    def reaches(self, binding: Binding) -> bool:
        """Whether *binding* is reached where this went."""
        return not self.lost and self.flow.token == binding.flow

    def gets_to(self, binding: Binding) -> bool:
        """
        Whether it will get to *binding* by itself.

        Over UDP a UA that is back is better sent a new INVITE than left to wait for the next
        repetition.  In a dialog it would see one CSeq in two transactions (RFC 3261 section
        12.2.2), so there the repetition has to do.
        """
        return self.reaches(binding) and (self.flow.reliable or self.in_dialog)

    def abandon(self) -> None:
        """
        Leave it for a leg on another flow (S-05).

        A UA that has noticed it is sent a CANCEL; one that has not is to see it no more.
        """
        if self.heard:
            self.cancel()
        elif self.client is not None:
            self.client.hush()

    def cancel(self, reason: str = "") -> None:
        """
        Take it back, if it is an INVITE (RFC 3261 section 9.1); repeat it no more in any case.

        :param reason: of a Reason field (RFC 3326).
        """
        if self.over or self.client is None:
            return
        self.cancelled = True
        self.client.cancel(reason)
        self.client.hush()

    def response_received(self, response: Response) -> None:
        """The client transaction has an answer."""
        if not self.heard:
            self.heard = True
            self.branch.leg_heard(self)
        if response.status == 100:
            return
        if response.status >= 200:
            self.end()
        try:
            passed = upstream_response(response)
        except BadRequest:
            if response.status >= 200:  # nothing else will come
                self.branch.leg_refused(self, None)
            return
        self._pass(passed)

    def no_response(self, error: SIPError | TransportError) -> None:
        """The client transaction will never have one."""
        self.end()
        self.branch.leg_lost(self, error)

    def flow_lost(self) -> None:
        """The client transaction has lost its connection."""
        self.lost = True
        self.branch.leg_cut_off(self)

    def end(self) -> None:
        """Nothing more will come of it."""
        if self.breadth is not None and not self.over:
            self.breadth.free += self.share
        self.over = True

    def _pass(self, response: Response) -> None:
        if response.status < 200:
            self.rang = True
            self.branch.leg_rang(self, response)
        elif response.status < 300:
            self.branch.leg_answered(self, response)
        else:
            self.branch.leg_refused(self, response)
