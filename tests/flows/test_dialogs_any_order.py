"""
Whatever happens to a phone while its dialog lives, in whatever order (P-065 to P-070, S-20).
"""

from __future__ import annotations

import random

import pytest
from attrs import define, evolve, field
from twisted.internet.defer import Deferred

from sippn.binding import Verdict
from sippn.proxy import ProxySettings
from sippn.service import ServerSettings
from sippn.sip import Request, Response, read
from sippn.testing.house import House
from tests.flows.talk import Talk, talking

METHODS = ["INVITE", "UPDATE", "INFO", "NOTIFY", "REFER"]
STEPS = ["ask", "ask", "sleep", "wake", "move", "refresh", "answer", "wait", "moment", "long"]
ENDS_IT = {404, 408, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 502, 503, 604}
"""RFC 5057: they end the dialog, or the usage; and 503 the caller's trust in this server."""


@define(eq=False)
class Walk:
    """One life of a dialog."""

    talk: Talk
    dice: random.Random
    asked: list[Deferred[Response]] = field(factory=list)

    def step(self) -> None:
        """Let something happen."""
        getattr(self, f"_{self.dice.choice(STEPS)}")()
        self.talk.house.run()

    def come_to_rest(self) -> None:
        """Let all that was asked have its end, and the phone be awake."""
        self.talk.house.run(70)
        self._move()
        self.talk.house.run(70)

    def _ask(self) -> None:
        if len(self.asked) < 12:
            self.asked.append(self.talk.asks(self.dice.choice(METHODS)))

    def _sleep(self) -> None:
        if not self.talk.alice.asleep:
            self.talk.alice.sleep(self.dice.choice(("frozen", "killed", "gone")))

    def _wake(self) -> None:
        self.talk.alice.wake()

    def _move(self) -> None:
        house = self.talk.house
        self.talk.alice.wake(endpoint=house.endpoint(self.talk.alice.endpoint.transport.lower()))

    def _refresh(self) -> None:
        if not self.talk.alice.asleep:
            self.talk.alice.register()

    def _answer(self) -> None:
        if self.talk.house.pns.unanswered:
            verdicts = (Verdict.ACCEPTED, Verdict.ACCEPTED, Verdict.FAILED, Verdict.DEAD)
            self.talk.house.pns.answer(self.dice.choice(verdicts))

    def _wait(self) -> None:
        self.talk.house.run(self.dice.random() * 2)

    def _moment(self) -> None:
        self.talk.house.run(0.3)

    def _long(self) -> None:
        self.talk.house.run(9)


def sent_by(house: House) -> list[Request | Response]:
    """All that the server sent."""
    here = house.address.host
    carried = [one for one in house.network.carried if one.source.host == here]
    return [read(one.octets) for one in carried if one.octets.strip()]


def of(talk: Talk, messages: list[Request | Response]) -> list[Request | Response]:
    """Those of the dialog."""
    return [one for one in messages if one.call_id == talk.there.dialog.call_id]


def said(message: Request | Response) -> tuple[str | None, int, str]:
    """What a request, or its answer, is known by in its dialog."""
    return message.from_.tag, message.cseq.number, message.cseq.method


def assert_in_order(walk: Walk, purr: bool) -> None:
    """What holds of every dialog."""
    talk = walk.talk
    messages = of(talk, sent_by(talk.house))
    answers = [one for one in messages if isinstance(one, Response) and one.status >= 200]
    statuses = {one.status for one in answers}
    assert not statuses & ENDS_IT
    for one in answers:
        if one.status == 500:
            assert one.headers.get("Retry-After"), one
    finals = {said(one): one.status for one in answers}
    for one in answers:  # repeated perhaps, but never another one
        assert finals[said(one)] == one.status
    heard = [said(one) for one in talk.arrived]
    assert len(heard) == len(set(heard)), "one CSeq twice"
    asked = {said(one): one.uri for one in talk.bob.sent if isinstance(one, Request)}
    for request in messages:
        if isinstance(request, Request) and request.to.tag and "alice" in request.uri:
            assert request.uri == asked[said(request)]
            assert ("pn-purr=" in request.uri) is purr
    assert len(talk.house.server._proxy._means.parking) == 0
    assert len(talk.house.server._proxy._means.queue) == 0
    assert not talk.house.server._proxy._means.unanswered


@pytest.mark.parametrize("purr", [True, False])
@pytest.mark.parametrize("seed", range(20))
def test_any_order(settings: ServerSettings, seed: int, purr: bool) -> None:
    """S-20, P-067, P-068: one answer each, none that ends the dialog, and nothing is left over."""
    dice = random.Random(seed)  # noqa: S311 - the same in every run
    proxy = ProxySettings(
        mid_dialog="purr" if purr else "all", awake_after_register=dice.choice((0, 0, 30))
    )
    house = House.built(evolve(settings, proxy=proxy))
    walk = Walk(talking(house, purr=purr, alice_calls=dice.random() < 0.5), dice)
    for _ in range(25):
        walk.step()
    walk.come_to_rest()
    assert_in_order(walk, purr)
    house.server.stopService()
