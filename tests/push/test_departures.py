"""
Tests for :mod:`sippn.push.departures`.
"""

from __future__ import annotations

import pytest

from sippn.binding import PushOutcome, Verdict
from sippn.push import Departures

_BUSY = PushOutcome(Verdict.BUSY, retry_after=2.0)
_NO_CONNECTION = PushOutcome(Verdict.FAILED, unsent=True)
_NO_ANSWER = PushOutcome(Verdict.FAILED)


def test_what_is_watched_is_remembered() -> None:
    """S-12: who gives a push up asks whether there is anything to take back."""
    departures = Departures()
    departures.watch("a")
    assert not departures.have_left("a")
    departures.left("a")
    assert departures.have_left("a")


@pytest.mark.parametrize(
    ("outcome", "has_left"),
    [
        (_BUSY, False),
        (PushOutcome(Verdict.REFUSED), False),
        (PushOutcome(Verdict.DEAD), False),
        (_NO_CONNECTION, False),
        (_NO_ANSWER, True),
    ],
)
def test_what_the_pns_certainly_has_not_got_has_not_left(
    outcome: PushOutcome, has_left: bool
) -> None:
    """S-12: a phone that no push has reached has nothing to be told of the end of its call."""
    departures = Departures()
    departures.watch("a")
    departures.left("a")
    departures.failed("a", outcome)
    assert departures.have_left("a") is has_left


def test_what_may_have_left_once_has_left() -> None:
    """S-12: no later attempt takes back the one that the PNS may have passed on."""
    departures = Departures()
    departures.watch("a")
    for outcome in (_BUSY, _NO_ANSWER, _NO_CONNECTION):
        departures.left("a")
        departures.failed("a", outcome)
    assert departures.have_left("a")


def test_what_is_asked_again_has_left_meanwhile() -> None:
    """S-12: an attempt in flight may reach the phone, whatever became of those before it."""
    departures = Departures()
    departures.watch("a")
    departures.left("a")
    departures.failed("a", _BUSY)
    departures.left("a")
    assert departures.have_left("a")


def test_what_nobody_watches_is_not() -> None:
    """Nothing may grow with the pushes that ever were."""
    departures = Departures()
    departures.left("a")
    departures.watch("b")
    departures.left("b")
    departures.forget("b")
    departures.forget("b")
    departures.failed("b", _BUSY)
    assert not departures.have_left("a")
    assert not departures.have_left("b")
    assert len(departures) == 0
