"""
Pushes that are outstanding, and who shares them (REQUIREMENTS S-04).

One push per PRID and kind, not per binding or request: the UA refreshes every
binding it has when it is pushed (RFC 8599 section 4.1.3).  An iOS app has one per call,
for each VoIP push has to show one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from attrs import define, evolve, field
from twisted.internet.defer import CancelledError, Deferred, DeferredList, fail
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from sippn.binding import (
    PushJob,
    PushKind,
    PushOutcome,
    PushTarget,
    Verdict,
    service_for,
)
from sippn.interfaces import IPushProvider
from sippn.push import Departures, is_over
from sippn.transaction import FixedTimer
from sippn.wake.budgets import Budgets, BudgetSpent
from sippn.wake.outstanding import Outstanding, Sharer
from sippn.wake.wants import Key, Want, collapse_key_of, device_of, key_of, shows_a_call

Disown = Callable[[PushTarget, PushKind, float], Deferred[None]]

RECALL = 10.0  # seconds in which a push that takes another back has to leave
LONGEST_REASON = 256  # characters: it may be what a caller's CANCEL says
LATE = 0.5  # seconds after which a push that nobody needs any more is withdrawn


@define(eq=False, repr=False)
class Pushes:
    """
    Asks for pushes, once for all who want the same.

    A call that is over and that a UA may know of is taken back by one more push, where that
    is possible (S-12).  It has the collapse key of the first, and so has the next call's: an
    old one must not come after it, nor may it be taken for the new one's.

    :ivar _recalls: those that are being taken back.
    :ivar _departures: knows which of them have left.
    :ivar _disown: told of a PRID the PNS says is dead, and since when (wall clock).
    """

    _push: IPushProvider
    _departures: Departures
    _clock: IReactorTime
    _wall: Callable[[], float]
    _entropy: Callable[[int], bytes]
    _budgets: Budgets
    _disown: Disown
    _outstanding: dict[Key, Outstanding] = field(factory=dict, init=False)
    _recalls: dict[Key, Outstanding] = field(factory=dict, init=False)
    _late: FixedTimer = field(init=False)
    _log: ClassVar[Logger] = Logger()

    def __len__(self) -> int:
        return len(self._outstanding)

    def __attrs_post_init__(self) -> None:
        self._late = FixedTimer(self._clock, LATE)

    def join(self, want: Want, who: Sharer) -> None:
        """
        Have *want* pushed for *who*, unless the same push is out already.

        Only while who asked for it would wait: else callers in a chain lived on one push.

        :raises BudgetSpent: that of the caller, or of the device, is.
        """
        key = key_of(want)
        push = self._outstanding.get(key)
        if push is not None and self._clock.seconds() < push.deadline:
            push.shares[who] = None
            who.push = push
            return
        spent = self._budgets.take(want.caller, device_of(key))
        if spent:
            raise BudgetSpent(spent)
        job = self._job(want, want.kind, want.deadline, collapse_key_of(want, key))
        push = Outstanding(want, key, job, self._wall(), self._overtake(key))
        # before the request: its answer may be there at once
        self._outstanding[key] = who.push = push
        push.shares[who] = None
        self._departures.watch(job.id)
        push.request = self._request(job).addCallbacks(
            self._answered, self._failed, (push,), {}, (push,)
        )

    def leave(self, who: Sharer) -> None:
        """
        *who* waits no more.

        With its last sharer a push that has not left is dropped; a call that a UA may know of
        is taken back.
        """
        push, who.push = who.push, None
        if push is None:
            return
        push.shares.pop(who, None)
        if push.shares or push.landed:
            return
        left = self._departures.have_left(push.job.id)
        self._drop(push)
        self._withdraw(push)
        self._take_back(push, who, left=left)

    def landed(self, push: Outstanding) -> None:
        """
        The UA is back: a later request pushes anew.

        The answer of the PNS is on its way as a rule, so the push is not withdrawn at
        once: that would cost more than to let it end.
        """
        if not push.landed:
            push.landed = True
            self._drop(push)
            if push.request is not None and not is_over(push.request):
                self._late.start(self._withdraw, push)

    def recalled(self) -> Deferred[None]:
        """Fires when each push that takes another back was answered, or could not be."""
        asked = [push.request for push in self._recalls.values() if push.request is not None]
        return DeferredList(asked).addCallback(lambda _: None)

    def _drop(self, push: Outstanding) -> None:
        self._departures.forget(push.job.id)
        if self._outstanding.get(push.key) is push:
            del self._outstanding[push.key]

    def _withdraw(self, push: Outstanding) -> None:
        if push.request is not None and not push.shares:
            push.request.cancel()

    def other_token(self, push: Outstanding) -> PushTarget | None:
        """
        Its target without the token that *push* went to; None: another would reach nobody.

        An iOS app has two tokens: where the one for calls is dead, the other one can still
        say that somebody calls.
        """
        target, kind = push.want.target, push.want.kind
        dead = service_for(target, kind)
        left = evolve(target, tokens=tuple([one for one in target.tokens if one != dead]))
        return left if left.tokens and self._push.can_push(left, kind) else None

    def _take_back(self, push: Outstanding, who: Sharer, *, left: bool) -> None:
        """Say that the call of *push* is over, or of an earlier one that was not taken back."""
        over, push.earlier = push if left else push.earlier, None
        if over is None or over.want.kind is not PushKind.CALL:
            return
        later = self._outstanding.get(over.key)
        if later is not None:
            later.earlier = over
            return
        can_be_told = self._push.can_push(over.want.target, PushKind.CANCEL)
        if shows_a_call(over.key) or not can_be_told:
            who.missed()
        if can_be_told:
            self._recall(over, who)

    def _recall(self, push: Outstanding, who: Sharer) -> None:
        """It is counted, and never refused: the call was let through, so this is, too."""
        self._budgets.take(push.want.caller, device_of(push.key))
        deadline = self._clock.seconds() + RECALL
        kind, collapse_key = PushKind.CANCEL, push.job.collapse_key
        why = who.why_over[:LONGEST_REASON]
        job = self._job(push.want, kind, deadline, collapse_key, why)
        self._overtake(push.key)
        self._recalls[push.key] = push
        asked = self._request(job).addCallbacks(
            self._heed, self._broken, (job, self._wall()), {}, (job.id,)
        )
        push.request = asked.addBoth(self._recall_ended, push, who)

    def _recall_ended(self, result: object, push: Outstanding, who: Sharer) -> None:
        overtaken = self._recalls.get(push.key) is not push
        if not overtaken:
            del self._recalls[push.key]
        accepted = isinstance(result, PushOutcome) and result.verdict is Verdict.ACCEPTED
        if not (overtaken or accepted or shows_a_call(push.key)):  # of that it knows already
            who.missed()

    def _overtake(self, key: Key) -> Outstanding | None:
        """The push with *key* that was being taken back until now: another one is to follow."""
        push = self._recalls.pop(key, None)
        if push is not None:
            self._withdraw(push)
        return push

    def _job(
        self, want: Want, kind: PushKind, deadline: float, collapse_key: str, reason: str = ""
    ) -> PushJob:
        return PushJob(
            id=self._entropy(8).hex(),
            kind=kind,
            target=want.target,
            aor=want.aor,
            deadline=deadline,
            collapse_key=collapse_key,
            method=want.method,
            call_id=want.call_id,
            caller=want.from_,
            reason=reason,
        )

    def _request(self, job: PushJob) -> Deferred[PushOutcome]:
        try:
            return self._push.request_push(job)
        except Exception:  # noqa: BLE001 - a plugin may raise anything
            return fail()

    def _answered(self, outcome: PushOutcome, push: Outstanding) -> None:
        if outcome.verdict is not Verdict.ACCEPTED:
            self._heed(outcome, push.job, push.asked_at)
            self._tell(push, outcome)

    def _failed(self, failure: Failure, push: Outstanding) -> None:
        outcome = self._broken(failure, push.job.id)
        if isinstance(outcome, PushOutcome):
            self._tell(push, outcome)

    def _heed(self, outcome: PushOutcome, job: PushJob, asked_at: float) -> PushOutcome:
        if outcome.verdict is Verdict.DEAD:
            before = asked_at if outcome.gone_since is None else outcome.gone_since
            disowned = self._disown(job.target, job.kind, before)
            disowned.addErrback(self._not_disowned, job.id)
        return outcome

    def _broken(self, failure: Failure, job_id: str) -> PushOutcome | Failure:
        """What to take for its outcome; the *failure* itself if it was only given up."""
        if failure.check(CancelledError):
            return failure
        self._log.failure("push {id} broke", failure, id=job_id)
        return PushOutcome(Verdict.FAILED, detail="the provider broke")

    def _not_disowned(self, failure: Failure, job_id: str) -> None:
        self._log.failure("the dead PRID of push {id} stays in store", failure, id=job_id)

    def _tell(self, push: Outstanding, outcome: PushOutcome) -> None:
        left = self._departures.have_left(push.job.id)
        self._drop(push)
        shares, push.shares = push.shares, {}
        for who in shares:
            who.push = None
        for who in shares:
            who.push_failed(push, outcome)
        # a token that is dead has reached nobody
        if shares and not push.landed and outcome.verdict is not Verdict.DEAD:
            self._take_back(push, who, left=left)
