"""
A walk through all that can happen to a server: callers, phones and a push service, at random.

What must be true on the way is in ``test_any_order.py``.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from attrs import define, field, frozen

from sippn.binding import Verdict
from sippn.testing.calls import Call
from sippn.testing.calls_received import ReceivedCall
from sippn.testing.endpoints import Suspension
from sippn.testing.house import House
from sippn.testing.ua import ScriptedUA
from sippn.transport import Address

T = TypeVar("T")

PHONES = 5
MOST_CALLS = 3  # at a time: more, and little happens to each
TIMER_B = 32.0  # seconds
SLEEPS: Sequence[Suspension] = ("killed", "frozen", "gone")
DECLINE = 603
REFUSALS = (430, 480, 486, 503, DECLINE)
VERDICTS = (*[Verdict.ACCEPTED] * 6, Verdict.DEAD, Verdict.BUSY, Verdict.FAILED, Verdict.REFUSED)
_TURNS = 200
_BRANCH = re.compile(rb"branch=([^;,\s]+)")


@frozen(eq=False)
class Placed:
    """
    A call that somebody made.

    :ivar at: when, in seconds.
    """

    call: Call
    user: str
    at: float

    @property
    def is_over(self) -> bool:
        """Whether its caller knows what came of it."""
        return self.call.answered.called or self.call.failed.called


@frozen(eq=False)
class Copy:
    """
    One INVITE that reached a phone.

    :ivar at: where the phone was.
    """

    phone: ScriptedUA
    received: ReceivedCall
    at: Address

    @property
    def call_id(self) -> str:
        """Which call it is a copy of."""
        return self.received.invite.call_id

    @property
    def branch(self) -> bytes:
        """What its CANCEL is known by."""
        return (self.received.invite.via.branch or "").encode()

    @property
    def rings(self) -> bool:
        """Whether its phone rings, for all that the phone knows."""
        return 100 < self.received.status < 200


@define(eq=False)
class Sent:
    """
    What the server sent, by the branch of the INVITE that it is about.

    :ivar invites: when each left first; *cancels* are those that were taken back.
    """

    house: House
    invites: dict[bytes, float] = field(factory=dict)
    cancels: set[bytes] = field(factory=set)
    _read: int = 0

    def read_on(self) -> None:
        """Read what was sent since the last time."""
        carried = self.house.network.carried
        for sent in carried[self._read :]:
            found = _BRANCH.search(sent.octets)
            if sent.source.host != self.house.address.host or found is None:
                continue
            if sent.octets.startswith(b"INVITE "):
                self.invites.setdefault(found[1], self.house.clock.seconds())
            elif sent.octets.startswith(b"CANCEL "):
                self.cancels.add(found[1])
        self._read = len(carried)


@define(eq=False)
class Walk:
    """
    Two users with phones of all kinds, and two who call them.

    :ivar dice: decides everything; the same seed is the same walk.
    :ivar calls: by Call-ID; *messages* likewise, who they are for.
    :ivar merging: the phones that know a second copy when they see one (RFC 3261 8.2.2.2).
    :ivar hung_up: calls whose caller gave up; *declined* those that a ringing phone declined.
    :ivar due: To tags of answers that have just been given and must be passed on.
    :ivar diary: what was done.
    """

    house: House
    dice: random.Random
    sent: Sent
    phones: list[ScriptedUA] = field(factory=list)
    callers: list[ScriptedUA] = field(factory=list)
    merging: set[ScriptedUA] = field(factory=set)
    calls: dict[str, Placed] = field(factory=dict)
    messages: dict[str, str] = field(factory=dict)
    copies: list[Copy] = field(factory=list)
    hung_up: set[str] = field(factory=set)
    declined: set[str] = field(factory=set)
    due: set[str] = field(factory=set)
    diary: list[str] = field(factory=list)

    @classmethod
    def begin(cls, house: House, seed: int) -> Walk:
        """Who is there; most have registered."""
        walk = cls(house, random.Random(seed), Sent(house))  # noqa: S311 - the same in every run
        for number in range(PHONES):
            phone = house.phone(
                ("alice", "carol")[number // 3],
                f"token-{number}" if walk.dice.random() < 0.8 else None,
                instance=f"<urn:uuid:{number}>",
                transport=walk.dice.choice(["udp", "tcp"]),
            )
            phone.policy = walk.taker(phone)
            walk.phones.append(phone)
            if walk.dice.random() < 0.5:
                walk.merging.add(phone)
            if walk.dice.random() < 0.8:
                house.get(phone.register())
        walk.callers = [house.phone("bob", transport="udp"), house.phone("dave", transport="tcp")]
        return walk

    def step(self) -> None:
        """Do one thing, and let all that comes of it arrive."""
        deeds: dict[Callable[[], None], int] = {
            self.call: 9,
            self.say: 2,
            self.hang_up: 1,
            self.sleep: 4,
            self.wake: 6,
            self.register_again: 4,
            self.unregister: 1,
            self.cut: 3,
            self.ring: 4,
            self.pick_up: 2,
            self.refuse: 3,
            self.push: 5,
            self.wait: 8,
        }
        self.dice.choices(list(deeds), list(deeds.values()))[0]()
        self.settle()

    def call(self) -> None:
        """Somebody calls."""
        if sum(not placed.is_over for placed in self.calls.values()) < MOST_CALLS:
            user = self.dice.choice(["alice", "carol"])
            call = self.dice.choice(self.callers).call(f"sip:{user}@example.com")
            self.calls[call.call_id] = Placed(call, user, self.house.clock.seconds())
            self.note(f"{call.call_id} is a call to {user}")

    def say(self) -> None:
        """Somebody sends a MESSAGE."""
        caller, user = self.dice.choice(self.callers), self.dice.choice(["alice", "carol"])
        caller.message(f"sip:{user}@example.com", "hello")
        call_id = caller.sent[-1].call_id
        self.messages[call_id] = user
        self.note(f"{call_id} is a MESSAGE to {user}")

    def hang_up(self) -> None:
        """A caller gives up."""
        running = [call_id for call_id, placed in self.calls.items() if not placed.is_over]
        if running:
            call_id = self.dice.choice(running)
            self.hung_up.add(call_id)
            self.calls[call_id].call.cancel()
            self.note(f"{call_id} is given up")

    def sleep(self) -> None:
        """A phone is suspended."""
        phone = self.one_of([p for p in self.phones if p.account.push and not p.asleep])
        if phone is not None:
            how = self.dice.choice(SLEEPS)
            phone.sleep(how)
            self.note(f"{self.name(phone)} sleeps, {how}")

    def wake(self) -> None:
        """A phone comes back."""
        phone = self.one_of([phone for phone in self.phones if phone.asleep])
        if phone is not None:
            self.register(phone, "wakes")

    def register_again(self) -> None:
        """A phone that is awake registers."""
        phone = self.one_of([phone for phone in self.phones if not phone.asleep])
        if phone is not None:
            self.register(phone, "registers")

    def register(self, phone: ScriptedUA, what: str) -> None:
        """*phone* registers, perhaps from elsewhere; it may go on listening where it was."""
        old, moves = phone.endpoint, self.dice.random() < 0.5
        new = self.house.endpoint(old.transport.lower()) if moves else None
        phone.wake(endpoint=new, restarted=self.dice.random() < 0.2)
        if moves and self.dice.random() < 0.6:
            old.receive = phone.endpoint.receive
            old.resume()
        self.note(f"{self.name(phone)} {what}{' elsewhere' if moves else ''}")

    def unregister(self) -> None:
        """A phone takes its binding back."""
        phone = self.one_of([phone for phone in self.phones if not phone.asleep])
        if phone is not None:
            phone.unregister()
            self.note(f"{self.name(phone)} unregisters")

    def cut(self) -> None:
        """A connection breaks."""
        phone = self.one_of([p for p in self.phones if p.endpoint.transport == "TCP"])
        if phone is not None:
            self.house.network.cut(phone.address)
            self.note(f"{self.name(phone)} is cut off")

    def ring(self) -> None:
        """A phone that was silent rings."""
        silent = [copy for copy in self.open if copy.received.status <= 100]
        if silent:
            copy = self.dice.choice(silent)
            copy.received.ring()
            self.note(f"{self.name(copy.phone)} rings for {copy.call_id}")

    def pick_up(self) -> None:
        """Somebody answers; or all for whom this call rings, in one moment."""
        if not self.open:
            return
        first = self.dice.choice(self.open)
        alike = [c for c in self.open if c.call_id == first.call_id and self.is_live(c)]
        answering = dict.fromkeys([first, *alike] if self.dice.random() < 0.5 else [first])
        self.due = {copy.received.tag for copy in answering if self.is_live(copy)}
        for copy in answering:
            copy.received.answer()
            self.note(f"{self.name(copy.phone)} answers {copy.call_id}")

    def refuse(self) -> None:
        """A phone declines, or says that it is unable."""
        if self.open:
            copy, status = self.dice.choice(self.open), self.dice.choice(REFUSALS)
            if status == DECLINE and self.is_live(copy):
                self.declined.add(copy.call_id)
            copy.received.reject(status)
            self.note(f"{self.name(copy.phone)} says {status} to {copy.call_id}")

    def push(self) -> None:
        """The push service answers."""
        if self.house.pns.unanswered:
            verdict = self.dice.choice(VERDICTS)
            job = self.house.pns.answer(verdict)
            self.note(f"the push to {job.target.prid} is {verdict.name.lower()}")

    def wait(self) -> None:
        """Time passes."""
        seconds = self.dice.choice([0.1, 0.4, 0.7, 1, 3, 9])
        self.note(f"{seconds} s pass")
        self.pass_by(seconds)

    def taker(self, phone: ScriptedUA) -> Callable[[ReceivedCall], None]:
        """What *phone* does about an INVITE: it may not notice it at once."""

        def take(received: ReceivedCall) -> None:
            copy = Copy(phone, received, phone.address)
            self.note(f"{self.name(phone)} has {copy.call_id}")
            others = [c for c in self.copies if c.phone is phone and c.call_id == copy.call_id]
            self.copies.append(copy)
            if phone in self.merging and any(other.received.status < 200 for other in others):
                received.reject(482)
            elif self.is_known(copy):
                deeds = (_nothing, _nothing, received.trying, received.ring)
                self.dice.choice(deeds)()

        return take

    @property
    def open(self) -> list[Copy]:
        """What phones that are awake can still say something about."""
        return [
            copy
            for copy in self.copies
            if not copy.phone.asleep and copy.received.status < 200 and self.is_known(copy)
        ]

    def is_known(self, copy: Copy) -> bool:
        """Whether the server has a transaction for it: a phone that is later rings for nobody."""
        self.sent.read_on()
        age = self.house.clock.seconds() - self.sent.invites[copy.branch]
        return copy.received.status > 0 or age < TIMER_B - 1

    def is_live(self, copy: Copy) -> bool:
        """Whether it rings, and the server has not taken it back although it could have."""
        self.sent.read_on()
        if not copy.rings or copy.branch in self.sent.cancels:
            return False
        connections = self.house.network.reactor.ends
        over_udp = copy.phone.endpoint.transport == "UDP"
        return over_udp or (self.house.listening["tcp"], copy.at) in connections

    def one_of(self, phones: list[ScriptedUA]) -> ScriptedUA | None:
        """Any of *phones*, most likely one that has a call; None: there are none."""
        busy = {copy.phone for copy in self.copies if not self.calls[copy.call_id].is_over}
        concerned = [phone for phone in phones if phone in busy]
        if concerned and self.dice.random() < 0.8:
            phones = concerned
        return self.dice.choice(phones) if phones else None

    def settle(self) -> None:
        """Let all that is under way arrive."""
        clock = self.house.clock
        for _ in range(_TURNS):
            if not any(call.getTime() <= clock.seconds() for call in clock.getDelayedCalls()):
                return
            clock.advance(0)
        raise AssertionError("they will never stop talking")

    def pass_by(self, seconds: float) -> None:
        """Let time pass, second by second."""
        while seconds > 0:
            self.settle()
            self.house.clock.advance(min(seconds, 1))
            seconds -= 1
        self.settle()

    def name(self, phone: ScriptedUA) -> str:
        """How the diary calls it."""
        return f"{phone.account.user}/{self.phones.index(phone)}"

    def note(self, what: str) -> None:
        """Write it down."""
        self.diary.append(f"{self.house.clock.seconds():7.1f} {what}")


def _nothing() -> None:
    """It rings inside a bag."""
