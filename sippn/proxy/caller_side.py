"""
What the caller hears: the server transaction's side of a proxied request.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from sippn.events import Bus, RequestAnswered
from sippn.proxy.best import Final
from sippn.sip import REASONS, Response, response_to
from sippn.transaction import ServerTransaction

PROVISIONAL_EVERY = 60  # seconds: well inside the Timer C of whoever waits upstream (S-06)


@define(eq=False)
class CallerSide:
    """
    Gives the responses; which ones, the response context decides.

    :ivar answered: a final one was given; *refused*: it was no 2xx.
    """

    _transaction: ServerTransaction
    _entropy: Callable[[int], bytes]
    _clock: IReactorTime
    _bus: Bus
    answered: bool = field(default=False, init=False)
    refused: bool = field(default=False, init=False)
    _tag: str = field(default="", init=False)
    _reminder: IDelayedCall | None = field(default=None, init=False)

    def progress(self, response: Response) -> None:
        """Pass a provisional response on."""
        self._transaction.respond(response)

    def accept(self, response: Response) -> None:
        """Pass a 2xx on; to an INVITE there may be several (RFC 3261 16.7, step 5)."""
        self._transaction.respond(response)
        if not self.answered:
            self._answered(response.status, response.reason)

    def relay(self, response: Response) -> None:
        """Pass on the final response that was chosen."""
        # a 503 would tell the caller to stop using this proxy for everybody (16.7, step 6)
        if response.status == 503:
            response = Response(500, REASONS[500], response.headers, response.body)
        self.refused = True
        self._transaction.respond(response)
        self._answered(response.status, response.reason)

    def refuse(self, final: Final, reason: str = "", to_tag: str = "") -> None:
        """Give a final response of our own, unless there was one."""
        if not self.answered:
            self.refused = True
            self._tag = self._tag or to_tag
            self._transaction.respond(self._own(final, reason))
            self._answered(final.status, reason)

    def remind(self, status: int) -> None:
        """Say *status* now and then, so that the caller goes on waiting."""
        self._remind(self._own(Final(status)))

    def remind_no_more(self) -> None:
        """There is nothing to wait for."""
        if self._reminder is not None:
            self._reminder.cancel()
            self._reminder = None

    def _remind(self, provisional: Response) -> None:
        self._transaction.respond(provisional)
        self._reminder = self._clock.callLater(PROVISIONAL_EVERY, self._remind, provisional)

    def _own(self, final: Final, reason: str = "") -> Response:
        """A response of ours; all those to one request have one To tag (RFC 3261 8.2.6.2)."""
        self._tag = self._tag or self._entropy(6).hex()
        request = self._transaction.request
        return response_to(request, final.status, reason, final.headers, to_tag=self._tag)

    def _answered(self, status: int, reason: str) -> None:
        self.answered = True
        if self._bus.heard:
            now, request = self._clock.seconds(), self._transaction.request
            self._bus.publish(RequestAnswered(now, request.call_id, request.method, status, reason))
