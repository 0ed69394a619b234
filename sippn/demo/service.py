"""The demo as a service: call after call, until it is stopped or has shown enough."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from sippn.demo.scene import Outcome, Scene
from sippn.demo.stage import Stage
from sippn.interfaces import Surroundings

PAUSE = 3.0  # seconds between two calls

WELCOME = """\
A phone that sleeps, a caller, a stand-in for Apple's push service, and sippn between them: all
on 127.0.0.1, the pushes over HTTP/2 and TLS as Apple takes them.
Times are in seconds. Ctrl-C ends it.
"""

GOODBYE = """\
{played}; {woken} woken exactly once.

Now your own phone: start a server with

    twistd -n sippn

and register at 127.0.0.1:5060 over UDP or TCP, as any user of any domain, with any password.
"""


class Demo(Service):
    """
    Plays calls, one after the other.

    It does not stop the reactor: who started it does, when :attr:`finished` says so.

    :ivar finished: fires when it is over, after the last call or because it was stopped,
        with whether every call it was to play woke its phone exactly once.
    """

    _log: ClassVar[Logger] = Logger()

    def __init__(
        self, surroundings: Surroundings, calls: int | None, out: Callable[[str], None]
    ) -> None:
        self.finished: Deferred[bool] = Deferred()
        self._around = surroundings
        self._calls = calls
        self._out = out
        self._outcomes: list[Outcome] = []
        self._stage: Stage | None = None
        self._playing: Deferred[None] = succeed(None)

    def startService(self) -> None:
        """
        Bring everybody up, and begin.

        :raises CannotListenError: there is no free port.
        """
        super().startService()
        self._stage = Stage.up(self._around)
        self._show(WELCOME)
        self._playing = Deferred.fromCoroutine(self._play(self._stage))
        self._playing.addErrback(self._broke).addCallback(self._finish)

    def stopService(self) -> Deferred[object]:
        """Stop where it is, say goodbye, send everybody home."""
        super().stopService()
        stage, self._stage = self._stage, None
        if stage is None:
            return succeed(None)
        self._playing.cancel()
        played = len(self._outcomes)
        self._show(
            GOODBYE.format(
                played="1 call" if played == 1 else f"{played} calls",
                woken=sum(outcome.woken for outcome in self._outcomes),
            )
        )
        return stage.down()

    def _show(self, text: str) -> None:
        try:
            self._out(text)
        except OSError:  # nobody reads it any more: it was piped into a pager that ended
            self._out = _nowhere
            self._around.clock.callLater(0, self._give_up)

    def _give_up(self) -> None:
        self._playing.cancel()

    async def _play(self, stage: Stage) -> None:
        while self._calls is None or len(self._outcomes) < self._calls:
            if self._outcomes:
                await deferLater(self._around.clock, PAUSE)
            outcome = await Scene(stage, self._show).play()
            self._outcomes.append(outcome)
            result = "" if outcome.woken else " failed"
            self._show(f"\nCall {len(self._outcomes)}{result}: {outcome.words}.\n")

    def _broke(self, failure: Failure) -> None:
        """Show a bug, and let the demo end as one that failed."""
        if not failure.check(CancelledError):
            self._outcomes.append(Outcome(woken=False, words="the demo broke"))
            self._log.failure("the demo broke", failure)

    def _finish(self, _: None) -> None:
        enough = self._calls is None or len(self._outcomes) == self._calls
        self.finished.callback(enough and all(outcome.woken for outcome in self._outcomes))


def _nowhere(text: str) -> None:
    """Where text goes that nobody can see."""
