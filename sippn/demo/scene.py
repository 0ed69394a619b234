"""
One call of the demo: the phone sleeps, is called, wakes, answers; then the caller hangs up.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field, frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import deferLater

from sippn.demo.stage import CALLEE, CALLER, DOMAIN, PNS, Stage
from sippn.events import Event, Ladder, WakeReleased
from sippn.sip import Response
from sippn.testing.calls import Call
from sippn.testing.calls_received import ring_then_answer
from sippn.testing.push_server import APNsPush

DELIVERY = 0.25  # seconds from a push service to a phone; in life it is 0.5 to 2
RINGING = 0.3
TALK = 0.5


@frozen
class Outcome:
    """
    What came of a call.

    :ivar woken: the phone was woken exactly once, answered, and was hung up on.
    :ivar words: the same for people.
    """

    woken: bool
    words: str


class _Failed(Exception):
    """The call ended in another way than it should; the text says how."""


@define(eq=False)
class Scene:
    """
    Plays one call on *stage*, and shows its ladder line by line.

    :ivar patience: seconds until the answer; a call that takes longer has failed.
    :ivar pushes: how many pushes APNs sent on to the phone.
    :ivar waits: how long a parked request waited for its phone, in seconds.
    """

    stage: Stage
    out: Callable[[str], None]
    patience: float = 10
    pushes: int = field(default=0, init=False)
    waits: list[float] = field(factory=list, init=False)
    _ladder: Ladder = field(init=False)
    _deliveries: list[IDelayedCall] = field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        """Draw the columns."""
        self._ladder = Ladder(self.stage.participants, pns=PNS)

    async def play(self) -> Outcome:
        """Play it to its end, whatever that is."""
        stage = self.stage
        stage.phone.forget()
        stage.caller.forget()
        stage.phone.policy = ring_then_answer(RINGING)
        stage.pns.apns.on_push = self._push_received
        unsubscribe = stage.server.bus.subscribe(self._show)
        try:
            return await self._play()
        except _Failed as failure:
            return Outcome(woken=False, words=str(failure))
        finally:
            unsubscribe()
            stage.pns.apns.on_push = None
            for delivery in self._deliveries:
                if delivery.active():
                    delivery.cancel()

    async def _play(self) -> Outcome:
        self.out(self._ladder.heading())
        await self._fall_asleep()
        call = self.stage.caller.call(f"sip:{CALLEE}@{DOMAIN}")
        await self._answered(call)
        await deferLater(self.stage.around.clock, TALK)
        goodbye = await call.hang_up()
        if goodbye.status != 200:
            raise _Failed(f"hanging up got {goodbye.status} {goodbye.reason}")
        return self._counted()

    async def _fall_asleep(self) -> None:
        registered = await self.stage.phone.wake()
        if registered.status != 200:
            raise _Failed(f"the phone could not register: {registered.status} {registered.reason}")
        self.stage.phone.sleep()
        self._say(f"{CALLEE}'s phone is suspended: it hears nothing now; {CALLER} calls")

    async def _answered(self, call: Call) -> None:
        """Wait for the answer; without one, take the call back."""
        response = await self._first_of(call.answered, call.failed)
        if response is None:
            call.cancel()
            raise _Failed(f"nobody answered within {self.patience:g} s")
        if response.status >= 300:
            raise _Failed(f"the caller got {response.status} {response.reason}")

    def _first_of(self, *events: Deferred[Response]) -> Deferred[Response | None]:
        """Fires with whichever comes first; None: our patience ended before."""
        first: Deferred[Response | None] = Deferred()

        def came(response: Response) -> Response:
            if not first.called:
                first.callback(response)
            return response

        for event in events:
            event.addCallback(came)
        return first.addTimeout(self.patience, self.stage.around.clock, lambda *_: None)

    def _counted(self) -> Outcome:
        """Woken, and once?"""
        delivered = len(self.stage.phone.incoming)
        woken = f"woken in {self.waits[0]:.2f} s" if self.waits else "never woken"
        plural = "" if delivered == 1 else "s"
        return Outcome(
            woken=(delivered, self.pushes, len(self.waits)) == (1, 1, 1),
            words=f"{CALLEE}'s phone slept; {woken}; answered; "
            f"{delivered} INVITE{plural} delivered, {self.pushes} push"
            f"{'' if self.pushes == 1 else 'es'} sent",
        )

    def _push_received(self, push: APNsPush) -> None:  # noqa: ARG002 - one phone, any push
        self.pushes += 1
        clock = self.stage.around.clock
        self._deliveries.append(clock.callLater(DELIVERY, self._push_delivered))

    def _push_delivered(self) -> None:
        self.out(self._ladder.arrow(self._now(), PNS, CALLEE, "wake up"))
        self.stage.phone.wake()

    def _show(self, event: Event) -> None:
        if isinstance(event, WakeReleased):
            self.waits.append(event.waited)
        line = self._ladder.line(event)
        if line is not None:
            self.out(line)

    def _say(self, text: str) -> None:
        self.out(self._ladder.words(self._now(), text))

    def _now(self) -> float:
        return self.stage.around.clock.seconds()
