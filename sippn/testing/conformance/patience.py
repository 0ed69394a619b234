"""How long a scenario waits, and what it says when that was in vain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import define
from twisted.internet import defer
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from sippn.sip import Response
from sippn.testing.conformance.subject import Subject
from sippn.testing.conformance.verdicts import Failed

_LOOK = 0.01  # seconds between two looks at what has no Deferred


@define(eq=False)
class Patience:
    """
    Waits for one server.

    :ivar reactor: for sockets and time.
    """

    subject: Subject
    reactor: Any

    async def answered(self, answer: Deferred[Response], what: str, seconds: float = 0) -> Response:
        """
        The response that *answer* fires with.

        :param what: was asked, for the story.
        :raises Failed: nobody answered within *seconds*, or what patience there is.
        """
        copy: Deferred[Response] = Deferred()

        def came(response: Response) -> Response:
            if not copy.called:
                copy.callback(response)
            return response

        answer.addCallback(came)
        seconds = seconds or self.subject.patience
        try:
            return await copy.addTimeout(seconds, self.reactor)
        except defer.TimeoutError:
            raise Failed(f"no final response to {what} within {seconds:g} s") from None

    async def until(self, look: Callable[[], object], what: str, seconds: float = 0) -> None:
        """
        Go on as soon as *look* finds something.

        :param what: is awaited, for the story.
        :raises Failed: it found nothing within *seconds*, or what patience there is.
        """
        seconds = seconds or self.subject.patience
        end = self.reactor.seconds() + seconds
        while not look():
            if self.reactor.seconds() > end:
                raise Failed(f"no sign of {what} within {seconds:g} s")
            await self.pause(_LOOK)

    async def nothing_more(self) -> None:
        """Let come what may come yet."""
        await self.pause(self.subject.quiet)

    def pause(self, seconds: float) -> Deferred[None]:
        """Let time pass."""
        return deferLater(self.reactor, seconds)

    def now(self) -> float:
        """Seconds, on the clock of all phones."""
        return float(self.reactor.seconds())
