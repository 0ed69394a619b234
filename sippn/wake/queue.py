"""
Requests that wait until the suspended UA behind them has refreshed its binding.

RFC 8599 section 5.2 calls this the *SIP Request Push Bucket*.  A wait is a
Deferred: its timeout is the bucket timer, its cancellation the caller's CANCEL.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, TypeAlias

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from sippn.binding import AOR, Binding, Decision, PushOutcome, PushTarget, Verdict
from sippn.errors import Unreachable
from sippn.events import Bus, RequestParked, WakeEnded, WakeReleased
from sippn.transaction import Deadlines, Handle
from sippn.wake.budgets import BudgetSpent
from sippn.wake.latency import WakeLatency
from sippn.wake.outstanding import Outstanding
from sippn.wake.pushes import Pushes
from sippn.wake.wait import Wait
from sippn.wake.wants import Want

_TRANSIENT = (Verdict.BUSY, Verdict.FAILED)


Watcher: TypeAlias = Callable[[AOR, Decision], None]


@define(eq=False)
class _Waiter:
    wait: Wait
    since: float
    given_up: Callable[[_Waiter, str], None]
    in_vain: Callable[[_Waiter, Outstanding, PushOutcome], None]
    result: Deferred[Binding] = field(init=False)
    bucket_timer: Handle | None = None
    push: Outstanding | None = None

    def __attrs_post_init__(self) -> None:
        self.result = Deferred(self._cancelled)

    def _cancelled(self, _: Deferred[Binding]) -> None:
        self.given_up(self, "the caller gave up")

    @property
    def deadline(self) -> float:
        return self.since + self.wait.seconds

    @property
    def why_over(self) -> str:
        asker = self.wait.asker
        return "" if asker is None else asker.why_over

    def push_failed(self, push: Outstanding, outcome: PushOutcome) -> None:
        self.in_vain(self, push, outcome)

    def missed(self) -> None:
        if self.wait.asker is not None:
            self.wait.asker.missed(self.wait)


@define(eq=False, repr=False)
class WakeQueue:
    """
    Who waits for which binding, and lets go of each exactly once (REQUIREMENTS S-08).

    Waiters are found by (AOR, binding id) and by nothing else: a PRID alone
    releases nobody, or whoever learns one could register it and take the call (Q-01).

    The log has a line for each wait that came to nothing, and why.

    :ivar _pushes: asks the PNS.
    :ivar latency: how long those took who came back.
    """

    _pushes: Pushes
    _clock: IReactorTime
    _bus: Bus
    latency: WakeLatency = field(factory=WakeLatency, init=False)
    _waiters: dict[tuple[AOR, str], list[_Waiter]] = field(factory=dict, init=False)
    _watchers: dict[AOR, list[Watcher]] = field(factory=dict, init=False)
    _bucket_timers: Deadlines = field(init=False)
    _log: ClassVar[Logger] = Logger()

    def __attrs_post_init__(self) -> None:
        self._bucket_timers = Deadlines(self._clock)

    def __len__(self) -> int:
        return sum(map(len, self._waiters.values()))

    def wake(self, wait: Wait) -> Deferred[Binding]:
        """
        Push the UA behind *wait* and wait for its binding refresh.

        Cancelling (the caller hung up) withdraws this waiter only; a push that
        has left is not recalled.

        :returns: the refreshed binding, with the flow to send on.
        :raises Unreachable: the UA stayed silent, is gone, or its PRID is dead; or a budget
            of pushes is spent.
        """
        waiter = _Waiter(wait, self._clock.seconds(), self._end, self._push_failed)
        waiter.bucket_timer = self._bucket_timers.at(waiter.deadline, self._stayed_silent, waiter)
        # before the push: a UA can outrun its PNS
        self._waiters.setdefault((wait.aor, wait.binding.id), []).append(waiter)
        self._say_parked(waiter)
        self._ask(waiter, wait.target)
        return waiter.result

    def watch(self, aor: AOR, watcher: Watcher) -> Callable[[], None]:
        """
        Tell *watcher* of each change of *aor*, after those who waited for it were let go.

        For requests that are under way: who registers late may still join (S-09).

        :returns: call it once, to be told no more; or :meth:`unwatch`.
        """
        self._watchers.setdefault(aor, []).append(watcher)
        return lambda: self.unwatch(aor, watcher)

    def unwatch(self, aor: AOR, watcher: Watcher) -> None:
        """Tell *watcher* no more of *aor*; it is told now."""
        watchers = self._watchers[aor]
        watchers.remove(watcher)
        if not watchers:
            del self._watchers[aor]

    def is_awake(self, aor: AOR, binding_id: str) -> None:
        """The UA of a binding has shown itself without a REGISTER: its push has landed."""
        for waiter in self._waiters.get((aor, binding_id), ()):
            if waiter.push is not None:
                self._pushes.landed(waiter.push)

    def recalled(self) -> Deferred[None]:
        """Fires when no push is under way that takes another back (S-12)."""
        return self._pushes.recalled()

    def location_changed(self, aor: AOR, decision: Decision) -> None:
        """A change of *aor* was committed: let go whoever waited for it (S-08, S-13)."""
        registered = {binding.id: binding for binding in decision.registered}
        for binding in decision.registered:
            self._release(aor, binding.id, binding)
        for superseded, by in decision.superseded:
            if by in registered:
                self._release(aor, superseded, registered[by])
        for binding in decision.removed:
            for waiter in tuple(self._waiters.get((aor, binding.id), ())):
                self._fail(waiter, "the binding was removed")
        for watcher in tuple(self._watchers.get(aor, ())):
            try:
                watcher(aor, decision)
            except Exception:  # noqa: BLE001 - one call must not cost the others theirs
                self._log.failure("a call to {aor} could not be joined", aor=aor)

    def _ask(self, waiter: _Waiter, target: PushTarget) -> None:
        wait = waiter.wait
        want = Want(
            kind=wait.kind,
            target=target,
            aor=wait.aor,
            binding_id=wait.binding.id,
            method=wait.method,
            call_id=wait.call_id,
            caller=wait.caller,
            from_=wait.from_,
            deadline=waiter.deadline,
        )
        try:
            self._pushes.join(want, waiter)
        except BudgetSpent as refused:
            self._end(waiter, f"the push budget of {refused.whose} is spent")
            waiter.result.errback(refused)

    def _release(self, aor: AOR, waited_for: str, binding: Binding) -> None:
        waiting = self._waiters.get((aor, waited_for), ())
        # who saw this very binding came after its REGISTER: that news is old to him
        waiters = [waiter for waiter in waiting if waiter.wait.binding != binding]
        for waiter in waiters:
            if waiter.push is not None:
                self._pushes.landed(waiter.push)
            self._forget(waiter)
        for waiter in waiters:
            if waiter.result.called:
                continue  # letting go of an earlier one ended this one
            now = self._clock.seconds()
            waited = now - waiter.since
            self.latency.add(waiter.wait.target, waited)
            if self._bus.heard:
                self._bus.publish(WakeReleased(now, waiter.wait.call_id, aor, binding.id, waited))
            waiter.result.callback(binding)

    def _push_failed(self, waiter: _Waiter, push: Outstanding, outcome: PushOutcome) -> None:
        """
        P-045: this push wakes nobody, so nobody waits for the timer.

        But who joined a push that had less time than itself has its own retries to come, and
        where the token is dead there may be another one (N-05).
        """
        if waiter.result.called:
            return  # the end of another wait on this push ended this one
        target = self._next_try(push, outcome, waiter)
        if target is not None:
            self._ask(waiter, target)
        else:
            detail = f" ({outcome.detail})" if outcome.detail else ""
            self._fail(waiter, f"the push failed: {outcome.verdict.name.lower()}{detail}")

    def _next_try(
        self, push: Outstanding, outcome: PushOutcome, waiter: _Waiter
    ) -> PushTarget | None:
        if outcome.verdict is Verdict.DEAD:
            return self._pushes.other_token(push)
        if outcome.verdict in _TRANSIENT and push.deadline < waiter.deadline:
            return push.want.target
        return None

    def _stayed_silent(self, waiter: _Waiter) -> None:
        waiter.bucket_timer = None
        self._fail(waiter, f"no binding refresh within {waiter.wait.seconds:g} s")

    def _fail(self, waiter: _Waiter, why: str) -> None:
        if waiter.result.called:
            return
        self._end(waiter, why)
        wait = waiter.wait
        self._log.info(
            "{method} {call_id} did not reach {aor}: {why}",
            method=wait.method,
            call_id=wait.call_id,
            aor=wait.aor,
            why=why,
        )
        waiter.result.errback(Unreachable())

    def _end(self, waiter: _Waiter, why: str) -> None:
        self._forget(waiter)
        if self._bus.heard:
            now, wait = self._clock.seconds(), waiter.wait
            self._bus.publish(WakeEnded(now, wait.call_id, wait.aor, wait.binding.id, why))

    def _forget(self, waiter: _Waiter) -> None:
        if waiter.bucket_timer is not None:
            waiter.bucket_timer.cancel()
            waiter.bucket_timer = None
        key = (waiter.wait.aor, waiter.wait.binding.id)
        waiting = self._waiters.get(key, [])
        if waiter in waiting:
            waiting.remove(waiter)
        if not waiting:
            self._waiters.pop(key, None)
        self._pushes.leave(waiter)

    def _say_parked(self, waiter: _Waiter) -> None:
        if self._bus.heard:
            wait = waiter.wait
            self._bus.publish(
                RequestParked(
                    waiter.since, wait.call_id, wait.method, wait.aor, wait.binding.id, wait.seconds
                )
            )
