"""What the log says of a push service that takes none of our pushes, and why."""

from __future__ import annotations

from typing import ClassVar, Final

from attrs import define, field
from twisted.logger import Logger

from sippn.binding import PushOutcome, Verdict
from sippn.interfaces import IPushProvider
from sippn.push.names import name_of
from sippn.push.told import Told

DEAD_IN_A_ROW: Final = 10  # tokens that are dead for one reason


@define(eq=False, repr=False)
class Alarms:
    """
    Says once what is wrong with our credentials, app or configuration, and that it is over.

    A PNS that refuses pushes refuses each of them: one line has its code and what to do about
    it, and the next comes an hour later.  Where it takes some and refuses others it is said
    anew, but so seldom that a phone with a token of somebody else's app fills no log.

    A token that is dead is no fault of the operator's.  Where nothing but dead tokens is found,
    it may be, as each token is dead in the wrong environment; that is said like a refusal.

    :ivar _told: what was, of all lanes of the provider.
    :ivar _lane: which of them it is; empty: it has but one.
    :ivar _open: something was told, and no push was taken since.
    :ivar _dead: how many tokens in a row were dead for the *_dead_of* reason.
    """

    _provider: IPushProvider
    _told: Told
    _lane: str = ""
    _open: bool = field(default=False, init=False)
    _dead: int = field(default=0, init=False)
    _dead_of: str = field(default="", init=False)
    _log: ClassVar[Logger] = Logger()

    def answered(self, outcome: PushOutcome) -> None:
        """A push came to *outcome*."""
        verdict = outcome.verdict
        if verdict is Verdict.ACCEPTED:
            self._dead = 0
            if self._open:
                self._over()
        elif verdict is Verdict.REFUSED:
            self._tell("refuses our pushes", outcome)
        elif verdict is Verdict.DEAD:
            self._count(outcome)

    def _count(self, outcome: PushOutcome) -> None:
        if outcome.detail != self._dead_of:
            self._dead, self._dead_of = 0, outcome.detail
        self._dead += 1
        if self._dead >= DEAD_IN_A_ROW:
            self._tell("knows none of our tokens", outcome)

    def _tell(self, what: str, outcome: PushOutcome) -> None:
        if not self._told.is_news(self._lane, outcome.detail):
            return
        self._open = True
        self._log.error(
            "the push service of {pns} {what}: {detail}{advice}",
            pns=name_of(self._provider, self._lane),
            what=what,
            detail=outcome.detail or "no reason given",
            advice=f" ({outcome.advice})" if outcome.advice else "",
        )

    def _over(self) -> None:
        self._open = False
        self._told.is_over(self._lane)
        self._log.info(
            "the push service of {pns} takes our pushes again",
            pns=name_of(self._provider, self._lane),
        )
