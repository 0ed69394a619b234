"""
Policies that raise, hang or give nonsense end one request, and the log names them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from attrs import evolve
from twisted.internet.defer import CancelledError, Deferred

from sippn.binding import RoutePlan
from sippn.errors import Forbidden
from sippn.proxy import DomainPolicy
from sippn.service import ServerSettings
from sippn.sip import Request
from sippn.testing.calls import Call
from sippn.testing.calls_received import ring
from sippn.testing.house import House
from sippn.testing.results import succeeded

ALICE = "sip:alice@example.com"
TEXT = "a secret"
PLAN = RoutePlan((ALICE,), None)


def raises(*_: object) -> Any:
    """A bug; its text may be a secret."""
    raise ZeroDivisionError(TEXT)


async def fails(*_: object) -> RoutePlan:
    """A bug, later."""
    raise KeyError(TEXT)


async def stubborn(*_: object) -> RoutePlan:
    """Waits for ever, and again when it is told not to."""
    for _turn in range(2):
        try:
            await Deferred()
        except CancelledError:
            continue
    return PLAN


def gives(answer: object) -> Callable[..., object]:
    """Gives that."""
    return lambda *_: answer


class Plugin(DomainPolicy):
    """A policy as a test wants it."""

    targets: Callable[..., Any] = staticmethod(lambda _, plan: plan)
    bindings: Callable[..., Any] = staticmethod(lambda _, found: found)

    def determine_targets(self, request: Request, plan: RoutePlan) -> Any:
        """As the test wants."""
        return type(self).targets(request, plan)

    def select_bindings(self, request: Request, found: Any) -> Any:
        """As the test wants."""
        return type(self).bindings(request, found)


@pytest.fixture
def house(plain_settings: ServerSettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A server with a plugin; alice has a phone that rings."""
    monkeypatch.setattr(Plugin, "targets", Plugin.targets)  # both are put back afterwards
    monkeypatch.setattr(Plugin, "bindings", Plugin.bindings)
    plugin = Plugin(lambda _: True, lambda _host, _port: False)
    house = House.built(evolve(plain_settings, policies=(lambda _: plugin,)))
    phone = house.phone("alice")
    phone.policy = ring
    house.get(phone.register())
    yield house
    house.server.stopService()


def call(house: House) -> Call:
    """A call to alice."""
    call = house.phone("bob").call(ALICE)
    house.run()
    return call


def about_plugin(logged: list[str]) -> list[str]:
    """The lines that name it."""
    return [line for line in logged if "test_broken_policies.Plugin" in line]


BROKEN = [
    raises,
    fails,
    gives(None),
    gives("nonsense"),
    gives(RoutePlan((7,), None)),  # type: ignore[arg-type]
    gives(RoutePlan(None, None)),  # type: ignore[arg-type]
    gives(evolve(PLAN, wait=float("nan"))),
    gives(evolve(PLAN, wait=-1)),
    gives(evolve(PLAN, provisional=200)),
]


@pytest.mark.parametrize("broken", BROKEN, ids=range(len(BROKEN)))
def test_targets_that_break_are_a_500(
    house: House, broken: Callable[..., Any], logged: list[str]
) -> None:
    """Issue 5, 5: the caller has an answer, the operator a line, the next call its phone."""
    Plugin.targets = staticmethod(broken)
    assert succeeded(call(house).failed).status == 500
    (line,) = about_plugin(logged)
    assert "determine_targets" in line
    assert not [line for line in logged if TEXT in line]
    Plugin.targets = staticmethod(lambda _, plan: plan)
    assert call(house).ringing.called


@pytest.mark.parametrize("broken", [raises, gives(None), gives("ab"), gives([ALICE])])
def test_bindings_that_break_are_a_500(
    house: House, broken: Callable[..., Any], logged: list[str]
) -> None:
    """Issue 5, 5: the same where it is asked which phones."""
    Plugin.bindings = staticmethod(broken)
    assert succeeded(call(house).failed).status == 500
    (line,) = about_plugin(logged)
    assert "select_bindings" in line


@pytest.mark.parametrize("hangs", [lambda *_: Deferred(), stubborn])
def test_targets_that_never_come_are_a_500_after_a_while(
    house: House, hangs: Callable[..., Awaitable[RoutePlan]], logged: list[str]
) -> None:
    """Issue 5, 5: five seconds, whether it lets itself be cancelled or not."""
    Plugin.targets = staticmethod(hangs)
    waiting = call(house)
    house.run(4.9)
    assert not waiting.failed.called
    house.run(0.2)
    assert succeeded(waiting.failed).status == 500
    (line,) = about_plugin(logged)
    assert "did not answer determine_targets within 5 s" in line


def test_targets_that_come_late_are_taken(house: House) -> None:
    """A policy may ask somebody else; also by a coroutine."""
    answer: Deferred[RoutePlan] = Deferred()
    Plugin.targets = staticmethod(lambda *_: answer)
    waiting = call(house)
    house.run(4)
    answer.callback(PLAN)
    house.run()
    assert waiting.ringing.called


def test_refusal_of_a_policy_is_its_own(house: House, logged: list[str]) -> None:
    """DESIGN 3: a SIPError is an answer, and nothing is wrong."""

    def refuse(*_: object) -> Any:
        raise Forbidden("Not today")

    for where in ("targets", "bindings"):
        setattr(Plugin, where, staticmethod(refuse))
        answer = succeeded(call(house).failed)
        assert (answer.status, answer.reason) == (403, "Not today")
        setattr(Plugin, where, staticmethod(lambda _, passed: passed))
    assert about_plugin(logged) == []


def test_policy_that_breaks_for_a_late_phone_costs_the_call_nothing(
    house: House, logged: list[str], nothing_fails_unseen: list[object]
) -> None:
    """S-09: who cannot join does not join; the others ring on."""
    going = call(house)
    Plugin.bindings = staticmethod(raises)
    late = house.phone("alice", instance="<urn:uuid:late>")
    assert house.get(late.register()).status == 200
    assert late.incoming == []
    assert not going.failed.called
    assert len(about_plugin(logged)) == 1
    nothing_fails_unseen.clear()
