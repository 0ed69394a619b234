"""What keeps a push service that is down from being asked by everybody who waits for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from attrs import define, field
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from sippn.binding import (
    Capability,
    PushJob,
    PushKind,
    PushOutcome,
    PushTarget,
    Verdict,
    address_for,
)
from sippn.interfaces import IPushProvider
from sippn.push.limited import was_asked
from sippn.push.names import name_of

FAILURES: Final = 20  # different pushes in a row: one phone that fails often says little
PROBE_SECONDS: Final = 1.0
DOWN: Final = PushOutcome(Verdict.FAILED, detail="the push service is down")

TOLD_TO_WAIT: Final = 5  # different phones in a row: one that is asked too often says nothing
LONGEST_HOLD: Final = 60.0  # seconds: a Retry-After of a day, sent by mistake, costs no day
_HELD = "the push service has told all to wait"


@implementer(IPushProvider)
@define(eq=False, repr=False)
class Breaker:
    """
    A provider that is left alone while it does not answer (RELIABILITY W2).

    After :data:`FAILURES` pushes in a row that came to nothing, each counted once however often
    it is tried, one a second is let through to find out whether it is back; the others fail at
    once, and take no place in any line.
    Whoever retries them has time left: the first answer, whatever it says, lets all through.

    A provider that is busy has answered.  One that has told :data:`TOLD_TO_WAIT` phones in a row
    when to come back, in one :data:`LONGEST_HOLD`, means everybody, and is left alone for so
    long, a :data:`LONGEST_HOLD` at most: a PNS that limits each phone (APNs' 429, a 429 of Web
    Push) has taken others' pushes in between.  One phone's Retry-After is kept by who retries
    its push, and by nobody else.

    A push that its asker gave up says nothing, nor does one that our own limits kept from being
    asked for.

    :ivar _lane: which of the provider's it is, for the log; empty: it has but one.
    :ivar _told_to_wait: hashes of where the pushes go, and when it was (monotonic clock).
    :ivar spared: how many were not asked for, since the start.
    """

    _provider: IPushProvider
    _clock: IReactorTime
    _lane: str = ""
    _failing: set[str] = field(factory=set, init=False)  # by their ids
    _told_to_wait: dict[int, float] = field(factory=dict, init=False)
    _rests: bool = field(default=False, init=False)
    spared: int = field(default=0, init=False)
    _down_since: float = field(default=0.0, init=False)
    _next_probe: float = field(default=0.0, init=False)
    _log: ClassVar[Logger] = Logger()

    @property
    def is_down(self) -> bool:
        """Whether it does not answer, and is only asked now and then."""
        return len(self._failing) >= FAILURES

    @property
    def is_held(self) -> bool:
        """Whether it has told everybody to wait."""
        return len(self._told_to_wait) >= TOLD_TO_WAIT

    @property
    def rests(self) -> bool:
        """Whether it is asked only now and then, for either."""
        return self._rests

    @property
    def capabilities(self) -> Sequence[Capability]:
        """The provider's."""
        return self._provider.capabilities

    def can_push(self, target: PushTarget, kind: PushKind) -> bool:
        """As the provider says; also while it is down."""
        return self._provider.can_push(target, kind)

    def request_push(self, job: PushJob) -> Deferred[PushOutcome]:
        """
        Ask the provider, or not.

        :returns: the provider's outcome; FAILED where it is down, BUSY where it is held.
        """
        if self._rests:
            now = self._clock.seconds()
            if now < self._next_probe:
                self.spared += 1
                return succeed(self._instead(now))
            self._next_probe = now + PROBE_SECONDS
        return self._provider.request_push(job).addCallback(self._answered, job)

    def _instead(self, now: float) -> PushOutcome:
        if self.is_down:
            return DOWN
        return PushOutcome(Verdict.BUSY, detail=_HELD, retry_after=self._next_probe - now)

    def _answered(self, outcome: PushOutcome, job: PushJob) -> PushOutcome:
        verdict = getattr(outcome, "verdict", None)
        if verdict is Verdict.FAILED:
            if was_asked(outcome):
                self._failed(outcome, job)
        elif verdict is Verdict.BUSY and outcome.retry_after:
            self._busy(outcome.retry_after, job)
        else:
            self._well()
            self._told_to_wait.clear()
        return outcome

    def _failed(self, outcome: PushOutcome, job: PushJob) -> None:
        if self.is_down:
            return
        self._failing.add(job.id)
        if self.is_down:
            self._told_to_wait.clear()
            self._rest(PROBE_SECONDS)
            self._log.error(
                "the push service of {pns} is down, and asked once a second from now on: {detail}",
                pns=self._name,
                detail=outcome.detail,
            )

    def _busy(self, retry_after: float, job: PushJob) -> None:
        if not self.is_held:
            self._well()
            self._count(job)
            if not self.is_held:
                return
            self._log.warn(
                "the push service of {pns} has told all to wait, and is left alone for"
                " {seconds:.0f} s",
                pns=self._name,
                seconds=min(retry_after, LONGEST_HOLD),
            )
        self._rest(min(retry_after, LONGEST_HOLD))

    def _count(self, job: PushJob) -> None:
        """Its phone is told to wait; those that were long ago have nothing to do with it."""
        now = self._clock.seconds()
        recent = {phone: at for phone, at in self._told_to_wait.items() if now < at + LONGEST_HOLD}
        recent[hash(address_for(job.target, job.kind))] = now
        self._told_to_wait = recent

    def _rest(self, seconds: float) -> None:
        now = self._clock.seconds()
        if not self._rests:
            self._rests, self._down_since = True, now
        self._next_probe = now + seconds

    def _well(self) -> None:
        """It answers."""
        self._failing.clear()
        if self._rests:
            self._rests = False
            self._log.warn(
                "the push service of {pns} is back after {seconds:.0f} s",
                pns=self._name,
                seconds=self._clock.seconds() - self._down_since,
            )

    @property
    def _name(self) -> str:
        return name_of(self._provider, self._lane)
