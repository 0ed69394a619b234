"""Tests for :mod:`sippn.containment.dialect`."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import define, evolve
from twisted.internet.task import Clock
from zope.interface import implementer

from sippn.binding import PushRequest, PushTarget
from sippn.containment import ContainedDialect
from sippn.errors import BadRequest
from sippn.interfaces import IPushDialect
from sippn.sip import NameAddr, Request
from sippn.testing.contracts import PushDialectContract
from sippn.testing.contracts.dialect import register
from tests.containment.conftest import Blamed
from tests.containment.wicked import AT_ONCE, PRID, Mind, Way, WickedDialect

NAME = "tests.containment.wicked.WickedDialect"
TARGET = PushTarget("fcm", "app", PRID, (("remote", PRID),), "app", False, 1, (("pn-x", "1"),))
PUSH = PushRequest("google", "fcm", TARGET)
REGISTER = register("<sip:alice@192.0.2.1>", ("X-Wake", PRID))
[CONTACT] = REGISTER.contacts


@implementer(IPushDialect)
@define(eq=False)
class Waking:
    """The PRID stands in ``X-Wake``; *given*: what it makes of it."""

    given: Any = PUSH

    def read(self, register: Request, contact: NameAddr) -> PushRequest | None:  # noqa: ARG002 - the interface's
        """What was given, for such a phone."""
        push: PushRequest | None = self.given if "X-Wake" in register.headers else None
        return push


class TestContainedDialect(PushDialectContract):
    """It changes nothing about a dialect that does as it should."""

    def make_dialect(self) -> IPushDialect:
        """One that reads a header field."""
        return ContainedDialect(Waking(), Clock())

    def spoken(self) -> Request:
        """With that field."""
        return REGISTER

    def secret(self) -> str:
        """What stands in it."""
        return PRID


@pytest.mark.parametrize("way", AT_ONCE, ids=lambda way: way.__name__)
def test_dialect_that_misbehaves_is_passed_over(way: Way, blamed: Blamed) -> None:
    """D-07: a plugin that breaks is passed over, and the log names it, without the PRID."""
    clock = Clock()
    dialect = ContainedDialect(WickedDialect(Mind(clock, "read", way)), clock)
    assert dialect.read(REGISTER, CONTACT) is None
    [said] = blamed()
    assert said.startswith(NAME)
    assert dialect.read(REGISTER, CONTACT) is None
    assert len(blamed()) == 1
    clock.advance(60)
    assert dialect.read(REGISTER, CONTACT) is None
    assert blamed()[1].startswith(f"{NAME} ")
    assert "(and 1 times more since the last line)" in blamed()[1]


@pytest.mark.parametrize(
    "request_has",
    [
        {"pns": ""},
        {"pns": "FCM"},
        {"pns": "a b"},
        {"pns": None},
        {"problem": "no"},
        {"problem": None, "target": None},
        {"target": "token"},
    ],
)
def test_request_that_nobody_could_answer_is_dropped(
    request_has: dict[str, Any], blamed: Blamed
) -> None:
    """D-07: a plugin's request that no response could hold goes no further."""
    wrong = evolve(PUSH, **request_has)
    assert ContainedDialect(Waking(wrong), Clock()).read(REGISTER, CONTACT) is None
    assert len(blamed()) == 1


@pytest.mark.parametrize(
    "target_has",
    [
        {"prid": ""},
        {"prid": b"x"},
        {"prid": "\udcff"},
        {"param": None},
        {"tokens": ["ab"]},
        {"tokens": ("ab",)},
        {"tokens": (("voip", None),)},
        {"hints": (("a", "b", "c"),)},
        {"sandbox": 1},
        {"delay": "1"},
        {"delay": -1},
        {"delay": float("nan")},
        {"delay": float("inf")},
    ],
)
def test_target_that_nobody_could_store_is_dropped(
    target_has: dict[str, Any], blamed: Blamed
) -> None:
    """D-07: a plugin's target that no store could hold goes no further."""
    wrong = evolve(PUSH, target=evolve(TARGET, **target_has))
    assert ContainedDialect(Waking(wrong), Clock()).read(REGISTER, CONTACT) is None
    assert len(blamed()) == 1


def test_refusal_is_passed_on(blamed: Blamed) -> None:
    """D-07: a plugin may refuse a Contact that makes no sense, as sippn itself does."""

    def refuse() -> None:
        raise BadRequest("Bad X-Wake")

    clock = Clock()
    refusing = WickedDialect(Mind(clock, "read", lambda *_: refuse()))
    with pytest.raises(BadRequest, match="Bad X-Wake"):
        ContainedDialect(refusing, clock).read(REGISTER, CONTACT)
    assert blamed() == []


@pytest.mark.parametrize("push", [PUSH, PushRequest("", ""), PushRequest("x", "x", None, "no")])
def test_what_is_right_passes(push: PushRequest, blamed: Blamed) -> None:
    """D-07: a target, a question and a problem are answers that a plugin may give."""
    assert ContainedDialect(Waking(push), Clock()).read(REGISTER, CONTACT) is push
    assert blamed() == []
