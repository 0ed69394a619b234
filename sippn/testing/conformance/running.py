"""Plays scenarios, some at a time, and tells what came of each, in their order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from attrs import define, field
from twisted.internet import defer
from twisted.internet.defer import Deferred, ensureDeferred

from sippn.sip import Response
from sippn.testing.conformance.catalogue import Scenario
from sippn.testing.conformance.receiver import Receiver
from sippn.testing.conformance.subject import Subject, Users
from sippn.testing.conformance.trial import Trial
from sippn.testing.conformance.verdicts import Failed, Result, Skipped, Verdict

LONGEST = 60.0  # seconds beyond the server's own wait; nothing takes as long unless it hangs

Report = Callable[[Scenario, Result], None]


@define(eq=False)
class Run:
    """
    All scenarios on one server.

    :ivar reactor: for sockets and time.
    :ivar report: told of each scenario, in their order.
    :ivar results: what came of them.
    """

    subject: Subject
    users: Users
    reactor: Any
    receiver: Receiver
    report: Report
    at_once: int = 1
    results: dict[str, Result] = field(factory=dict, init=False)
    _waiting: list[Scenario] = field(factory=list, init=False)
    _untold: list[Scenario] = field(factory=list, init=False)

    async def play(self, scenarios: Sequence[Scenario]) -> dict[str, Result]:
        """Play them.  :returns: name of the scenario to its result."""
        self._waiting, self._untold = list(scenarios), list(scenarios)
        players = min(self.at_once, self.users.casts)
        for player in [ensureDeferred(self._player()) for _ in range(players)]:
            await player
        return self.results

    async def greet(self) -> Response:
        """
        What the server says to a first user who asks for bindings.

        :raises Failed: nothing.
        """
        cast = self.users.take()
        trial = Trial(self.subject, self.reactor, self.receiver, cast)
        try:
            phone = await trial.phone("alice")
            return await trial.answered(phone.query(), "a REGISTER that asks for bindings")
        finally:
            trial.leave()
            self.users.give_back(cast)

    async def _player(self) -> None:
        while self._waiting:
            one = self._waiting.pop(0)
            self.results[one.name] = await self._result(one)
            while self._untold and self._untold[0].name in self.results:
                told = self._untold.pop(0)
                self.report(told, self.results[told.name])

    async def _result(self, one: Scenario) -> Result:
        cast = self.users.take()
        trial = Trial(self.subject, self.reactor, self.receiver, cast)
        begin = trial.now()
        verdict, reason = await self._played(one, trial)
        seconds = trial.now() - begin
        said = tuple(trial.transcript)
        await trial.clear()
        self.users.give_back(cast)
        return Result(verdict, reason, seconds, said)

    async def _played(self, one: Scenario, trial: Trial) -> tuple[Verdict, str]:
        limit = LONGEST + self.subject.wait + self.subject.longest
        playing: Deferred[None] = ensureDeferred(_play(one, trial))
        try:
            await playing.addTimeout(limit, self.reactor)
        except Skipped as skipped:
            return Verdict.SKIPPED, str(skipped)
        except Failed as failed:
            return (Verdict.SKIPPED if one.optional else Verdict.FAILED), str(failed)
        except defer.TimeoutError:
            return Verdict.FAILED, f"it took more than {limit:g} s"
        except Exception as error:  # noqa: BLE001 - a bug of the suite: the others go on
            return Verdict.FAILED, f"the scenario broke: {error!r}"
        return Verdict.OK, ""


async def _play(one: Scenario, trial: Trial) -> None:
    await one.play(trial)
