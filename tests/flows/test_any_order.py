"""
Flow B in any order: whatever happens when, no call is lost, doubled or left behind (W1, S-05).

Each seed is one walk of :class:`tests.flows.walk.Walk`; one that fails tells all that it did.
"""

from __future__ import annotations

import re
from collections import Counter

import pytest
from attrs import define, evolve, field

from sippn.proxy import TIMER_C, ProxySettings
from sippn.service import ServerSettings
from sippn.sip import Response
from sippn.testing.house import House
from sippn.transport.settings import ListenSettings
from tests.flows.walk import DECLINE, TIMER_B, Copy, Placed, Walk

SEEDS = 40
STEPS = 100
QUIET = 500  # seconds in which every timer has run: Timer C, and what a CANCEL waits for after it
PERIODIC = re.compile("LoopingCall|Streams._look")


@pytest.fixture
def transport() -> str:
    """There are sockets of both."""
    return "udp"


@pytest.fixture
def settings(settings: ServerSettings) -> ServerSettings:
    """UDP and TCP; over UDP, too, who has just registered is believed awake."""
    both = tuple(ListenSettings(each, "192.0.2.1", 5060) for each in ("udp", "tcp"))
    return evolve(settings, listen=both, proxy=ProxySettings(awake_after_register=30))


@define(eq=False)
class Truths:
    """
    What is true at any moment of *walk*, once all that is under way has arrived.

    :ivar rang: what rang when this was looked at last.
    """

    walk: Walk
    rang: list[Copy] = field(factory=list, init=False)

    def hold(self) -> None:
        """See that all of them do."""
        self.one_copy_rings()
        self.who_rings_may_ring_on()
        self.answers_are_passed_on()
        for placed in self.walk.calls.values():
            self.is_told_once(placed)
            self.has_a_cause(placed)
        for call_id, user in self.walk.messages.items():
            self.message_is_told_once(call_id, user)

    def one_copy_rings(self) -> None:
        """S-05: of a call that goes on, one a phone; of one that is over none; of others' none."""
        walk = self.walk
        live = [copy for copy in walk.copies if walk.is_live(copy)]
        ghosts = {copy.call_id for copy in live if self.is_over(copy)}
        self.holds(not ghosts, f"{ghosts} rings, and is over")
        rung = Counter((walk.name(copy.phone), copy.call_id) for copy in live)
        self.holds(set(rung.values()) <= {1}, f"{rung}: a phone rings twice")
        for copy in walk.copies:
            called = walk.calls[copy.call_id].user
            self.holds(copy.phone.account.user == called, f"{copy.call_id} is for {called}")

    def who_rings_may_ring_on(self) -> None:
        """S-08: until Timer C only the end of the call takes back what rings and is reached."""
        walk, now = self.walk, self.walk.house.clock.seconds()
        for copy in self.rang:
            too_long = now - walk.sent.invites[copy.branch] >= TIMER_C
            taken = copy.branch in walk.sent.cancels and not too_long
            why = self.is_over(copy) or self.is_refused(copy)
            self.holds(why or not taken, f"{copy.call_id} rings no more at {walk.name(copy.phone)}")
        self.rang = [copy for copy in walk.copies if walk.is_live(copy)]

    def is_over(self, copy: Copy) -> bool:
        """Whether its call is, or is about to be: given up, or declined."""
        over = self.walk.calls[copy.call_id].is_over
        return over or copy.call_id in self.walk.hung_up | self.walk.declined

    def is_refused(self, copy: Copy) -> bool:
        """Whether its phone has refused another copy of the same call, or any phone declined it."""
        alike = [each for each in self.walk.copies if each.call_id == copy.call_id]
        return any(
            each.received.status == DECLINE
            or (each.phone is copy.phone and each.received.status in {480, 486})
            for each in alike
        )

    def answers_are_passed_on(self) -> None:
        """RFC 3261 16.7, step 5: each 2xx is, whoever else was faster."""
        told = {tag for placed in self.walk.calls.values() for tag in placed.call.answers}
        self.holds(self.walk.due <= told, f"{self.walk.due - told}: nobody heard the answer")
        self.walk.due.clear()

    def is_told_once(self, placed: Placed) -> None:
        """W1: one final answer, or the answers of several phones."""
        finals = self.finals(placed.call.call_id)
        refusals = [status for status in finals if status >= 300]
        alone = not refusals or len(finals) == 1
        self.holds(alone, f"{placed.call.call_id} has {finals}")

    def has_a_cause(self, placed: Placed) -> None:
        """W1: none before its cause, and none of another's; 482 is no answer (S-06)."""
        walk, call = self.walk, placed.call
        copies = [c.received for c in walk.copies if c.call_id == call.call_id]
        answered = {received.tag for received in copies if received.status == 200}
        self.holds(call.answers.keys() <= answered, f"{call.call_id}: nobody answered that")
        said = {received.status for received in copies if received.status >= 300} - {482, 487}
        passed = walk.house.clock.seconds() - placed.at
        reasons = {
            480: True,  # its own answer; that it comes in time is seen to elsewhere
            487: call.call_id in walk.hung_up,
            408: passed > TIMER_B - 0.1,
            500: 503 in said,  # RFC 3261 section 16.7, step 6
            503: False,
        }
        for status in self.finals(call.call_id):
            if status >= 300:
                why = reasons.get(status, status in said)
                self.holds(why, f"{call.call_id} has {status}, its phones said {said}")

    def message_is_told_once(self, call_id: str, user: str) -> None:
        """W1, S-07: one final answer or none yet; a 2xx if it has arrived where it should."""
        finals = self.finals(call_id)
        self.holds(len(finals) <= 1, f"{call_id} has {finals}")
        takers = {
            phone.account.user
            for phone in self.walk.phones
            for request in phone.requests
            if request.call_id == call_id
        }
        self.holds(takers <= {user}, f"{call_id} is for {user}")
        self.holds(finals != [200] or bool(takers), f"{call_id} has not arrived")

    def all_is_answered(self) -> None:
        """
        W1: at the end every call is, and every MESSAGE but who was sent to a phone that is deaf.

        There it would be a 408, which RFC 4320 section 4.2 forbids.
        """
        walk = self.walk
        calls = [call_id for call_id, placed in walk.calls.items() if not placed.is_over]
        self.holds(not calls, f"{calls} have no answer")
        sent = b"".join(
            one.octets
            for one in walk.house.network.carried
            if one.octets.startswith(b"MESSAGE ") and one.source.host == walk.house.address.host
        )
        for call_id in walk.messages:
            told = bool(self.finals(call_id)) or call_id.encode() in sent
            self.holds(told, f"{call_id} has no answer")

    def finals(self, call_id: str) -> list[int]:
        """What the caller was told, repetitions left out."""
        found = {
            (message.status, message.to.tag)
            for caller in self.walk.callers
            for message in caller.received
            if isinstance(message, Response)
            and message.call_id == call_id
            and message.cseq.method in {"INVITE", "MESSAGE"}
            and message.status >= 200
        }
        return sorted(status for status, _ in found)

    def holds(self, truth: bool, otherwise: str) -> None:
        """Say what is wrong, and all that led to it."""
        if not truth:
            pytest.fail("\n".join([otherwise, *self.walk.diary]), pytrace=False)


def left(house: House) -> dict[str, object]:
    """What of all that is still there."""
    means, timers = house.server._proxy._means, house.clock.getDelayedCalls()
    queue = means.queue
    found: dict[str, object] = {
        "contexts": len(means.unanswered),
        "waits": len(queue),
        "watchers": len(queue._watchers),
        "parked": len(means.parking),
        "pushes": len(queue._pushes),
        "late calls": len(means.late_calls),
        "transactions": len(house.server.stack._layer),
        "timers": [str(timer) for timer in timers if not PERIODIC.search(str(timer))],
    }
    return {name: number for name, number in found.items() if number}


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_happens_nothing_is_lost_doubled_or_left(
    settings: ServerSettings, seed: int
) -> None:
    """W1, W6: each call has one final answer, a phone one copy of it, and the server no trace."""
    house = House.built(settings)
    walk = Walk.begin(house, seed)
    truths = Truths(walk)
    for _ in range(STEPS):
        walk.step()
        truths.hold()
    walk.note("nobody does anything any more")
    for _ in range(QUIET // 10):
        walk.pass_by(10)
        truths.hold()
    truths.all_is_answered()
    truths.holds(not left(house), f"{left(house)} are left")
    house.server.stopService()
