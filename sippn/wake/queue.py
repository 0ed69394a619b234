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

from sippn.binding import AOR, Binding, Decision, PushKind, PushOutcome, PushTarget, Verdict
from sippn.errors import SIPError, Unreachable
from sippn.events import Bus, RequestParked, WakeEnded, WakeReleased
from sippn.transaction import Deadlines, Handle
from sippn.value import value_class
from sippn.wake.latency import WakeLatency
from sippn.wake.parking import Caller
from sippn.wake.pushes import Outstanding, Pushes, Want

_TRANSIENT = (Verdict.BUSY, Verdict.FAILED)


@value_class
class Wait:
    """
    What a request waits for.

    :ivar binding: the sleeping one; it has a push target.
    :ivar seconds: how long the UA gets to come back.
    :ivar missed: called when it was pushed, did not come in time, and no push can tell it
        that it need not (S-12).
    """

    aor: AOR
    binding: Binding
    kind: PushKind
    method: str
    call_id: str
    caller: Caller
    seconds: float
    missed: Callable[[], None] | None = None

    @property
    def target(self) -> PushTarget:
        """Whom to push."""
        if self.binding.push_target is None:
            raise ValueError("a binding without a push target does not sleep")
        return self.binding.push_target


Watcher: TypeAlias = Callable[[AOR, Decision], None]


@define(eq=False)
class _Waiter:
    wait: Wait
    since: float
    given_up: Callable[[_Waiter, str], None]
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


@define(eq=False)
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
        :raises Unreachable: the UA stayed silent, is gone, or its PRID is dead; or a
            stranger's budget is spent.
        """
        waiter = _Waiter(wait, self._clock.seconds(), self._end)
        waiter.bucket_timer = self._bucket_timers.at(waiter.deadline, self._stayed_silent, waiter)
        # before the push: a UA can outrun its PNS
        self._waiters.setdefault((wait.aor, wait.binding.id), []).append(waiter)
        self._say_parked(waiter)
        self._ask(waiter)
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

    def _ask(self, waiter: _Waiter) -> None:
        wait = waiter.wait
        want = Want(
            kind=wait.kind,
            target=wait.target,
            aor=wait.aor,
            binding_id=wait.binding.id,
            method=wait.method,
            call_id=wait.call_id,
            caller=wait.caller,
            deadline=waiter.deadline,
        )
        try:
            waiter.push = self._pushes.join(want, waiter, self._push_failed)
        except SIPError as refused:
            self._end(waiter, "a stranger's push budget is spent")
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

    def _push_failed(self, waiter: _Waiter, outcome: PushOutcome) -> None:
        """
        P-045: this push wakes nobody, so nobody waits for the timer.

        But who joined a push that had less time than itself has its own retries to come.
        """
        if waiter.result.called:
            return  # the end of another wait on this push ended this one
        push, waiter.push = waiter.push, None
        if push and outcome.verdict in _TRANSIENT and push.deadline < waiter.deadline:
            self._ask(waiter)
        else:
            detail = f" ({outcome.detail})" if outcome.detail else ""
            self._fail(waiter, f"the push failed: {outcome.verdict.name.lower()}{detail}")

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
        in_vain = waiter.push is not None and self._pushes.leave(waiter.push, waiter)
        if in_vain and waiter.wait.missed is not None:
            waiter.wait.missed()

    def _say_parked(self, waiter: _Waiter) -> None:
        if self._bus.heard:
            wait = waiter.wait
            self._bus.publish(
                RequestParked(
                    waiter.since, wait.call_id, wait.method, wait.aor, wait.binding.id, wait.seconds
                )
            )
