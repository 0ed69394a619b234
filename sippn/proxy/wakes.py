"""
What one request waits for, and until when: its sleepers, or the time in which one would come.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall

from sippn.binding import AOR, Binding
from sippn.errors import SIPError
from sippn.events import WakeRefused
from sippn.proxy.best import Final
from sippn.proxy.caller_side import CallerSide
from sippn.proxy.forwarder import Target
from sippn.proxy.means import Means, Terms
from sippn.proxy.reach import can_be_woken
from sippn.sip import Request
from sippn.transaction import FixedTimer
from sippn.wake import Wait

_MOMENT = 0.05  # seconds: no phone comes back that fast


@define(eq=False)
class Wakes:
    """
    The waits of one request, which take one place in the parking however many they are.

    :ivar why_over: what a UA is told whose call is over, the value of a Reason field.
    :ivar _until: monotonic clock, seconds: nobody is waited for any longer.
    :ivar _callee: on whose account the place is; None: there is none.
    :ivar _missed: for whom UAs were pushed that did not come in time, and were not told so;
        *_came* the bindings whose UAs came too late for the wait, and not for the request.
    :ivar _holding: ends the time in which a stranger is not told that nobody is there (T15).
    """

    _means: Means
    _caller: CallerSide
    _request: Request
    _terms: Terms
    why_over: str
    _until: float = field(default=0.0, init=False)
    _waiting: int = field(default=0, init=False)
    _callee: AOR | None = field(default=None, init=False)
    _missed: tuple[Wait, ...] = field(default=(), init=False)
    _came: tuple[str, ...] = field(default=(), init=False)
    _holding: IDelayedCall | None = field(default=None, init=False)

    @property
    def conceals(self) -> bool:
        """Whether the caller is to hear the same of whoever is not there (T15)."""
        terms = self._terms
        return self._means.settings.conceal and terms.caller.stranger and bool(terms.aors)

    def begin(self, latest: float) -> None:
        """It is the turn of others: they have the whole wait, but for *latest*."""
        self._until = min(self._means.clock.seconds() + self._terms.wait, latest)

    def may_wake(self) -> bool:
        """Whether there is time for a wake, and anybody to wait for it."""
        if self._caller.answered or self._terms.kind is None:
            return False
        return self._has_time()

    def may_push(self, binding: Binding | None) -> bool:
        """Whether, besides, *binding* can be woken for it."""
        return binding is not None and can_be_woken(binding, self._terms.kind) and self.may_wake()

    def patience(self, target: Target) -> FixedTimer:
        """
        How long *target*'s UA may stay silent before it is pushed.

        A UA may have a wish (``pn-timeout``), which is about calls: for what comes in a
        dialog, where it mostly listens, none is pushed at once.
        """
        means, binding = self._means, target.binding
        wished = binding.push_target.delay if binding and binding.push_target else None
        if wished is None or self._terms.in_dialog:
            return means.hedge
        return FixedTimer(means.clock, wished, tidy=True)

    def wake(self, target: Target) -> Deferred[Binding]:
        """Push *target*'s UA and wait for it.  :raises SIPError: the request may not wait."""
        binding, means = target.binding, self._means
        kind = self._terms.kind
        assert binding is not None, "only a binding sleeps"  # noqa: S101 - for the type checker
        assert kind is not None, "see may_wake"  # noqa: S101 - for the type checker
        try:
            self._enter(target.aor)
        except SIPError as refused:
            self._say_refused(target.aor, refused)
            raise
        self._waiting += 1
        wait = Wait(
            aor=target.aor,
            binding=binding,
            kind=kind,
            method=self._request.method,
            call_id=self._request.call_id,
            caller=self._terms.caller,
            seconds=max(0.0, round(self._until - means.clock.seconds(), 3)),
            from_=self._request.headers.get("From") or "",
            asker=self,
        )
        return means.queue.wake(wait)

    def is_awake(self, target: Target) -> None:
        """*target*'s UA has answered by itself: no push has to be taken back."""
        self._means.queue.is_awake(target.aor, target.binding_id)

    def wait_over(self, *, in_vain: bool = False) -> None:
        """
        A wait is over, however it ended.

        The place of one that was *in_vain* is kept where its end is concealed.
        """
        self._waiting -= 1
        keeps = in_vain and self.conceals and not self._caller.answered
        if not (self._waiting or keeps):
            self._leave()

    def at_the_end(self, action: Callable[[], None]) -> IDelayedCall:
        """Do *action* when nobody waits for a wake any more."""
        clock = self._means.clock
        return clock.callLater(max(0.0, self._until - clock.seconds()), action)

    def comes_after_all(self, binding_id: str) -> None:
        """A UA that was missed gets the request, so it need not be told that it is over."""
        self._came += (binding_id,)
        self._missed = tuple([one for one in self._missed if one.binding.id != binding_id])

    def concealed(self, nobody: Final, then: Callable[[], None]) -> Final | None:
        """
        What a stranger is told when *nobody* is there: what he hears of who sleeps on.

        :param then: called when it is time.
        :returns: the answer; None: not yet.
        """
        if not self.conceals:
            return nobody
        if not self._has_time():
            return Final(nobody.status)
        if self._holding is None:
            try:
                self._enter(self._terms.aors[0])
            except SIPError as refused:
                return Final(refused.status, headers=refused.headers)
            self._holding = self.at_the_end(then)
        return None

    def over(self) -> None:
        """The request has its answer."""
        if self._holding is not None and self._holding.active():
            self._holding.cancel()
        self._holding = None
        if not self._waiting:
            self._leave()
        missed, self._missed = self._missed, ()
        for wait in missed:
            self._expect(wait)

    def missed(self, wait: Wait) -> None:
        """See :meth:`sippn.wake.Asker.missed`; what comes in a dialog shows nobody a call."""
        if self._terms.in_dialog or wait.binding.id in self._came:
            return
        if self._caller.answered:
            self._expect(wait)
        else:
            self._missed += (wait,)

    def _expect(self, wait: Wait) -> None:
        self._means.late_calls.expect(self._request, wait.aor, wait.binding.id, self.why_over)

    def _has_time(self) -> bool:
        return self._means.clock.seconds() + _MOMENT < self._until

    def _enter(self, callee: AOR) -> None:
        if self._callee is None:
            self._means.parking.enter(callee, self._terms.caller)
            self._callee = callee
            if self._terms.provisional is not None and self._request.method == "INVITE":
                self._caller.remind(self._terms.provisional)

    def _leave(self) -> None:
        callee, self._callee = self._callee, None
        if callee is not None:
            self._means.parking.leave(callee, self._terms.caller)
            self._caller.remind_no_more()

    def _say_refused(self, callee: AOR, refused: SIPError) -> None:
        if self._means.bus.heard:
            why = f"too many requests wait already ({refused.status})"
            now = self._means.clock.seconds()
            self._means.bus.publish(WakeRefused(now, self._request.call_id, callee, why))
