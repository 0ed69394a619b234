"""Phones whose dialect a plugin reads."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from attrs import define, evolve
from twisted.application.service import Service
from zope.interface import implementer

from sippn.binding import PushRequest, PushTarget
from sippn.interfaces import IPushDialect
from sippn.service import ServerSettings
from sippn.sip import NameAddr, Request
from sippn.testing.calls_received import ring_then_answer
from sippn.testing.house import House
from sippn.testing.ua import ScriptedUA

WAKE = ("X-Wake", "token-a")


@implementer(IPushDialect)
@define(eq=False)
class WakeField(Service):
    """``X-Wake`` has the token; ``X-Wake: none`` means that there is none."""

    def read(self, register: Request, contact: NameAddr) -> PushRequest | None:  # noqa: ARG002 - the interface's
        """What the field says."""
        prid = register.headers.get("X-Wake")
        if prid is None:
            return None
        if prid == "none":
            return PushRequest("", "", problem="X-Wake has no token", dialect="X-Wake")
        return PushRequest("acme", "acme", PushTarget("acme", "app", prid), dialect="X-Wake")


@pytest.fixture
def dialect() -> WakeField:
    return WakeField()


@pytest.fixture
def house(settings: ServerSettings, dialect: WakeField) -> Iterator[House]:
    """A server with that dialect."""
    house = House.built(evolve(settings, dialects=(lambda _: dialect,)))
    yield house
    house.server.stopService()


def registered(house: House) -> ScriptedUA:
    """A phone that registered in that dialect, and sleeps."""
    phone = house.phone("alice", instance="<urn:uuid:1>")
    answer = house.get(phone.register(extra=[WAKE]))
    assert (answer.status, [caps.pns for caps in phone.caps]) == (200, ["acme"])
    phone.sleep("killed")
    house.run()
    return phone


def test_phone_of_a_plugins_dialect_is_woken(house: House, dialect: WakeField) -> None:
    """D-07: a phone whose words only a plugin knows is promised a push, and woken for a call."""
    assert dialect.running
    phone = registered(house)
    phone.policy = ring_then_answer(0)
    call = house.phone("bob").call("sip:alice@example.com")
    house.run()
    [job] = house.pns.jobs
    assert (job.target.provider, job.target.prid) == ("acme", "token-a")
    phone.wake()
    house.run(1)
    assert house.get(call.answered).status == 200


def test_plugin_says_why_a_phone_is_not_pushed(house: House, logged: list[str]) -> None:
    """D-07: what a plugin finds wrong is a Warning in the answer, and a line in the log."""
    phone = house.phone("alice")
    answer = house.get(phone.register(extra=[("X-Wake", "none")]))
    assert (answer.status, answer.headers.get("Feature-Caps")) == (200, None)
    assert "X-Wake has no token" in (answer.headers.get("Warning") or "")
    assert [line for line in logged if "X-Wake has no token" in line]


def test_others_are_understood_as_ever(house: House) -> None:
    """D-07: a phone that a plugin does not know is read by the server itself."""
    phone = house.asleep("alice", "token-b")
    house.phone("bob").call("sip:alice@example.com")
    house.run()
    assert [job.target.prid for job in house.pns.jobs] == ["token-b"]
    assert phone.incoming == []
