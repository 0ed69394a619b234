"""
A wake queue and everything around it.
"""

from __future__ import annotations

from itertools import count

from attrs import define, evolve, field
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from sippn.auth import Budget
from sippn.binding import (
    Binding,
    Capability,
    Decision,
    PushKind,
    PushTarget,
)
from sippn.events import Bus, Event
from sippn.push import Departures
from sippn.testing.pns import MemoryPushProvider
from sippn.wake import Budgets, Caller, Pushes, Wait, WakeQueue

ALICE = "sip:alice@example.com"
BOB = "sip:bob@example.com"
TARGET = PushTarget("acme", "app", "token-1")
PHONE = Binding(
    "b1", "sip:alice@192.0.2.1;pn-prid=token-1", "flow-1", 4000.0, 1.0, "c", 1, push_target=TARGET
)
TABLET = evolve(PHONE, id="b2", push_target=evolve(TARGET, prid="token-2"))
RINGS = PushTarget("apns", "T.app.voip", "AA", tokens=(("voip", "AA"), ("remote", "BB")), app="app")
IPHONE = evolve(PHONE, push_target=RINGS)
FROM = '"Bob" <sip:bob@example.com>;tag=1'
BACK = evolve(PHONE, flow="flow-7", cseq=2, registered_at=1001.0)
CALL = Wait(ALICE, PHONE, PushKind.CALL, "INVITE", "call-1", Caller("bob"), 20)


@define(eq=False)
class Asked:
    """
    Whose request waits.

    :ivar of: what it was told that it has missed.
    """

    why_over: str = 'SIP;cause=487;text="Request terminated"'
    of: list[Wait] = field(factory=list)

    def missed(self, wait: Wait) -> None:
        """Remembers it."""
        self.of.append(wait)


def voip_call(call_id: str, asker: Asked | None = None, kind: PushKind = PushKind.CALL) -> Wait:
    """A call to the iPhone."""
    return evolve(CALL, binding=IPHONE, call_id=call_id, asker=asker, from_=FROM, kind=kind)


def by(caller: Caller) -> Wait:
    """A call of *caller*."""
    return evolve(CALL, caller=caller)


@define
class Scene:
    """A wake queue and everything around it."""

    clock: Clock
    pns: MemoryPushProvider
    queue: WakeQueue
    pushes: Pushes
    departures: Departures
    disowned: list[tuple[PushTarget, PushKind, float]]
    news: list[Event] = field(factory=list)

    def wake(
        self, binding: Binding = PHONE, aor: str = ALICE, wait: Wait = CALL
    ) -> Deferred[Binding]:
        """Wait for *binding*."""
        return self.queue.wake(evolve(wait, binding=binding, aor=aor))

    def register(self, binding: Binding = BACK, aor: str = ALICE) -> None:
        """A REGISTER of *binding* was committed."""
        self.queue.location_changed(aor, Decision(None, registered=(binding,)))


def make_scene() -> Scene:
    """One on a clock of its own, with small budgets."""
    capabilities = [Capability("acme"), Capability("apns")]
    clock, pns, bus = Clock(), MemoryPushProvider(capabilities), Bus()
    disowned: list[tuple[PushTarget, PushKind, float]] = []

    def disown(target: PushTarget, kind: PushKind, before: float) -> Deferred[None]:
        disowned.append((target, kind, before))
        return succeed(None)

    departures, numbers = Departures(), count(1)
    pushes = Pushes(
        pns,
        departures,
        clock,
        lambda: 1000.0 + clock.seconds(),
        lambda size: next(numbers).to_bytes(size, "big"),
        Budgets(Budget(2, clock), Budget(3, clock), Budget(4, clock), Budget(6, clock)),
        disown,
    )
    scene = Scene(clock, pns, WakeQueue(pushes, clock, bus), pushes, departures, disowned)
    bus.subscribe(scene.news.append)
    return scene


def nothing_is_left(scene: Scene) -> bool:
    """No waiter, no push and no timer."""
    return not (len(scene.queue) or len(scene.pushes) or scene.clock.getDelayedCalls())
