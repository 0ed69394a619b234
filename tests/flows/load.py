"""
Many calls to sleeping phones at once, each with a fate of its own, on a clock that is advanced.

What must be true of them is in ``test_load.py``.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from attrs import define, field

from sippn.binding import Verdict
from sippn.sip import Response
from sippn.testing.calls import Call
from sippn.testing.calls_received import answer_at_once, reject
from sippn.testing.house import House
from sippn.testing.ua import ScriptedUA

WAIT: Final = 20.0  # seconds that a call waits for a phone
DECLINE: Final = 603
STEP: Final = 0.25  # seconds
_TURNS: Final = 500

Deed = Callable[["Plan"], None]


@define(eq=False)
class Plan:
    """
    A call, what will happen to it, and what its caller is to be told for that.

    :ivar at: when it began; *acts_at* when something happens to it; *ended_at* when its
        caller knew.
    :ivar verdict: what the push service says to each of its pushes.
    :ivar early: how many seconds before *due_at* it may end: without time for another
        attempt a push has failed; *late* after it.
    """

    name: str
    phone: ScriptedUA
    call: Call
    at: float
    acts_at: float
    deed: Deed
    verdict: Verdict | None
    status: int
    due_at: float
    early: float = 0.5
    late: float = 0.5
    ended_at: float = 0.0
    acted: bool = False
    finals: list[int] = field(factory=list)

    @property
    def is_right(self) -> bool:
        """Whether its caller was told the one thing, and when it should be (W1)."""
        after = self.ended_at - self.due_at
        return self.finals == [self.status] and -self.early <= after <= self.late


def wake(plan: Plan) -> None:
    """The phone comes back, and answers."""
    plan.phone.policy = answer_at_once
    plan.phone.wake()


def decline(plan: Plan) -> None:
    """The phone comes back, and its owner does not want to talk."""
    plan.phone.policy = reject(DECLINE)
    plan.phone.wake()


def cancel(plan: Plan) -> None:
    """The caller gives up."""
    plan.call.cancel()


def nothing(_: Plan) -> None:
    """The phone is switched off."""


@define(eq=False)
class Load:
    """
    Calls, all to phones of their own.

    :ivar dice: decides everything; the same seed is the same load.
    """

    house: House
    dice: random.Random
    plans: list[Plan] = field(factory=list)
    fates: Counter[str] = field(factory=Counter)
    _by_prid: dict[str, Plan] = field(factory=dict)
    _phones: list[ScriptedUA] = field(factory=list)
    _callers: list[ScriptedUA] = field(factory=list)

    def register(self, number: int) -> None:
        """Have *number* phones that sleep, and some who will call them."""
        self._callers = [self.house.phone(f"caller{number}") for number in range(20)]
        for _ in range(number):
            name = f"user{len(self._phones)}"
            phone = self.house.phone(name, f"prid-{name}")
            registered = phone.register()
            self._phones.append(phone)
            self.settle()
            assert registered.called
            phone.sleep("killed")
        self.settle()

    def call_all(self) -> None:
        """Call each phone, somewhen within ten seconds."""
        starts = sorted(self.dice.uniform(0, 10) for _ in self._phones)
        begun = self.house.clock.seconds()
        for phone, start in zip(self._phones, starts, strict=True):
            while self.house.clock.seconds() < begun + start:
                self.pass_by()
            self._call(phone)

    def end(self) -> None:
        """Let time pass until every call has ended, and everything that listens for repetitions."""
        for _ in range(int(3 * WAIT / STEP)):
            self.pass_by()
        for _ in range(500):
            self.house.clock.advance(1)
            self.settle()

    def pass_by(self) -> None:
        """A moment passes."""
        self.house.clock.advance(STEP)
        self.settle()
        now = self.house.clock.seconds()
        for plan in self.plans:
            if not plan.acted and plan.acts_at <= now:
                plan.acted = True
                plan.deed(plan)
        self.settle()

    def settle(self) -> None:
        """Let all that is under way arrive, and the push service answer."""
        clock = self.house.clock
        for _ in range(_TURNS):
            clock.advance(0)
            self._answer_pushes()
            if not clock.calls or clock.calls[0].getTime() > clock.seconds():
                return
        raise AssertionError("they will never stop talking")

    def _answer_pushes(self) -> None:
        for job in self.house.pns.unanswered:
            verdict = self._by_prid[job.target.prid].verdict
            if verdict is not None and self.house.pns.unanswered:
                self.house.pns.answer(verdict)

    def _call(self, phone: ScriptedUA) -> None:
        now, dice = self.house.clock.seconds(), self.dice
        soon, late = now + dice.uniform(0.3, 17), now + WAIT + dice.uniform(1, 8)
        given_up = now + WAIT
        fates: dict[str, tuple[float, Deed, Verdict, int, float]] = {
            "wakes": (soon, wake, Verdict.ACCEPTED, 200, soon),
            "late": (late, wake, Verdict.ACCEPTED, 480, given_up),
            "never": (late, nothing, Verdict.ACCEPTED, 480, given_up),
            "cancel": (soon, cancel, Verdict.ACCEPTED, 487, soon),
            "decline": (soon, decline, Verdict.ACCEPTED, DECLINE, soon),
            "dead": (late, nothing, Verdict.DEAD, 480, now),
            "refused": (late, nothing, Verdict.REFUSED, 480, now),
            "fault": (late, nothing, Verdict.FAILED, 480, given_up),
            "fault, and wakes": (soon, wake, Verdict.FAILED, 200, soon),
        }
        name = dice.choice(list(fates))
        acts_at, deed, verdict, status, due_at = fates[name]
        self.fates[name] += 1
        call = dice.choice(self._callers).call(f"sip:{phone.account.user}@example.com")
        plan = Plan(name, phone, call, now, acts_at, deed, verdict, status, due_at)
        if name == "fault":
            plan.early = 2.5
        elif verdict in {Verdict.DEAD, Verdict.REFUSED}:
            plan.late = 8  # behind twenty pushes that failed there is one a second
        self._by_prid[f"prid-{phone.account.user}"] = plan
        self.plans.append(plan)
        for result in (call.answered, call.failed):
            result.addCallback(self._ended, plan)
        self.settle()

    def _ended(self, response: Response, plan: Plan) -> None:
        plan.finals.append(response.status)
        plan.ended_at = self.house.clock.seconds()


def wrong(plans: Sequence[Plan]) -> list[str]:
    """Those that are not as they should be, and how they are."""
    return [
        f"{plan.name}: {plan.finals} after {plan.ended_at - plan.at:.1f} s, not {plan.status}"
        f" after {plan.due_at - plan.at:.1f}"
        for plan in plans
        if not plan.is_right
    ]
